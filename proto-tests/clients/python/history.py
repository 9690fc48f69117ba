"""Transactional clients on librdkafka that record what they do; ../README.md has the fields of the one argument."""

import json
import os
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from patience import patiently

TASK = json.loads(sys.argv[1])
FILE = os.open(TASK["history"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
PARTITIONS = range(TASK["partitions"])


def note(event, **fields):
    line = {"t": time.time_ns() // 1000, "p": TASK["name"], "e": event, **fields}
    os.write(FILE, (json.dumps(line) + "\n").encode())


def name(partition):
    return f"{TASK['topic']}-{partition}"


class Writer:
    """One transactional producer."""

    def __init__(self):
        self.value = TASK["first"]
        self.txn = TASK["first"]
        self.producer = Producer({
            "bootstrap.servers": TASK["bootstrap"], "transactional.id": TASK["id"], "linger.ms": 0,
            "transaction.timeout.ms": TASK.get("timeout_ms", 10000), "retry.backoff.ms": 20,
            **TASK.get("options", {}),
        })
        patiently(lambda: self.producer.init_transactions(30))

    def begin(self):
        self.txn += 1
        self.producer.begin_transaction()
        note("begin", txn=self.txn)

    def send(self, topic, partition):
        self.value += 1
        value = self.value

        def told(error, message):
            # Why a record was not acknowledged does not say that it was not written.
            if error is None:
                note("acked", value=value, offset=message.offset())

        note("send", value=value, at=f"{topic}-{partition}", txn=self.txn)
        self.producer.produce(topic, str(value), partition=partition, on_delivery=told)

    def end(self, commit):
        """Commits or aborts; returns whether it is committed."""
        try:
            self.producer.flush()
            if commit:
                note("commit", txn=self.txn)
                patiently(lambda: self.producer.commit_transaction(30))
                note("committed", txn=self.txn)
                return True
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
        patiently(lambda: self.producer.abort_transaction(30))
        note("aborted", txn=self.txn)
        return False


def write():
    writer = Writer()
    for number in range(TASK["transactions"]):
        writer.begin()
        for _ in range(TASK["per"]):
            for partition in PARTITIONS:
                writer.send(TASK["topic"], partition)
        writer.end(number % 3 != 2)
        time.sleep(TASK.get("pause_ms", 0) / 1000)


def consumer(**more):
    return Consumer({
        "bootstrap.servers": TASK["bootstrap"], "group.id": TASK["name"], "isolation.level": "read_committed",
        "enable.auto.commit": False, "enable.partition.eof": True, "fetch.wait.max.ms": 20, **more,
    })


def records(messages):
    return [[f"{m.topic()}-{m.partition()}", m.offset(), int(m.value())] for m in messages if not m.error()]


def read():
    """Reads to the end, or until it is killed."""
    reader = consumer()
    reader.assign([TopicPartition(TASK["topic"], partition, 0) for partition in PARTITIONS])
    note("assign", at=[[name(partition), 0] for partition in PARTITIONS])
    ended, end = set(), time.time() + 60
    while TASK.get("follow") or len(ended) < len(PARTITIONS):
        messages = reader.consume(500, 0.2)
        got = records(messages)
        if got:
            note("poll", records=got)
        for message in messages:
            if not message.error():
                ended.discard(message.partition())
            elif message.error().code() == -191:  # the end of the partition
                ended.add(message.partition())
        if not TASK.get("follow") and time.time() > end:
            sys.exit("reading to the end does not end")
    note("drained", at=[name(partition) for partition in PARTITIONS])
    reader.close()


def transform():
    """Reads one topic and writes another, both in one transaction, until it has made so many transactions."""
    writer = Writer()
    reader = consumer(**{"auto.offset.reset": "earliest"})
    at = {partition: 0 for partition in PARTITIONS}

    def back():
        reader.assign([TopicPartition(TASK["topic"], partition, at[partition]) for partition in PARTITIONS])
        note("assign", at=[[name(partition), at[partition]] for partition in PARTITIONS])

    back()
    number, end = 0, time.time() + 60
    while number < TASK["transactions"]:
        messages = [m for m in reader.consume(TASK["per"], 0.2) if not m.error()]
        if not messages:
            if time.time() > end:
                sys.exit("there is nothing to read")
            continue
        number += 1
        writer.begin()
        note("poll", records=records(messages), txn=writer.txn)
        next_at = dict(at)
        for message in messages:
            next_at[message.partition()] = message.offset() + 1
            writer.send(TASK["output"], message.partition())
        positions = [TopicPartition(TASK["topic"], partition, offset) for partition, offset in next_at.items()]
        writer.producer.send_offsets_to_transaction(positions, reader.consumer_group_metadata())
        if writer.end(number % 3 != 2):
            at = next_at
        else:
            back()


if __name__ == "__main__":
    try:
        {"write": write, "read": read, "transform": transform}[TASK["do"]]()
    except KafkaException as error:
        note_of = error.args[0]
        print(f"{TASK['name']}: {note_of.name()}: {note_of.str()}", file=sys.stderr)
        sys.exit(3)
