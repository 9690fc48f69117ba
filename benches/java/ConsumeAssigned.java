import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** Reads COUNT records of all partitions of TOPIC from the start, without a group, and prints the rate in MB/sec. */
public class ConsumeAssigned {
    public static void main(String[] args) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("key.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
        settings.put("value.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
        // What ConsumerPerformance sets, so that the figures can be compared with its own.
        settings.put("receive.buffer.bytes", "2097152");
        settings.put("max.partition.fetch.bytes", "1048576");
        settings.put("check.crcs", "false");
        long count = Long.parseLong(args[2]);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
            List<TopicPartition> partitions = consumer.partitionsFor(args[1]).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long records = 0;
            long bytes = 0;
            long begun = System.nanoTime();
            while (records < count) {
                ConsumerRecords<byte[], byte[]> some = consumer.poll(Duration.ofSeconds(10));
                if (some.isEmpty()) throw new IllegalStateException(records + " of " + count + " records came");
                for (var record : some) {
                    records++;
                    bytes += record.value().length;
                }
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            System.out.printf("%d records, %.2f MB/sec%n", records, bytes / 1e6 / seconds);
        }
    }
}
