//! Writes the marker that ends a transaction to partitions that are led here: for a coordinator on another broker
//! (WriteTxnMarkers), and for our own.
//!
//! A partition of `__consumer_offsets` takes it by way of its group coordinator, so that offsets that waited for the
//! transaction's end count from then on, or never.

use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, TopicPartition};
use crate::base::topic_name::CONSUMER_OFFSETS;
use crate::coordinator::group;
use crate::machine::log::NotAppended;
use crate::machine::machine::TransactionEnd;
use crate::machine::runtime::{Lost, Refused};
use crate::replica::manager::ReplicaManager;
use crate::replica::write_marker::write_marker;
use crate::server::error_map;

/// How long a marker waits for the replicas.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes markers here.
pub struct MarkerWriter {
    /// The partitions.
    pub replicas: Arc<ReplicaManager>,
    /// Those of `__consumer_offsets`.
    pub groups: Arc<group::service::Service>,
    /// Stamps the markers.
    pub clock: SharedClock,
}

impl MarkerWriter {
    /// Writes the marker and waits until it is committed.
    pub async fn write(&self, partition: &TopicPartition, end: TransactionEnd) -> Result<(), ErrorCode> {
        if &*partition.topic == CONSUMER_OFFSETS {
            return self.end_offsets(partition.partition, end).await;
        }
        let hosted = self.replicas.partition(&partition.topic, partition.partition);
        let hosted = hosted.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let appended = write_marker(&self.replicas, &hosted, end, None, self.clock.wall());
        let appended = appended.map_err(|error| error_map::produce(&error))?;
        match tokio::time::timeout(PATIENCE, appended.settled()).await {
            Ok(settled) => settled.map_err(error_map::commit),
            Err(_) => Err(ErrorCode::RequestTimedOut),
        }
    }

    async fn end_offsets(&self, partition: PartitionIndex, end: TransactionEnd) -> Result<(), ErrorCode> {
        // Kafka tells a coordinator that asks too early, or the wrong broker, to look for the leader again.
        let shard = self.groups.shard(partition).map_err(|_| ErrorCode::NotLeaderOrFollower)?;
        let pending = shard.end_transaction(end).map_err(|error| match error {
            Refused::ByMachine(never) => match never {},
            Refused::ByLog(NotAppended::Fenced) => ErrorCode::InvalidProducerEpoch,
            Refused::ByLog(NotAppended::NotEnoughReplicas) => ErrorCode::NotEnoughReplicas,
            Refused::ByLog(NotAppended::Failed(_) | NotAppended::TooLarge) => ErrorCode::KafkaStorageError,
            Refused::ByLog(NotAppended::NotLeader) | Refused::Moved | Refused::Busy => ErrorCode::NotLeaderOrFollower,
        })?;
        pending.reply().await.map_err(|lost| match lost {
            Lost::Moved => ErrorCode::NotLeaderOrFollower,
            Lost::TimedOut => ErrorCode::RequestTimedOut,
        })
    }
}
