//! openraft's type parameters, and its ids in our words.

use std::io::Cursor;

use openraft::{CommittedLeaderId, LogId, StorageError, StorageIOError};

use super::voters::Member;
use crate::base::ids::{LeaderEpoch, NodeId, Offset};
use crate::metadata::record::MetadataRecord;

openraft::declare_raft_types!(
    /// One voter is a `u64` (our node ids are not negative); a snapshot travels as bytes.
    pub QuorumTypes:
        D = Batch,
        R = (),
        NodeId = u64,
        Node = Member,
        Entry = openraft::Entry<QuorumTypes>,
        SnapshotData = Cursor<Vec<u8>>,
        AsyncRuntime = openraft::TokioRuntime,
        Responder = openraft::impls::OneshotResponder<QuorumTypes>,
);

/// What one entry holds: the records of one or many operations, which take effect together.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The records, in order.
    pub records: Vec<MetadataRecord>,
}

pub use openraft::ServerState;

/// A running Raft node.
pub type Raft = openraft::Raft<QuorumTypes>;
/// An entry.
pub type Entry = openraft::Entry<QuorumTypes>;
/// An entry's place.
pub type EntryId = LogId<u64>;
/// Who votes.
pub type StoredMembership = openraft::StoredMembership<u64, Member>;
/// What openraft tells of itself.
pub type Metrics = openraft::RaftMetrics<u64, Member>;
/// What openraft is told when storage fails: it stops.
pub type Failure = StorageError<u64>;

/// The place of an entry by offset and epoch.
pub fn entry_id(offset: Offset, epoch: LeaderEpoch) -> EntryId {
    let term = u64::try_from(epoch.0).unwrap_or(0);
    LogId::new(CommittedLeaderId::new(term, 0), u64::try_from(offset.0).unwrap_or(0))
}

/// The offset of an entry.
pub fn offset(id: &EntryId) -> Offset {
    Offset(i64::try_from(id.index).unwrap_or(i64::MAX))
}

/// The epoch of an entry.
pub fn epoch(id: &EntryId) -> LeaderEpoch {
    LeaderEpoch(i32::try_from(id.leader_id.term).unwrap_or(i32::MAX))
}

/// openraft's number of a node.
pub fn raft_id(id: NodeId) -> u64 {
    u64::try_from(id.0).unwrap_or(0)
}

/// Our number of a node.
pub fn node_id(id: u64) -> NodeId {
    NodeId(i32::try_from(id).unwrap_or(i32::MAX))
}

/// A failure to write the log: fatal to this node.
pub fn write_failure(error: &(impl std::error::Error + 'static)) -> Failure {
    StorageIOError::write_logs(openraft::AnyError::error(error)).into()
}

/// A failure to read the log: fatal to this node.
pub fn read_failure(error: &(impl std::error::Error + 'static)) -> Failure {
    StorageIOError::read_logs(openraft::AnyError::error(error)).into()
}
