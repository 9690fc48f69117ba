import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What a consumer in a group can ask about positions, on a topic of two partitions whose second one is empty. */
final class Positions {
  private Positions() {}

  static void ask(String bootstrap, JsonNode command, ObjectNode answer) {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    p.put("group.id", command.get("group").asText());
    p.put("group.protocol", command.get("protocol").asText());
    p.put("auto.offset.reset", "earliest");
    p.put("enable.auto.commit", "false");
    String topic = command.get("topic").asText();
    TopicPartition one = new TopicPartition(topic, 0);
    TopicPartition other = new TopicPartition(topic, 1);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p)) {
      put(answer, "committed before", consumer.committed(Set.of(one)).get(one));
      consumer.subscribe(List.of(topic));
      read(consumer, 10);
      answer.put("beginning", consumer.beginningOffsets(List.of(one)).get(one));
      answer.put("end", consumer.endOffsets(List.of(one)).get(one));
      long time = command.get("timestamp").asLong();
      OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(one, time)).get(one);
      answer.put("by time", found == null ? null : found.offset());
      OffsetAndTimestamp after = consumer.offsetsForTimes(Map.of(one, time + 1_000_000_000)).get(one);
      answer.put("by a time after the end", after == null ? null : after.offset());
      answer.put("position", consumer.position(one));
      consumer.commitSync(Map.of(one, new OffsetAndMetadata(7, "seven")));
      OffsetAndMetadata committed = consumer.committed(Set.of(one)).get(one);
      put(answer, "committed", committed);
      answer.put("metadata", committed == null ? null : committed.metadata());
      put(answer, "committed of the other", consumer.committed(Set.of(other)).get(other));
      consumer.seek(one, 3);
      answer.put("position after seek", consumer.position(one));
      long first = read(consumer, 7).get(0);
      answer.put("read after seek", first);
      consumer.seek(one, 3);
      answer.put("lag", consumer.currentLag(one).orElse(-1));
      consumer.pause(List.of(one));
      answer.put("paused", consumer.poll(Duration.ofMillis(1000)).count());
      consumer.resume(List.of(one));
      answer.put("resumed", read(consumer, 7).get(0));
      consumer.seekToEnd(List.of(one));
      answer.put("read after seeking to the end", consumer.poll(Duration.ofMillis(1000)).count());
    }
  }

  private static void put(ObjectNode answer, String name, OffsetAndMetadata offset) {
    answer.put(name, offset == null ? null : offset.offset());
  }

  private static List<Long> read(KafkaConsumer<byte[], byte[]> consumer, int count) {
    List<Long> offsets = new ArrayList<>();
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (offsets.size() < count && System.nanoTime() < end) {
      for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) offsets.add(r.offset());
    }
    if (offsets.size() != count) throw new IllegalStateException("read " + offsets + ", not " + count + " records");
    return offsets;
  }
}
