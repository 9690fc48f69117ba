import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Consumes numbers, produces each one doubled, and commits both in one transaction; every fifth transaction is aborted and done
 * again. Transform BOOTSTRAP INPUT OUTPUT GROUP TRANSACTIONAL_ID: runs until it is killed, or until it must be started anew.
 */
public final class Transform {
  private final KafkaConsumer<String, String> consumer;
  private final KafkaProducer<String, String> producer;
  private final String input;
  private final String output;

  private Transform(String[] args) {
    Properties c = new Properties();
    c.put("bootstrap.servers", args[0]);
    c.put("key.deserializer", StringDeserializer.class.getName());
    c.put("value.deserializer", StringDeserializer.class.getName());
    c.put("group.id", args[3]);
    c.put("isolation.level", "read_committed");
    c.put("enable.auto.commit", "false");
    c.put("auto.offset.reset", "earliest");
    c.put("max.poll.records", "20");
    c.put("session.timeout.ms", "2000");
    c.put("heartbeat.interval.ms", "300");
    Properties p = new Properties();
    p.put("bootstrap.servers", args[0]);
    p.put("key.serializer", StringSerializer.class.getName());
    p.put("value.serializer", StringSerializer.class.getName());
    p.put("transactional.id", args[4]);
    p.put("transaction.timeout.ms", "5000");
    p.put("linger.ms", "0");
    input = args[1];
    output = args[2];
    consumer = new KafkaConsumer<>(c);
    producer = new KafkaProducer<>(p);
  }

  public static void main(String[] args) {
    try {
      new Transform(args).run();
    } catch (RuntimeException e) {
      System.err.println(args[4] + ": " + e);
    }
    // What is open stays open, as if killed: the next life ends it.
    Runtime.getRuntime().halt(1);
  }

  private void run() {
    producer.initTransactions();
    consumer.subscribe(Set.of(input));
    for (int round = 0;;) {
      ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
      if (records.isEmpty()) continue;
      round++;
      try {
        producer.beginTransaction();
        for (ConsumerRecord<String, String> r : records) {
          String doubled = String.valueOf(2 * Long.parseLong(r.value()));
          producer.send(new ProducerRecord<>(output, r.partition(), null, doubled));
        }
        producer.sendOffsetsToTransaction(records.nextOffsets(), consumer.groupMetadata());
        if (round % 5 != 0) {
          commit();
          continue;
        }
      } catch (KafkaException e) {
        System.err.println("aborts: " + e);
      }
      // After what no producer comes back from, this ends the program.
      producer.abortTransaction();
      back();
    }
  }

  /** A commit that was not answered in time may have been heard: it is asked again. */
  private void commit() {
    for (int tries = 0;; tries++) {
      try {
        producer.commitTransaction();
        return;
      } catch (TimeoutException e) {
        if (tries == 3) throw new IllegalStateException(e);
      }
    }
  }

  /** What was consumed is consumed again, from where the group is. */
  private void back() {
    Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(consumer.assignment());
    committed.forEach((partition, offset) -> {
      if (offset == null) consumer.seekToBeginning(Set.of(partition));
      else consumer.seek(partition, offset);
    });
  }
}
