"""aiokafka, the asyncio client."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

import lines

BOOTSTRAP = sys.argv[1]


async def create(command):
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(command["topic"], command["partitions"], 1)])
        failed = [e for e in answer.topic_errors if e[1] != 0]
        if failed:
            raise RuntimeError(failed)
    finally:
        await admin.close()


async def produce(command):
    producer = AIOKafkaProducer(
        bootstrap_servers=BOOTSTRAP, acks="all", linger_ms=5, max_request_size=2000000,
        compression_type=None if command["codec"] == "none" else command["codec"],
        enable_idempotence=command["idempotent"])
    await producer.start()
    try:
        sent = [await producer.send(command["topic"], value=value, key=key, headers=headers,
                                    partition=command["partition"], timestamp_ms=timestamp)
                for timestamp, key, value, headers in lines.read_records(command["file"])]
        return {"offsets": [(await asyncio.wait_for(future, 60)).offset for future in sent]}
    finally:
        await producer.stop()


async def consume(command):
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, enable_auto_commit=False, auto_offset_reset="none")
    writer = lines.Writer(command)
    partition = TopicPartition(command["topic"], command["partition"])
    await consumer.start()
    try:
        consumer.assign([partition])
        if "timestamp" in command:
            found = (await consumer.offsets_for_times({partition: command["timestamp"]}))[partition]
            if found is None:
                raise RuntimeError("no offset for the timestamp")
            consumer.seek(partition, found.offset)
        elif command["offset"] < 0:
            await consumer.seek_to_beginning(partition)
        else:
            consumer.seek(partition, command["offset"])
        end = asyncio.get_running_loop().time() + 30
        while not writer.full and asyncio.get_running_loop().time() < end:
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                for r in batch:
                    writer.add(r.offset, r.timestamp, r.key, r.value, r.headers)
    finally:
        await consumer.stop()
    writer.close()


def run(operation):
    return lambda command: asyncio.run(operation(command))


lines.serve({"create": run(create), "produce": run(produce), "consume": run(consume)})
