import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads at the tail of all partitions while a load runs, and writes down what it was shown, in the order in which it was. */
final class LoadReader extends Thread {
  private final String bootstrap;
  private final JsonNode command;
  private volatile boolean closing;
  private volatile String failure = "";

  LoadReader(String bootstrap, JsonNode command) {
    this.bootstrap = bootstrap;
    this.command = command;
    start();
  }

  @Override
  public void run() {
    try {
      read();
    } catch (Exception e) {
      failure = String.valueOf(e);
    }
  }

  private void read() throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    p.put("auto.offset.reset", "latest");
    p.put("enable.auto.commit", "false");
    if (command.has("patience_ms")) p.put("request.timeout.ms", command.get("patience_ms").asText());
    List<TopicPartition> all = new ArrayList<>();
    for (int i = 0; i < command.get("partitions").asInt(); i++) all.add(new TopicPartition(command.get("topic").asText(), i));
    ObjectMapper json = new ObjectMapper();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p);
        BufferedWriter out = Files.newBufferedWriter(Path.of(command.get("polls").asText()))) {
      consumer.assign(all);
      while (!closing) {
        for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(100))) {
          ObjectNode o = json.createObjectNode();
          o.put("o", r.offset()).put("t", (long) r.partition()).putNull("k");
          o.put("v", Base64.getEncoder().encodeToString(r.value())).putArray("h");
          out.write(o.toString());
          out.newLine();
        }
      }
    }
  }

  void close() throws Exception {
    closing = true;
    join();
    if (!failure.isEmpty()) throw new IllegalStateException("the reader: " + failure);
  }
}
