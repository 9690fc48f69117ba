//! Keys that earlier Kafkas knew, and other vendors' keys: accepted with a warning, without effect.

/// Why a key of the past or of another vendor has no effect; `None` for a key that is neither.
pub(super) fn reason(key: &str) -> Option<&'static str> {
    const ZOOKEEPER: &str = "Kafka 4 has no ZooKeeper, and neither has Ottla";
    if key.starts_with("zookeeper.")
        || key.starts_with("password.encoder.")
        || key == "broker.id.generation.enable"
        || key == "reserved.broker.max.id"
    {
        return Some(ZOOKEEPER);
    }
    if key.starts_with("confluent.") || key.starts_with("strimzi.") {
        return Some("it belongs to another vendor's broker");
    }
    if key.starts_with("rsm.config.") || key.starts_with("rlmm.config.") {
        return Some("tiered storage is not supported");
    }
    match key {
        "inter.broker.protocol.version" => Some("feature levels, kept in the metadata, took its place"),
        "log.message.format.version" | "log.message.downconversion.enable" => {
            Some("there is one record format since Kafka 4")
        }
        "log.message.timestamp.difference.max.ms" => {
            Some("log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms took its place")
        }
        "port" | "host.name" => Some("listeners took its place"),
        "advertised.port" | "advertised.host.name" => Some("advertised.listeners took its place"),
        "control.plane.listener.name" | "jmx.port" => Some("it left Kafka with version 4 or steered its Java runtime"),
        "offsets.commit.required.acks" | "auto.include.jmx.reporter" | "group.coordinator.new.enable" => {
            Some("it left Kafka with version 4")
        }
        _ => None,
    }
}
