import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Java client behind the line protocol that clients/README.md describes. */
public final class Client {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static String bootstrap;

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      ObjectNode answer = JSON.createObjectNode();
      try {
        JsonNode command = JSON.readTree(line);
        answer.put("ok", true);
        switch (command.get("op").asText()) {
          case "create" -> create(command);
          case "produce" -> produce(command, answer.putArray("offsets"));
          case "consume" -> consume(command);
          case "transact" -> transact(command);
          case "load" -> Load.run(bootstrap, command, answer);
          case "positions" -> Positions.ask(bootstrap, command, answer);
          default -> throw new IllegalArgumentException("no such command");
        }
      } catch (Exception e) {
        answer.removeAll();
        answer.put("ok", false).put("error", String.valueOf(e));
      }
      System.out.println(answer);
      System.out.flush();
    }
  }

  private static void create(JsonNode command) throws Exception {
    try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", bootstrap))) {
      NewTopic topic = new NewTopic(command.get("topic").asText(), command.get("partitions").asInt(), (short) 1);
      admin.createTopics(List.of(topic)).all().get(30, TimeUnit.SECONDS);
    }
  }

  private static void produce(JsonNode command, ArrayNode offsets) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("key.serializer", ByteArraySerializer.class.getName());
    p.put("value.serializer", ByteArraySerializer.class.getName());
    p.put("compression.type", command.get("codec").asText());
    p.put("enable.idempotence", command.get("idempotent").asText());
    p.put("acks", "all");
    p.put("linger.ms", "5");
    p.put("delivery.timeout.ms", "40000");
    p.put("max.request.size", "2000000");
    String topic = command.get("topic").asText();
    int partition = command.get("partition").asInt();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p)) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (String line : Files.readAllLines(Path.of(command.get("file").asText()))) {
        JsonNode r = JSON.readTree(line);
        ProducerRecord<byte[], byte[]> record =
            new ProducerRecord<>(topic, partition, r.get("t").asLong(), bytes(r.get("k")), bytes(r.get("v")));
        for (JsonNode h : r.get("h")) record.headers().add(h.get(0).asText(), bytes(h.get(1)));
        sent.add(producer.send(record));
      }
      for (Future<RecordMetadata> f : sent) offsets.add(f.get(60, TimeUnit.SECONDS).offset());
    }
  }

  /** Transactions of a few records each, every third one aborted, with plain records between; the last may stay open. */
  private static void transact(JsonNode command) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("key.serializer", ByteArraySerializer.class.getName());
    p.put("value.serializer", ByteArraySerializer.class.getName());
    p.put("transactional.id", "tx-" + command.get("topic").asText());
    String topic = command.get("topic").asText();
    int n = command.get("transactions").asInt();
    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p);
    p.remove("transactional.id");
    try (KafkaProducer<byte[], byte[]> plain = new KafkaProducer<>(p)) {
      producer.initTransactions();
      long time = command.get("start").asLong();
      for (int i = 0; i < n; i++) {
        producer.beginTransaction();
        for (int r = 0; r < command.get("records").asInt(); r++) {
          producer.send(new ProducerRecord<>(topic, 0, time++, null, ("transaction " + i).getBytes(StandardCharsets.UTF_8)));
        }
        producer.flush();
        plain.send(new ProducerRecord<>(topic, 0, time++, null, "between".getBytes(StandardCharsets.UTF_8))).get();
        if (i == n - 1 && command.get("open").asBoolean()) break;
        if (i % 3 == 2) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
    producer.close(Duration.ZERO);
  }

  private static void consume(JsonNode command) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    p.put("key.deserializer", ByteArrayDeserializer.class.getName());
    p.put("value.deserializer", ByteArrayDeserializer.class.getName());
    p.put("auto.offset.reset", "none");
    p.put("enable.auto.commit", "false");
    if (command.has("options")) command.get("options").properties().forEach(o -> p.put(o.getKey(), o.getValue().asText()));
    TopicPartition tp = new TopicPartition(command.get("topic").asText(), command.get("partition").asInt());
    int left = command.get("count").asInt();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(p);
        BufferedWriter out = Files.newBufferedWriter(Path.of(command.get("file").asText()))) {
      consumer.assign(List.of(tp));
      if (command.has("timestamp")) {
        OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(tp, command.get("timestamp").asLong())).get(tp);
        if (found == null) throw new IllegalStateException("no offset for the timestamp");
        consumer.seek(tp, found.offset());
      } else if (command.get("offset").asLong() < 0) {
        consumer.seekToBeginning(List.of(tp));
      } else {
        consumer.seek(tp, command.get("offset").asLong());
      }
      long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (left > 0) {
        if (System.nanoTime() > end) throw new IllegalStateException("timed out, " + left + " records missing");
        for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
          if (left-- <= 0) break;
          ObjectNode o = JSON.createObjectNode();
          o.put("o", r.offset()).put("t", r.timestamp()).put("k", text(r.key())).put("v", text(r.value()));
          ArrayNode headers = o.putArray("h");
          for (Header h : r.headers()) headers.addArray().add(h.key()).add(text(h.value()));
          out.write(o.toString());
          out.newLine();
        }
      }
    }
  }

  private static byte[] bytes(JsonNode n) {
    return n.isNull() ? null : Base64.getDecoder().decode(n.asText());
  }

  private static String text(byte[] b) {
    return b == null ? null : Base64.getEncoder().encodeToString(b);
  }
}
