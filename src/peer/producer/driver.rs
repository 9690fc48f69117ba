//! Hands batches to the lanes of their partitions, and ends when all is written or one lane fails.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::accumulator::{Identity, ReadyBatch};
use super::lane::Lane;
pub use super::lane::Written;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, ProducerEpoch, ProducerId};
use crate::peer::client::{Client, Retry};
use crate::peer::error::PeerError;
use crate::peer::metadata::{Topic, Wanted};
use crate::peer::produce::{Acks, Destination};
use crate::peer::wire;

/// Batches that may wait in one lane before the driver waits for it.
const QUEUED_BATCHES: usize = 8;

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct DriverOptions {
    /// When a batch counts as written.
    pub acks: Acks,
    /// Whether batches carry an identity.
    pub idempotent: bool,
    /// How long a batch may be tried.
    pub delivery_timeout: Duration,
}

/// Asks for an idempotent producer's identity; nothing from a broker that has no such API.
pub async fn identity(client: &Client, retry: &mut Retry) -> Result<Option<Identity>, PeerError> {
    loop {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(i32::MAX)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        let asked = async {
            let response = client.any().await?.call(&request).await?;
            wire::check(response.error_code, None, || "get a producer id".to_string())?;
            Ok(Identity { id: ProducerId(response.producer_id.0), epoch: ProducerEpoch(response.producer_epoch) })
        };
        match asked.await {
            Ok(identity) => return Ok(Some(identity)),
            Err(PeerError::Unsupported { .. }) => return Ok(None),
            Err(error) => retry.pause(error).await?,
        }
    }
}

/// Writes all batches that come through `batches` to partitions of `topic`; each that is written is told to `written`.
pub async fn drive(
    client: &Client,
    topic: &Topic,
    options: DriverOptions,
    mut batches: mpsc::Receiver<ReadyBatch>,
    written: mpsc::UnboundedSender<Written>,
) -> Result<(), PeerError> {
    let mut lanes: BTreeMap<PartitionIndex, mpsc::Sender<ReadyBatch>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    while let Some(batch) = batches.recv().await {
        let partition = batch.partition;
        if !topic.partitions.iter().any(|p| p.index == partition) {
            return Err(PeerError::refused(
                format!("produce to partition {partition} of topic {:?}", topic.name),
                ErrorCode::UnknownTopicOrPartition,
                Some(format!("it has the partitions 0 to {}", topic.partitions.len().saturating_sub(1))),
            ));
        }
        let lane = lanes.entry(partition).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(QUEUED_BATCHES);
            let to = Destination { topic: topic.name.clone(), topic_id: topic.id, partition };
            let DriverOptions { acks, idempotent, delivery_timeout } = options;
            let (client, written) = (client.clone(), written.clone());
            tasks.spawn(Lane { client, to, acks, idempotent, delivery_timeout, batches: receiver, written }.run());
            sender
        });
        // A lane that is gone has failed: its task says why.
        if lane.send(batch).await.is_err() {
            break;
        }
        if let Some(Ok(Err(error))) = tasks.try_join_next() {
            return Err(error);
        }
    }
    drop(lanes);
    while let Some(ended) = tasks.join_next().await {
        if let Ok(result) = ended {
            result?;
        }
    }
    if options.acks == Acks::None {
        // Nothing answers such batches. An answer to a later request on the same connections shows that they were read.
        for partition in &topic.partitions {
            let leader = client.leader(&topic.name, partition.index).await?;
            crate::peer::metadata::ask(&leader, Wanted::These(&[]), false).await?;
        }
    }
    Ok(())
}
