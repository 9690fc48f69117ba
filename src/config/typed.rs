//! Typed accessors: the broker keys that code reads, each under its own name, read once and kept as plain fields.

use super::server::ServerConfig;
use super::value::Value;

/// A type that a value can be read as.
pub(super) trait FromValue: Default {
    /// The value as this type; its zero where the value is null or of another type, which a test rules out.
    fn from_value(value: Option<Value>) -> Self;
}

macro_rules! from_integer {
    ($($type:ty),*) => {
        $(impl FromValue for $type {
            fn from_value(value: Option<Value>) -> Self {
                match value {
                    Some(Value::Integer(v)) => Self::try_from(v).unwrap_or_default(),
                    _ => Self::default(),
                }
            }
        })*
    };
}
from_integer!(i16, i32, i64);

impl FromValue for bool {
    fn from_value(value: Option<Value>) -> Self {
        matches!(value, Some(Value::Boolean(true)))
    }
}

impl FromValue for f64 {
    fn from_value(value: Option<Value>) -> Self {
        if let Some(Value::Double(v)) = value { v } else { 0.0 }
    }
}

macro_rules! typed {
    ($($name:ident: $type:ty = $key:literal;)*) => {
        /// The values of the keys below.
        #[derive(Debug, Clone, Default)]
        pub(super) struct Typed {
            $($name: $type,)*
        }

        impl Typed {
            /// Reads all through `value`.
            pub(super) fn read(value: impl Fn(&str) -> Option<Value>) -> Self {
                Self { $($name: FromValue::from_value(value($key)),)* }
            }
        }

        impl ServerConfig {
            $(
                #[doc = concat!("`", $key, "`")]
                pub fn $name(&self) -> $type {
                    self.typed.$name
                }
            )*
        }

        #[cfg(test)]
        pub(super) const TYPED: &[(&str, &str)] = &[$(($key, stringify!($type)),)*];
    };
}

