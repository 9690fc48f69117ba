import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A member of a consumer group by the Java client, of either protocol; clients/README.md describes what it prints. */
public final class Member implements ConsumerRebalanceListener {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static volatile boolean leaving;
  private final KafkaConsumer<byte[], byte[]> consumer;

  private Member(KafkaConsumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  public static void main(String[] args) throws Exception {
    JsonNode spec = JSON.readTree(args[0]);
    boolean classic = spec.get("protocol").asText().equals("classic");
    Properties p = new Properties();
    p.put("bootstrap.servers", spec.get("bootstrap").asText());
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    p.put("group.id", spec.get("group").asText());
    p.put("group.protocol", spec.get("protocol").asText());
    p.put("auto.offset.reset", spec.path("reset").asText("earliest"));
    p.put("enable.auto.commit", "false");
    p.put("metadata.max.age.ms", "1000");
    p.put("fetch.max.wait.ms", "100");
    if (classic) {
      p.put("session.timeout.ms", spec.get("session_ms").asText());
      p.put("heartbeat.interval.ms", spec.get("heartbeat_ms").asText());
    }
    if (spec.has("instance")) p.put("group.instance.id", spec.get("instance").asText());
    if (spec.has("assignor")) {
      p.put(classic ? "partition.assignment.strategy" : "group.remote.assignor", spec.get("assignor").asText());
    }
    KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p);
    Member member = new Member(consumer);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      leaving = true;
      consumer.wakeup();
      try {
        ended.await(30, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }));
    if (!spec.has("pattern")) consumer.subscribe(List.of(spec.get("topic").asText()), member);
    else if (classic) consumer.subscribe(Pattern.compile(spec.get("pattern").asText()), member);
    else consumer.subscribe(new SubscriptionPattern(spec.get("pattern").asText()), member);
    int code = 0;
    try {
      member.run();
    } catch (WakeupException e) {
      // asked to leave
    } catch (Exception e) {
      print(event("failed").put("error", e.getClass().getSimpleName()).put("text", String.valueOf(e.getMessage())));
      code = 1;
    }
    try {
      consumer.close();
    } catch (Exception e) {
      print(event("failed").put("error", e.getClass().getSimpleName()).put("text", String.valueOf(e.getMessage())));
      code = 1;
    }
    print(event("left"));
    ended.countDown();
    if (!leaving) System.exit(code);
  }

  private void run() {
    while (!leaving) {
      ConsumerRecords<byte[], byte[]> records;
      try {
        records = consumer.poll(Duration.ofMillis(200));
      } catch (UnknownMemberIdException e) {
        // Out of the group while it slept: the client tells it, and the next poll joins again.
        print(event("error").put("error", e.getClass().getSimpleName()));
        continue;
      }
      for (TopicPartition tp : records.partitions()) {
        ObjectNode got = event("got").put("p", tp.toString());
        ArrayNode offsets = got.putArray("o");
        for (ConsumerRecord<byte[], byte[]> r : records.records(tp)) offsets.add(r.offset());
        print(got);
      }
      if (records.isEmpty()) continue;
      try {
        Map<TopicPartition, OffsetAndMetadata> next = records.nextOffsets();
        consumer.commitSync(next, Duration.ofSeconds(20));
        print(event("committed"));
      } catch (WakeupException | FencedInstanceIdException e) {
        throw e;
      } catch (RuntimeException e) {
        print(event("commit failed").put("error", e.getClass().getSimpleName()));
      }
    }
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    change("assigned", partitions);
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    change("revoked", partitions);
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    change("lost", partitions);
  }

  private void change(String name, Collection<TopicPartition> partitions) {
    ObjectNode e = event(name);
    ArrayNode list = e.putArray("p");
    for (TopicPartition tp : partitions) list.add(tp.toString());
    print(e.put("g", consumer.groupMetadata().generationId()).put("m", consumer.groupMetadata().memberId()));
  }

  private static ObjectNode event(String name) {
    return JSON.createObjectNode().put("e", name).put("t", System.currentTimeMillis());
  }

  private static synchronized void print(ObjectNode event) {
    System.out.println(event);
    System.out.flush();
  }
}
