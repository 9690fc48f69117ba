"""A member of a consumer group by aiokafka."""

import asyncio

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from events import SPEC, Leaving, change, event, got


class Listener(ConsumerRebalanceListener):
    def __init__(self, consumer):
        self.consumer = consumer

    def change(self, name, partitions):
        coordinator = self.consumer._coordinator
        change(name, partitions, getattr(coordinator, "generation", None), getattr(coordinator, "member_id", None))

    def on_partitions_assigned(self, assigned):
        self.change("assigned", assigned)

    def on_partitions_revoked(self, revoked):
        self.change("revoked", revoked)


async def main():
    leaving = Leaving()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=SPEC["bootstrap"], group_id=SPEC["group"], enable_auto_commit=False,
        auto_offset_reset=SPEC.get("reset", "earliest"), session_timeout_ms=SPEC["session_ms"],
        heartbeat_interval_ms=SPEC["heartbeat_ms"], fetch_max_wait_ms=100, metadata_max_age_ms=1000,
        group_instance_id=SPEC.get("instance"))
    consumer.subscribe([SPEC["topic"]], listener=Listener(consumer))
    await consumer.start()
    while not leaving:
        batches = await consumer.getmany(timeout_ms=200)
        for tp, records in batches.items():
            got(tp.topic, tp.partition, [r.offset for r in records])
        if batches:
            try:
                await consumer.commit({tp: records[-1].offset + 1 for tp, records in batches.items()})
                event("committed")
            except KafkaError as e:
                event("commit failed", error=type(e).__name__)
    await consumer.stop()
    event("left")


asyncio.run(main())
