//! Handing out producer ids in blocks (KIP-730).

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
#[derive(Clone, Debug)]
pub struct AllocateProducerIds {
    /// Who.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
}

/// The ids `first .. first + len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{Offset, Uuid};
    use crate::metadata::record::RegisterBroker;

    const ASK: AllocateProducerIds = AllocateProducerIds { broker_id: NodeId(1), broker_epoch: BrokerEpoch(0) };

    /// With one broker, and producer ids handed out up to `next`.
    fn image(next: i64) -> MetadataImage {
        let broker = RegisterBroker {
            broker_id: ASK.broker_id,
            incarnation_id: Uuid::ZERO,
            broker_epoch: ASK.broker_epoch,
            endpoints: Vec::new(),
            features: Vec::new(),
            rack: None,
            fenced: false,
            in_controlled_shutdown: false,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        };
        let ids = ProducerIds {
            broker_id: ASK.broker_id,
            broker_epoch: ASK.broker_epoch,
            next_producer_id: ProducerId(next),
        };
        let mut image = MetadataImage::default();
        for (offset, record) in
            [MetadataRecord::RegisterBroker(broker), MetadataRecord::ProducerIds(ids)].iter().enumerate()
        {
            image.apply(Offset(offset as i64), record).unwrap();
        }
        image
    }

    #[test]
    fn the_last_block_is_given_and_none_after_it() {
        let last = i64::MAX - i64::from(PRODUCER_ID_BLOCK_LEN);
        let given = decide(&image(last), &ASK);
        assert_eq!(given.reply, Ok(ProducerIdBlock { first: ProducerId(last), len: PRODUCER_ID_BLOCK_LEN }));
        let refused = decide(&image(last + 1), &ASK);
        assert!(
            refused.reply.is_err_and(|error| error.code == ErrorCode::UnknownServerError) && refused.records.is_empty()
        );
        let stranger = AllocateProducerIds { broker_id: NodeId(2), ..ASK };
        assert!(decide(&image(0), &stranger).reply.is_err_and(|error| error.code == ErrorCode::StaleBrokerEpoch));
    }
}
