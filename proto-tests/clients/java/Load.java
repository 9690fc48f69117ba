import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Numbered records at a steady pace from a producer with default settings; what was acknowledged, and how long nothing was. A
 * consumer may read at the tail meanwhile.
 */
final class Load {
  private record Ack(int partition, long offset, byte[] value, long at) {}

  private record Gap(long from, long ms) {}

  static void run(String bootstrap, JsonNode command, ObjectNode answer) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("key.serializer", ByteArraySerializer.class.getName());
    p.put("value.serializer", ByteArraySerializer.class.getName());
    String topic = command.get("topic").asText();
    int partitions = command.get("partitions").asInt();
    int first = command.path("first").asInt(0);
    String tag = command.path("tag").asText("");
    long pace = command.path("pace").asLong(2000);
    Path stop = command.has("stop") ? Path.of(command.get("stop").asText()) : null;
    // A server that has vanished is noticed by the lack of an answer alone.
    if (command.has("patience_ms")) p.put("request.timeout.ms", command.get("patience_ms").asText());
    LoadReader reader = command.has("polls") ? new LoadReader(bootstrap, command) : null;
    List<Ack> acks = new ArrayList<>();
    List<String> errors = new ArrayList<>();
    int sent = 0;
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p)) {
      long begin = System.currentTimeMillis();
      long end = begin + command.get("seconds").asLong() * 1000;
      while (System.currentTimeMillis() < end && (stop == null || sent % 16 != 0 || !Files.exists(stop))) {
        byte[] value = String.format("%s%012d", tag, first + sent).getBytes(StandardCharsets.UTF_8);
        int partition = sent++ % partitions;
        producer.send(new ProducerRecord<>(topic, partition, null, value), (at, error) -> {
          synchronized (acks) {
            if (error != null) errors.add(String.valueOf(error));
            else acks.add(new Ack(partition, at.offset(), value, System.currentTimeMillis()));
          }
        });
        long early = begin + sent * 1000L / pace - System.currentTimeMillis();
        if (early > 0) Thread.sleep(early);
      }
    }
    if (reader != null) reader.close();
    answer.put("sent", sent).put("failed", errors.size()).put("first_error", errors.isEmpty() ? "" : errors.get(0));
    ArrayNode gaps = answer.putArray("gaps");
    for (int partition = 0; partition < partitions; partition++) {
      Gap gap = longest(acks, partition);
      gaps.addObject().put("partition", partition).put("from", gap.from()).put("ms", gap.ms());
    }
    ObjectMapper json = new ObjectMapper();
    try (BufferedWriter out = Files.newBufferedWriter(Path.of(command.get("file").asText()))) {
      for (Ack ack : acks) {
        ObjectNode o = json.createObjectNode();
        o.put("o", ack.offset()).put("t", (long) ack.partition()).putNull("k");
        o.put("v", Base64.getEncoder().encodeToString(ack.value())).putArray("h");
        out.write(o.toString());
        out.newLine();
      }
    }
  }

  private static Gap longest(List<Ack> acks, int partition) {
    Gap longest = new Gap(0, 0);
    long before = -1;
    for (Ack ack : acks) {
      if (ack.partition() != partition) continue;
      if (before >= 0 && ack.at() - before > longest.ms()) longest = new Gap(before, ack.at() - before);
      before = ack.at();
    }
    return longest;
  }
}
