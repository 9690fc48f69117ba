import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringSerializer;

/** A transactional producer that records what it does; ../README.md has the fields of the one argument. */
public final class History {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final JsonNode task;
  private final FileOutputStream file;
  private final KafkaProducer<String, String> producer;

  private History(JsonNode task) throws IOException {
    this.task = task;
    file = new FileOutputStream(task.get("history").asText(), true);
    Properties p = new Properties();
    p.put("bootstrap.servers", task.get("bootstrap").asText());
    p.put("key.serializer", StringSerializer.class.getName());
    p.put("value.serializer", StringSerializer.class.getName());
    p.put("transactional.id", task.get("id").asText());
    p.put("transaction.timeout.ms", String.valueOf(task.path("timeout_ms").asInt(10000)));
    p.put("linger.ms", "0");
    p.put("retry.backoff.ms", "20");
    p.put("max.block.ms", "20000");
    task.path("options").fields().forEachRemaining(option -> p.put(option.getKey(), option.getValue().asText()));
    producer = new KafkaProducer<>(p);
  }

  public static void main(String[] args) throws Exception {
    JsonNode task = JSON.readTree(args[0]);
    try {
      new History(task).run();
    } catch (KafkaException e) {
      System.err.println(task.get("name").asText() + ": " + e);
      // What is open stays open, as if killed.
      Runtime.getRuntime().halt(3);
    }
    Runtime.getRuntime().halt(0);
  }

  private void run() throws InterruptedException {
    for (int tries = 0;; tries++) {
      try {
        producer.initTransactions();
        break;
      } catch (TimeoutException e) {
        if (tries == 3) throw e;
      }
    }
    long first = task.get("first").asLong();
    long value = first;
    int partitions = task.get("partitions").asInt();
    String topic = task.get("topic").asText();
    for (int number = 0; number < task.get("transactions").asInt(); number++) {
      long txn = first + number + 1;
      producer.beginTransaction();
      note(line("begin").put("txn", txn));
      try {
        for (int i = 0; i < task.get("per").asInt(); i++) {
          for (int partition = 0; partition < partitions; partition++) {
            long sent = ++value;
            note(line("send").put("value", sent).put("at", topic + "-" + partition).put("txn", txn));
            producer.send(new ProducerRecord<>(topic, partition, null, String.valueOf(sent)), (at, error) -> {
              // Why a record was not acknowledged does not say that it was not written.
              if (error == null) note(line("acked").put("value", sent).put("offset", at.offset()));
            });
          }
        }
        producer.flush();
        if (number % 3 != 2) {
          commit(txn);
          Thread.sleep(task.path("pause_ms").asInt(0));
          continue;
        }
      } catch (KafkaException e) {
        System.err.println("aborts: " + e);
      }
      // After what no producer comes back from, this ends the program.
      patiently(producer::abortTransaction);
      note(line("aborted").put("txn", txn));
      Thread.sleep(task.path("pause_ms").asInt(0));
    }
  }

  private void commit(long txn) {
    note(line("commit").put("txn", txn));
    patiently(producer::commitTransaction);
    note(line("committed").put("txn", txn));
  }

  /** What was not answered in time may have been heard: it is asked again. */
  private static void patiently(Runnable end) {
    for (int tries = 0;; tries++) {
      try {
        end.run();
        return;
      } catch (TimeoutException e) {
        if (tries == 3) throw e;
      }
    }
  }

  private ObjectNode line(String event) {
    long t = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    return JSON.createObjectNode().put("t", t).put("p", task.get("name").asText()).put("e", event);
  }

  private void note(ObjectNode line) {
    try {
      file.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