typed! {
    num_partitions: i32 = "num.partitions";
    default_replication_factor: i32 = "default.replication.factor";
    auto_create_topics_enable: bool = "auto.create.topics.enable";
    delete_topic_enable: bool = "delete.topic.enable";
    ottla_check_compressed_records: bool = "ottla.check.compressed.records";
    min_insync_replicas: i32 = "min.insync.replicas";
    request_timeout_ms: i32 = "request.timeout.ms";
    initial_broker_registration_timeout_ms: i32 = "initial.broker.registration.timeout.ms";
    broker_heartbeat_interval_ms: i32 = "broker.heartbeat.interval.ms";
    broker_session_timeout_ms: i32 = "broker.session.timeout.ms";
    num_recovery_threads_per_data_dir: i32 = "num.recovery.threads.per.data.dir";

    socket_send_buffer_bytes: i32 = "socket.send.buffer.bytes";
    socket_receive_buffer_bytes: i32 = "socket.receive.buffer.bytes";
    socket_request_max_bytes: i32 = "socket.request.max.bytes";
    socket_listen_backlog_size: i32 = "socket.listen.backlog.size";
    max_connections: i32 = "max.connections";
    max_connections_per_ip: i32 = "max.connections.per.ip";
    max_connection_creation_rate: i32 = "max.connection.creation.rate";
    connections_max_idle_ms: i64 = "connections.max.idle.ms";
    max_incremental_fetch_session_cache_slots: i32 = "max.incremental.fetch.session.cache.slots";
    fetch_max_bytes: i32 = "fetch.max.bytes";
    max_request_partition_size_limit: i32 = "max.request.partition.size.limit";

    controller_quorum_election_timeout_ms: i32 = "controller.quorum.election.timeout.ms";
    controller_quorum_fetch_timeout_ms: i32 = "controller.quorum.fetch.timeout.ms";
    metadata_log_max_record_bytes_between_snapshots: i64 = "metadata.log.max.record.bytes.between.snapshots";
    metadata_log_max_snapshot_interval_ms: i64 = "metadata.log.max.snapshot.interval.ms";
    controller_quorum_auto_join_enable: bool = "controller.quorum.auto.join.enable";

    auto_leader_rebalance_enable: bool = "auto.leader.rebalance.enable";
    leader_imbalance_check_interval_seconds: i64 = "leader.imbalance.check.interval.seconds";
    unclean_leader_election_interval_ms: i64 = "unclean.leader.election.interval.ms";
    replica_lag_time_max_ms: i64 = "replica.lag.time.max.ms";
    replica_socket_timeout_ms: i32 = "replica.socket.timeout.ms";
    replica_fetch_max_bytes: i32 = "replica.fetch.max.bytes";
    replica_fetch_wait_max_ms: i32 = "replica.fetch.wait.max.ms";
    replica_fetch_backoff_ms: i32 = "replica.fetch.backoff.ms";
    replica_fetch_min_bytes: i32 = "replica.fetch.min.bytes";
    replica_fetch_response_max_bytes: i32 = "replica.fetch.response.max.bytes";
    num_replica_fetchers: i32 = "num.replica.fetchers";

    log_retention_check_interval_ms: i64 = "log.retention.check.interval.ms";
    log_flush_scheduler_interval_ms: i64 = "log.flush.scheduler.interval.ms";
    log_flush_offset_checkpoint_interval_ms: i32 = "log.flush.offset.checkpoint.interval.ms";
    log_cleaner_enable: bool = "log.cleaner.enable";
    log_cleaner_threads: i32 = "log.cleaner.threads";
    log_cleaner_io_max_bytes_per_second: f64 = "log.cleaner.io.max.bytes.per.second";
    log_cleaner_dedupe_buffer_size: i64 = "log.cleaner.dedupe.buffer.size";
    log_cleaner_io_buffer_size: i32 = "log.cleaner.io.buffer.size";
    log_cleaner_io_buffer_load_factor: f64 = "log.cleaner.io.buffer.load.factor";
    log_cleaner_backoff_ms: i64 = "log.cleaner.backoff.ms";
    message_max_bytes: i32 = "message.max.bytes";
    replica_high_watermark_checkpoint_interval_ms: i64 = "replica.high.watermark.checkpoint.interval.ms";

    offsets_topic_replication_factor: i16 = "offsets.topic.replication.factor";
    offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions";
    offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes";
    offsets_topic_compression_codec: i32 = "offsets.topic.compression.codec";
    offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes";
    offsets_retention_minutes: i32 = "offsets.retention.minutes";
    offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms";
    offsets_commit_timeout_ms: i32 = "offsets.commit.timeout.ms";
    group_min_session_timeout_ms: i32 = "group.min.session.timeout.ms";
    group_max_session_timeout_ms: i32 = "group.max.session.timeout.ms";
    group_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms";
    group_max_size: i32 = "group.max.size";

    transaction_state_log_min_isr: i32 = "transaction.state.log.min.isr";
    transaction_state_log_replication_factor: i16 = "transaction.state.log.replication.factor";
    transaction_state_log_num_partitions: i32 = "transaction.state.log.num.partitions";
    transaction_state_log_segment_bytes: i32 = "transaction.state.log.segment.bytes";
    transactional_id_expiration_ms: i32 = "transactional.id.expiration.ms";
    transaction_max_timeout_ms: i32 = "transaction.max.timeout.ms";
    transaction_partition_verification_enable: bool = "transaction.partition.verification.enable";
    transaction_two_phase_commit_enable: bool = "transaction.two.phase.commit.enable";
    transaction_remove_expired_transaction_cleanup_interval_ms: i32 =
        "transaction.remove.expired.transaction.cleanup.interval.ms";
    add_partitions_to_txn_retry_backoff_max_ms: i32 = "add.partitions.to.txn.retry.backoff.max.ms";
    add_partitions_to_txn_retry_backoff_ms: i32 = "add.partitions.to.txn.retry.backoff.ms";
    producer_id_expiration_ms: i32 = "producer.id.expiration.ms";
    producer_id_expiration_check_interval_ms: i32 = "producer.id.expiration.check.interval.ms";
    share_coordinator_state_topic_num_partitions: i32 = "share.coordinator.state.topic.num.partitions";
    share_coordinator_state_topic_replication_factor: i16 = "share.coordinator.state.topic.replication.factor";
    share_coordinator_state_topic_min_isr: i16 = "share.coordinator.state.topic.min.isr";
    share_coordinator_state_topic_segment_bytes: i32 = "share.coordinator.state.topic.segment.bytes";
}

#[cfg(test)]
mod tests {
    use super::super::broker;
    use super::super::definition::ConfigType;
    use super::TYPED;

    #[test]
    fn every_accessor_has_its_keys_type() {
        for (key, kind) in TYPED {
            let def = broker::find(key).unwrap_or_else(|| panic!("{key} is no key"));
            let wanted = match def.kind {
                ConfigType::Boolean => "bool",
                ConfigType::Int => "i32",
                ConfigType::Short => "i16",
                ConfigType::Long => "i64",
                ConfigType::Double => "f64",
                _ => "none",
            };
            assert_eq!(*kind, wanted, "{key}");
            assert!(def.default.is_some(), "{key} may be null");
        }
    }
}
