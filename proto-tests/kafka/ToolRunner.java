import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs many of Apache Kafka's command-line tools in one JVM. One line in: main class, standard input and arguments, each in
 * base64 and apart by blanks ("-" is empty). One line out: exit code, standard output, standard error.
 */
public final class ToolRunner {
  private static final class ExitCalled extends Error {
    ExitCalled() {
      super(null, null, false, false);
    }
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    // Some tools catch everything, the exit too, and exit again: the first code is the one a process would end with.
    int[] first = new int[1];
    List<Runnable> hooks = new ArrayList<>();
    Exit.Procedure exit = (code, message) -> {
      if (first[0] < 0) first[0] = code;
      throw new ExitCalled();
    };
    Exit.setExitProcedure(exit);
    Exit.setHaltProcedure(exit);
    Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
    for (String line; (line = in.readLine()) != null; ) {
      String[] words = line.split(" ");
      String[] toolArgs = Arrays.stream(words, 2, words.length).map(ToolRunner::text).toArray(String[]::new);
      ByteArrayOutputStream stdout = new ByteArrayOutputStream();
      ByteArrayOutputStream stderr = new ByteArrayOutputStream();
      System.setIn(new ByteArrayInputStream(bytes(words[1])));
      System.setOut(new PrintStream(stdout, true));
      System.setErr(new PrintStream(stderr, true));
      first[0] = -1;
      hooks.clear();
      int code = 0;
      try {
        Class.forName(text(words[0])).getMethod("main", String[].class).invoke(null, (Object) toolArgs);
      } catch (InvocationTargetException e) {
        if (!(e.getCause() instanceof ExitCalled)) {
          code = 1;
          e.getCause().printStackTrace();
        }
      }
      hooks.forEach(Runnable::run);
      if (first[0] >= 0) code = first[0];
      System.out.flush();
      System.err.flush();
      out.println(code + " " + base64(stdout) + " " + base64(stderr));
      out.flush();
    }
  }

  private static byte[] bytes(String word) {
    return word.equals("-") ? new byte[0] : Base64.getDecoder().decode(word);
  }

  private static String text(String word) {
    return new String(bytes(word), StandardCharsets.UTF_8);
  }

  private static String base64(ByteArrayOutputStream bytes) {
    return bytes.size() == 0 ? "-" : Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
