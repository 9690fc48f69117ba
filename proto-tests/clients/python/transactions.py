"""A transactional producer that goes on where the committed output says it was.

transactions.py BOOTSTRAP TOPIC ID COUNT PER: writes the numbers 0..COUNT to partitions 0 and 1 of TOPIC, PER in each
transaction, every third one aborted first. What is committed is all that it knows of earlier lives. Prints the last number.
"""

import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from patience import patiently

BOOTSTRAP, TOPIC, ID = sys.argv[1:4]
COUNT, PER = int(sys.argv[4]), int(sys.argv[5])


def committed(partition):
    consumer = Consumer({
        "bootstrap.servers": BOOTSTRAP, "group.id": "unused", "isolation.level": "read_committed",
        "enable.auto.commit": False, "enable.partition.eof": True,
    })
    consumer.assign([TopicPartition(TOPIC, partition, 0)])
    got, end = [], time.time() + 60
    while True:
        message = consumer.poll(1)
        if time.time() > end:
            sys.exit("reading what is committed does not end")
        if message is None:
            continue
        if message.error():
            if message.error().code() == -191:  # the end of the partition
                break
            continue
        got.append(int(message.value()))
    consumer.close()
    return got


def main():
    producer = Producer({
        "bootstrap.servers": BOOTSTRAP, "transactional.id": ID, "transaction.timeout.ms": 10000, "linger.ms": 0,
    })
    patiently(lambda: producer.init_transactions(30))
    # The producer before is fenced, and what it left open has an end: what is read now stays so.
    at = len(committed(0))
    transactions = 0
    while at < COUNT:
        transactions += 1
        abort = transactions % 3 == 0
        producer.begin_transaction()
        for number in range(at, min(at + PER, COUNT)):
            for partition in (0, 1):
                producer.produce(TOPIC, str(-1 if abort else number), partition=partition)
        try:
            if abort:
                patiently(lambda: producer.abort_transaction(30))
            else:
                patiently(lambda: producer.commit_transaction(30))
                at = min(at + PER, COUNT)
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            patiently(lambda: producer.abort_transaction(30))
    print(at)


if __name__ == "__main__":
    if COUNT < 0:
        print(" ".join(str(number) for number in committed(PER)))
    else:
        main()
