import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs many of Apache Kafka's command-line tools in one JVM. One line in: main class, standard input and arguments, each in
 * base64 and apart by blanks ("-" is empty). One line out: exit code, standard output, standard error.
 */
public final class ToolRunner {
  private static final class ExitCalled extends Error {
    final int code;

    ExitCalled(int code) {
      super(null, null, false, false);
      this.code = code;
    }
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    Exit.setExitProcedure((code, message) -> { throw new ExitCalled(code); });
    Exit.setHaltProcedure((code, message) -> { throw new ExitCalled(code); });
    Exit.setShutdownHookAdder((name, hook) -> { });
    for (String line; (line = in.readLine()) != null; ) {
      String[] words = line.split(" ");
      String[] toolArgs = Arrays.stream(words, 2, words.length).map(ToolRunner::text).toArray(String[]::new);
      ByteArrayOutputStream stdout = new ByteArrayOutputStream();
      ByteArrayOutputStream stderr = new ByteArrayOutputStream();
      System.setIn(new ByteArrayInputStream(bytes(words[1])));
      System.setOut(new PrintStream(stdout, true));
      System.setErr(new PrintStream(stderr, true));
      int code = 0;
      try {
        Class.forName(text(words[0])).getMethod("main", String[].class).invoke(null, (Object) toolArgs);
      } catch (InvocationTargetException e) {
        if (e.getCause() instanceof ExitCalled exit) {
          code = exit.code;
        } else {
          code = 1;
          e.getCause().printStackTrace();
        }
      }
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
