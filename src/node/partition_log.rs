//! The log of a coordinator's shard: a partition of its internal topic that is led here, written without any request.
//!
//! Every append is one batch, stamped with the time, and counts once every replica in sync has it (acks=all).

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Offset, Sequence};
use crate::log::error::AppendError;
use crate::machine::codec::{EncodeError, LogRecord};
use crate::machine::log::{MachineLog, NotAppended};
use crate::machine::machine::TransactionEnd;
use crate::machine::outcome::Writer;
use crate::machine::runtime::{Commits, Lost, Waiting};
use crate::record::batch::TRANSACTIONAL;
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::replica::append::{ProduceError, append_own};
use crate::replica::manager::ReplicaManager;
use crate::replica::partition::{CommitError, LeaderError, Partition};
use crate::replica::write_marker::write_marker;

/// A partition as a machine's log, in one epoch of its leadership.
pub struct PartitionLog<R> {
    replicas: Arc<ReplicaManager>,
    partition: Arc<Partition>,
    epoch: LeaderEpoch,
    compression: Compression,
    clock: SharedClock,
    of: PhantomData<fn(R)>,
}

impl<R> PartitionLog<R> {
    /// The log that `partition` is while this node leads it in `epoch`.
    pub fn new(
        replicas: Arc<ReplicaManager>,
        partition: Arc<Partition>,
        epoch: LeaderEpoch,
        compression: Compression,
        clock: SharedClock,
    ) -> Self {
        Self { replicas, partition, epoch, compression, clock, of: PhantomData }
    }

    fn write(&self, batch: Bytes) -> Result<Offset, NotAppended> {
        match append_own(&self.replicas, &self.partition, batch, self.epoch, self.clock.wall()) {
            Ok(appended) => Ok(appended.info.first_offset),
            Err(error) => Err(not_appended(&error)),
        }
    }
}

impl<R: LogRecord> MachineLog<R> for PartitionLog<R> {
    fn append(&mut self, writer: Writer, records: &[R]) -> Result<Offset, NotAppended> {
        let mut batch = BatchBuilder::new();
        if let Writer::Transaction(id, epoch) = writer {
            batch = batch.producer(id, epoch, Sequence::NONE).flags(TRANSACTIONAL);
        }
        let now = self.clock.wall();
        for record in records {
            let record = record.encode().map_err(|error| match error {
                EncodeError::TooLong(_) => NotAppended::TooLarge,
                EncodeError::Soft => NotAppended::Failed(error.to_string()),
            })?;
            batch.append(now, Some(&record.key), record.value.as_deref(), &[]);
        }
        let batch = batch.build(Offset(0), self.epoch, self.compression);
        self.write(batch.map_err(|error| NotAppended::Failed(error.to_string()))?)
    }

    fn append_marker(&mut self, end: TransactionEnd) -> Result<Offset, NotAppended> {
        match write_marker(&self.replicas, &self.partition, end, Some(self.epoch), self.clock.wall()) {
            Ok(appended) => Ok(appended.info.first_offset),
            Err(error) => Err(not_appended(&error)),
        }
    }

    fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    fn end(&self) -> Offset {
        self.partition.log().log_end_offset()
    }

    fn committed(&self) -> Offset {
        self.partition.log().high_watermark()
    }
}

fn not_appended(error: &ProduceError) -> NotAppended {
    match error {
        ProduceError::NotEnoughReplicas { .. } => NotAppended::NotEnoughReplicas,
        ProduceError::Leader(LeaderError::Offline) => NotAppended::Failed(error.to_string()),
        ProduceError::Leader(_) | ProduceError::Append(AppendError::StaleLeaderEpoch { .. }) => NotAppended::NotLeader,
        ProduceError::Append(AppendError::TooLarge { .. } | AppendError::LargerThanSegment { .. }) => {
            NotAppended::TooLarge
        }
        ProduceError::Append(AppendError::ProducerFenced { .. } | AppendError::CoordinatorFenced { .. }) => {
            NotAppended::Fenced
        }
        ProduceError::Append(error) => NotAppended::Failed(error.to_string()),
    }
}

/// How far the partition is committed in the same epoch.
pub struct PartitionCommits {
    partition: Arc<Partition>,
    epoch: LeaderEpoch,
}

impl PartitionCommits {
    /// Of `partition` while this node leads it in `epoch`.
    pub fn new(partition: Arc<Partition>, epoch: LeaderEpoch) -> Self {
        Self { partition, epoch }
    }
}

impl Commits for PartitionCommits {
    fn is_committed(&self, end: Offset) -> bool {
        self.partition.is_committed(end, self.epoch) == Ok(true)
    }

    fn until(&self, end: Offset) -> Waiting<'_, Result<(), Lost>> {
        Box::pin(async move {
            self.partition.committed(end, self.epoch).await.map_err(|error| match error {
                CommitError::Leader(_) => Lost::Moved,
                // Written, but too few replicas are left to have it: it may still come.
                CommitError::NotEnoughReplicas { .. } => Lost::TimedOut,
            })
        })
    }
}
