//! From a topic's configuration to the settings of its logs.

use std::collections::BTreeMap;

use crate::base::ids::{Millis, NodeId};
use crate::config::server::ServerConfig;
use crate::config::topic::TopicConfig;
use crate::log::config::{CleanupPolicy, CompressionType, LogConfig, TimestampType};
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;
use crate::record::compression::Compression;

/// The settings of `topic`'s logs: its own, over the broker's dynamic ones, over the cluster's, over the static ones.
pub fn of_topic(server: &ServerConfig, node: NodeId, image: &MetadataImage, topic: &str) -> LogConfig {
    let overrides = image.configs().of(ResourceType::Topic, topic);
    from(&TopicConfig::resolve(overrides, &dynamic_of_broker(node, image), server), server)
}

/// The dynamic settings of the broker `node`: its own over the cluster's.
pub fn dynamic_of_broker(node: NodeId, image: &MetadataImage) -> BTreeMap<String, String> {
    let configs = image.configs();
    let mut dynamic: BTreeMap<String, String> = BTreeMap::clone(configs.of(ResourceType::Broker, ""));
    dynamic.extend(configs.of(ResourceType::Broker, &node.to_string()).iter().map(|(k, v)| (k.clone(), v.clone())));
    dynamic
}

/// The settings that a resolved topic configuration comes to.
pub fn from(topic: &TopicConfig, server: &ServerConfig) -> LogConfig {
    let bytes = |n: i32| usize::try_from(n).unwrap_or(0);
    LogConfig {
        segment_bytes: bytes(topic.segment_bytes),
        segment_ms: Millis(topic.segment_ms),
        segment_jitter_ms: Millis(topic.segment_jitter_ms),
        index_bytes_max: bytes(topic.segment_index_bytes),
        index_interval_bytes: bytes(topic.index_interval_bytes),
        retention_ms: Millis(topic.retention_ms),
        retention_bytes: topic.retention_bytes,
        max_message_bytes: bytes(topic.max_message_bytes),
        flush_messages: topic.flush_messages,
        flush_ms: Millis(topic.flush_ms),
        cleanup_policy: CleanupPolicy { delete: topic.delete, compact: topic.compact },
        timestamp_type: if topic.log_append_time { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        timestamp_before_max_ms: Millis(topic.message_timestamp_before_max_ms),
        timestamp_after_max_ms: Millis(topic.message_timestamp_after_max_ms),
        compression_type: compression(topic),
        delete_retention_ms: Millis(topic.delete_retention_ms),
        min_compaction_lag_ms: Millis(topic.min_compaction_lag_ms),
        max_compaction_lag_ms: Millis(topic.max_compaction_lag_ms),
        min_cleanable_dirty_ratio: topic.min_cleanable_dirty_ratio,
        file_delete_delay_ms: Millis(topic.file_delete_delay_ms),
        min_insync_replicas: topic.min_insync_replicas,
        producer_id_expiration_ms: Millis(i64::from(server.producer_id_expiration_ms())),
        strict_compressed_validation: server.ottla_check_compressed_records(),
        verifies_transactions: server.transaction_partition_verification_enable(),
    }
}

fn compression(topic: &TopicConfig) -> CompressionType {
    match Compression::from_name(&topic.compression_type) {
        None => CompressionType::Producer,
        Some(codec) => {
            let level = match codec {
                Compression::Gzip => Some(topic.compression_gzip_level),
                Compression::Lz4 => Some(topic.compression_lz4_level),
                Compression::Zstd => Some(topic.compression_zstd_level),
                Compression::None | Compression::Snappy => None,
            };
            // -1 is Kafka's "the codec's own default".
            CompressionType::Codec(codec, level.filter(|l| *l != -1))
        }
    }
}
