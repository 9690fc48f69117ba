"""A member of a consumer group by kafka-python."""

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata
from kafka.errors import KafkaError

from events import SPEC, Leaving, change, event, got


class Listener(ConsumerRebalanceListener):
    def change(self, name, partitions):
        generation = consumer._coordinator._generation
        change(name, partitions, generation and generation.generation_id, generation and generation.member_id)

    def on_partitions_assigned(self, assigned):
        self.change("assigned", assigned)

    def on_partitions_revoked(self, revoked):
        self.change("revoked", revoked)

    def on_partitions_lost(self, lost):
        self.change("lost", lost)


leaving = Leaving()
consumer = KafkaConsumer(
    bootstrap_servers=SPEC["bootstrap"], group_id=SPEC["group"], enable_auto_commit=False,
    auto_offset_reset=SPEC.get("reset", "earliest"), session_timeout_ms=SPEC["session_ms"],
    heartbeat_interval_ms=SPEC["heartbeat_ms"], fetch_max_wait_ms=100, metadata_max_age_ms=1000,
    group_instance_id=SPEC.get("instance"))
consumer.subscribe([SPEC["topic"]], listener=Listener())
while not leaving:
    batches = consumer.poll(200)
    for tp, records in batches.items():
        got(tp.topic, tp.partition, [r.offset for r in records])
    if batches:
        try:
            consumer.commit({tp: OffsetAndMetadata(records[-1].offset + 1, "", -1) for tp, records in batches.items()})
            event("committed")
        except KafkaError as e:
            event("commit failed", error=type(e).__name__)
consumer.close()
event("left")
