//! One Produce request: batches of one partition to its leader.

use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};

use super::connection::{Connection, Pending};
use super::error::PeerError;
use super::wire;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Offset, PartitionIndex, Uuid};

/// When a produced batch counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// Once it is sent; there is no answer.
    None,
    /// Once the leader has it.
    Leader,
    /// Once all replicas in sync have it.
    All,
}

impl Acks {
    fn to_wire(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

/// Where a batch goes.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The topic's name.
    pub topic: String,
    /// Its id, or zero if the broker gives none.
    pub topic_id: Uuid,
    /// The partition.
    pub partition: PartitionIndex,
}

/// A Produce request on its way.
pub struct PendingProduce {
    pending: Option<Pending<ProduceRequest>>,
    to: Destination,
}

/// Versions from this one on name topics by id (KIP-516).
const BY_ID_FROM: i16 = 13;

/// Sends `batches` to the leader at the other end.
pub async fn send(
    connection: &Connection,
    to: &Destination,
    acks: Acks,
    timeout: Millis,
    batches: Bytes,
) -> Result<PendingProduce, PeerError> {
    let version =
        connection.version::<ProduceRequest>(if to.topic_id.is_zero() { BY_ID_FROM - 1 } else { i16::MAX })?;
    let mut topic = TopicProduceData::default().with_partition_data(vec![
        PartitionProduceData::default().with_index(to.partition.0).with_records(Some(batches)),
    ]);
    if version >= BY_ID_FROM {
        topic.topic_id = wire::uuid(to.topic_id);
    } else {
        topic.name = wire::topic(&to.topic);
    }
    let request = ProduceRequest::default()
        .with_acks(acks.to_wire())
        .with_timeout_ms(i32::try_from(timeout.0).unwrap_or(i32::MAX))
        .with_topic_data(vec![topic]);
    let pending = match acks {
        Acks::None => {
            connection.post(version, &request).await?;
            None
        }
        Acks::Leader | Acks::All => Some(connection.send(version, &request).await?),
    };
    Ok(PendingProduce { pending, to: to.clone() })
}

impl PendingProduce {
    /// The first record's offset, once written; nothing if it is not told.
    pub async fn base_offset(self) -> Result<Option<Offset>, PeerError> {
        let Some(pending) = self.pending else { return Ok(None) };
        let response = pending.answer().await?;
        let what = || format!("produce to partition {} of topic {:?}", self.to.partition, self.to.topic);
        let Some(answer) = response.responses.iter().flat_map(|t| &t.partition_responses).next() else {
            let message = Some("the answer names no partition".to_string());
            return Err(PeerError::refused(what(), ErrorCode::UnknownServerError, message));
        };
        wire::check(answer.error_code, answer.error_message.as_ref(), what)?;
        Ok((answer.base_offset >= 0).then_some(Offset(answer.base_offset)))
    }
}
