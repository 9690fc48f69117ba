"""librdkafka through confluent-kafka."""

import json
import os
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import lines

BOOTSTRAP = sys.argv[1]


def create(command):
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    topic = NewTopic(command["topic"], num_partitions=command["partitions"], replication_factor=1)
    for future in admin.create_topics([topic], operation_timeout=30).values():
        future.result(30)


def produce(command):
    producer = Producer({
        "bootstrap.servers": BOOTSTRAP, "compression.type": command["codec"], "acks": "all", "linger.ms": 5,
        "enable.idempotence": command["idempotent"], "message.max.bytes": 2000000, "message.timeout.ms": 40000,
    })
    offsets, errors = [], []

    def done(error, message):
        errors.append(str(error)) if error else offsets.append(message.offset())

    for timestamp, key, value, headers in lines.read_records(command["file"]):
        producer.produce(command["topic"], value, key, partition=command["partition"], timestamp=timestamp,
                         headers=headers, on_delivery=done)
        producer.poll(0)
    left = producer.flush(60)
    if errors or left:
        raise RuntimeError(f"{left} not sent; {errors[:3]}")
    return {"offsets": offsets}


def consume(command):
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "unused", "enable.auto.commit": False,
                         "auto.offset.reset": "error", **command.get("options", {})})
    writer = lines.Writer(command)
    try:
        if "timestamp" in command:
            wanted = TopicPartition(command["topic"], command["partition"], command["timestamp"])
            found = consumer.offsets_for_times([wanted], timeout=30)[0]
            if found.error:
                raise RuntimeError(found.error)
            start = found.offset
        else:
            start = command["offset"]
        consumer.assign([TopicPartition(command["topic"], command["partition"], start)])
        end = time.monotonic() + 30
        while not writer.full and time.monotonic() < end:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                raise RuntimeError(message.error())
            writer.add(message.offset(), message.timestamp()[1], message.key(), message.value(), message.headers())
    finally:
        consumer.close()
    writer.close()


def load(command):
    """Numbered records at a steady pace, idempotently, and each that was acknowledged written down with its offset."""
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "linger.ms": 1,
                         "request.timeout.ms": command.get("patience_ms", 30000), "message.timeout.ms": 300000,
                         "socket.timeout.ms": command.get("patience_ms", 30000) + 1000})
    acknowledged, errors = [], []

    def done(error, message):
        if error:
            errors.append(str(error))
        else:
            # What was sent again and is known by now to be there is acknowledged without its offset.
            offset = message.offset()
            acknowledged.append((-1 if offset is None else offset, message.partition(), message.value()))

    sent, begin = 0, time.monotonic()
    while time.monotonic() < begin + command["seconds"] and (sent % 16 or not os.path.exists(command["stop"])):
        value = f"{command['tag']}{command['first'] + sent:012d}".encode()
        producer.produce(command["topic"], value, partition=sent % command["partitions"], on_delivery=done)
        sent += 1
        producer.poll(max(0, begin + sent / command["pace"] - time.monotonic()))
    left = producer.flush(300)
    with open(command["file"], "w") as file:
        for offset, partition, value in acknowledged:
            line = {"o": offset, "t": partition, "k": None, "v": lines.encode(value), "h": []}
            file.write(json.dumps(line) + "\n")
    return {"sent": sent, "failed": len(errors) + left, "first_error": errors[0] if errors else ""}


lines.serve({"create": create, "produce": produce, "consume": consume, "load": load})
