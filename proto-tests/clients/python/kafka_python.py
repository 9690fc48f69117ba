"""kafka-python, the pure Python client."""

import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

import lines

BOOTSTRAP = sys.argv[1]


def create(command):
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    admin.create_topics([NewTopic(command["topic"], command["partitions"], 1)])
    admin.close()


def produce(command):
    producer = KafkaProducer(
        bootstrap_servers=BOOTSTRAP, acks="all", linger_ms=5, max_request_size=2000000,
        compression_type=None if command["codec"] == "none" else command["codec"],
        enable_idempotence=command["idempotent"])
    sent = [producer.send(command["topic"], value=value, key=key, headers=headers, partition=command["partition"],
                          timestamp_ms=timestamp)
            for timestamp, key, value, headers in lines.read_records(command["file"])]
    producer.flush(60)
    offsets = [future.get(60).offset for future in sent]
    producer.close()
    return {"offsets": offsets}


def consume(command):
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, enable_auto_commit=False, auto_offset_reset="none")
    writer = lines.Writer(command)
    partition = TopicPartition(command["topic"], command["partition"])
    try:
        consumer.assign([partition])
        if "timestamp" in command:
            found = consumer.offsets_for_times({partition: command["timestamp"]})[partition]
            if found is None:
                raise RuntimeError("no offset for the timestamp")
            consumer.seek(partition, found.offset)
        elif command["offset"] < 0:
            consumer.seek_to_beginning(partition)
        else:
            consumer.seek(partition, command["offset"])
        end = time.monotonic() + 30
        while not writer.full and time.monotonic() < end:
            for batch in consumer.poll(500).values():
                for r in batch:
                    writer.add(r.offset, r.timestamp, r.key, r.value, r.headers)
    finally:
        consumer.close()
    writer.close()


lines.serve({"create": create, "produce": produce, "consume": consume})
