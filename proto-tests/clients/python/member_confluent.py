"""A member of a consumer group by librdkafka, of either protocol."""

from confluent_kafka import Consumer, KafkaException

from events import SPEC, Leaving, change, event, got

config = {
    "bootstrap.servers": SPEC["bootstrap"], "group.id": SPEC["group"], "group.protocol": SPEC["protocol"],
    "auto.offset.reset": SPEC.get("reset", "earliest"), "enable.auto.commit": False, "fetch.wait.max.ms": 100,
    "topic.metadata.refresh.interval.ms": 1000,
}
classic = SPEC["protocol"] == "classic"
if classic:
    config["session.timeout.ms"] = SPEC["session_ms"]
    config["heartbeat.interval.ms"] = SPEC["heartbeat_ms"]
if "assignor" in SPEC:
    config["partition.assignment.strategy" if classic else "group.remote.assignor"] = SPEC["assignor"]
if "max_poll_ms" in SPEC:
    config["max.poll.interval.ms"] = SPEC["max_poll_ms"]
if "instance" in SPEC:
    config["group.instance.id"] = SPEC["instance"]

leaving = Leaving()
consumer = Consumer(config)


def listener(name):
    return lambda of, partitions: change(name, partitions, member=of.memberid())


consumer.subscribe([SPEC.get("pattern") or SPEC["topic"]], on_assign=listener("assigned"), on_revoke=listener("revoked"),
                   on_lost=listener("lost"))
while not leaving:
    messages = consumer.consume(500, 0.2)
    offsets = {}
    for m in messages:
        if m.error():
            event("error", error=m.error().name())
        else:
            offsets.setdefault((m.topic(), m.partition()), []).append(m.offset())
    for (topic, partition), list_ in offsets.items():
        got(topic, partition, list_)
    if offsets:
        try:
            consumer.commit(asynchronous=False)
            event("committed")
        except KafkaException as e:
            event("commit failed", error=e.args[0].name())
consumer.close()
event("left")
