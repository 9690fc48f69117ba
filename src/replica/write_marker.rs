//! Writing the marker that ends a transaction to a partition led here, for whoever coordinates the transaction (KIP-98).

use std::sync::Arc;

use crate::base::ids::{LeaderEpoch, Millis, Offset, Sequence};
use crate::log::error::AppendError;
use crate::log::log::AppendOrigin;
use crate::machine::machine::{TransactionEnd, TransactionResult};
use crate::record::batch::{CONTROL, TRANSACTIONAL};
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::record::control::{ControlType, end_txn_value};
use crate::replica::append::{Acks, Appended, ProduceError, append_from};
use crate::replica::manager::ReplicaManager;
use crate::replica::partition::Partition;

/// Appends the marker, if the partition is led here, and in this epoch where one is named. It counts once every replica in sync has it.
pub fn write_marker(
    manager: &ReplicaManager,
    partition: &Arc<Partition>,
    end: TransactionEnd,
    led_in: Option<LeaderEpoch>,
    now: Millis,
) -> Result<Appended, ProduceError> {
    let kind = match end.result {
        TransactionResult::Commit => ControlType::Commit,
        TransactionResult::Abort => ControlType::Abort,
    };
    let mut batch = BatchBuilder::new()
        .producer(end.producer_id, end.producer_epoch, Sequence::NONE)
        .flags(TRANSACTIONAL | CONTROL);
    batch.append(now, Some(&kind.key()), Some(&end_txn_value(end.coordinator_epoch)), &[]);
    let batch = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None).map_err(AppendError::from)?;
    let origin = AppendOrigin::Marker { bumps_epoch: end.bumps_epoch };
    append_from(manager, partition, batch, (origin, None), led_in, Acks::All, now)
}
