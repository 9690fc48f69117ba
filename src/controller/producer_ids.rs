//! Handing out producer ids in blocks (KIP-730).

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use super::brokers::check_epoch;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, NodeId, ProducerId};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{MetadataRecord, ProducerIds};

/// How many ids a block holds.
pub const PRODUCER_ID_BLOCK_LEN: i32 = 1_000;

/// A broker needs a block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AllocateProducerIds {
    /// Who.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
}

/// The ids `first .. first + len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerIdBlock {
    /// The first.
    pub first: ProducerId,
    /// How many.
    pub len: i32,
}

/// Decides.
pub fn decide(image: &MetadataImage, operation: &AllocateProducerIds) -> Decision<Result<ProducerIdBlock, ApiError>> {
    if let Err(error) = check_epoch(image, operation.broker_id, operation.broker_epoch) {
        return Decision::refused(Err(error));
    }
    let first = image.producer_ids().next();
    let Some(next) = first.0.checked_add(PRODUCER_ID_BLOCK_LEN.into()) else {
        let error = ApiError::new(ErrorCode::UnknownServerError, "all producer ids are handed out");
        return Decision::refused(Err(error));
    };
    let record = MetadataRecord::ProducerIds(ProducerIds {
        broker_id: operation.broker_id,
        broker_epoch: operation.broker_epoch,
        next_producer_id: ProducerId(next),
    });
    Decision::new(vec![record], Ok(ProducerIdBlock { first, len: PRODUCER_ID_BLOCK_LEN }))
}
