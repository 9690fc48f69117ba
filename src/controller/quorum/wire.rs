//! Raft's messages as bytes, and back. Ours to define: both ends are this program.
//!
//! ```text
//!  vote       u64 term  u64 node  u8 committed
//!  place      u8 has [i64 offset  i32 epoch]
//!
//!  append     vote  previous: place  commit: place  entries: the log's own batches, back to back
//!    answer   u8 kind: 0 all taken  1 the previous entry differs  2 another leads: vote  3 taken up to: place
//!  ask for a vote, or whether it would be given   vote  last: place
//!    answer   vote  u8 granted  last: place
//!  snapshot   vote  last: place  membership at: place  membership (entry.rs)  id: compact string  u64 position  u8 last  bytes
//!    answer   u8 kind: 0 taken: vote   1 another piece was due: id, u64 position; got: id, u64 position
//! ```

use openraft::error::{InstallSnapshotError, SnapshotMismatch};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};
use openraft::{SnapshotMeta, SnapshotSegmentId, Vote};

use super::entry::{self, EntryError};
use super::types::{EntryId, QuorumTypes, StoredMembership, entry_id, epoch, offset};
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::record::compression::CompressionError;

/// Why bytes are no message that this build understands.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A field cannot be read.
    #[error("a field of a quorum message: {0}")]
    Field(#[from] CodecError),
    /// An entry cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// An entry cannot be written.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A kind of another make, or a place that cannot be.
    #[error("{0} of a quorum message is not known")]
    Unknown(&'static str),
}

type Result<T> = std::result::Result<T, WireError>;

fn put_vote(vote: &Vote<u64>, out: &mut Writer) {
    out.u64(vote.leader_id.term);
    out.u64(vote.leader_id.voted_for.unwrap_or(0));
    out.u8(u8::from(vote.committed));
}

fn vote(from: &mut Reader<'_>) -> Result<Vote<u64>> {
    let (term, node) = (from.u64()?, from.u64()?);
    // Terms are leader epochs as well. One that leaves no room for the next is none.
    if term >= i32::MAX as u64 || node > i32::MAX as u64 {
        return Err(WireError::Unknown("a term or a node"));
    }
    Ok(if from.u8()? == 0 { Vote::new(term, node) } else { Vote::new_committed(term, node) })
}

fn put_place(id: Option<&EntryId>, out: &mut Writer) {
    out.u8(u8::from(id.is_some()));
    if let Some(id) = id {
        out.i64(offset(id).0);
        out.i32(epoch(id).0);
    }
}

fn place(from: &mut Reader<'_>) -> Result<Option<EntryId>> {
    if from.u8()? == 0 {
        return Ok(None);
    }
    let (at, epoch) = (from.i64()?, from.i32()?);
    if at < 0 || epoch < 0 {
        return Err(WireError::Unknown("a negative place"));
    }
    Ok(Some(entry_id(Offset(at), LeaderEpoch(epoch))))
}

/// AppendEntries as bytes.
pub fn put_append(request: &AppendEntriesRequest<QuorumTypes>, now: Millis) -> Result<Vec<u8>> {
    let mut out = Writer::with_capacity(64);
    put_vote(&request.vote, &mut out);
    put_place(request.prev_log_id.as_ref(), &mut out);
    put_place(request.leader_commit.as_ref(), &mut out);
    for entry in &request.entries {
        out.bytes(&entry::to_batch(entry, now)?);
    }
    Ok(out.into_vec())
}

/// AppendEntries from bytes.
pub fn append(bytes: &[u8]) -> Result<AppendEntriesRequest<QuorumTypes>> {
    let mut from = Reader::new(bytes);
    let (vote, prev_log_id, leader_commit) = (vote(&mut from)?, place(&mut from)?, place(&mut from)?);
    let entries = entry::of_batches(from.rest())?;
    // What follows one another in the message must do so in the log: openraft takes it for granted.
    let first = prev_log_id.map_or(0, |id| id.index + 1);
    if (first..).zip(&entries).any(|(due, entry)| entry.log_id.index != due) {
        return Err(WireError::Unknown("a hole between the entries"));
    }
    Ok(AppendEntriesRequest { vote, prev_log_id, entries, leader_commit })
}

/// The answer to AppendEntries as bytes.
pub fn put_append_answer(answer: &AppendEntriesResponse<u64>) -> Vec<u8> {
    let mut out = Writer::new();
    match answer {
        AppendEntriesResponse::Success => out.u8(0),
        AppendEntriesResponse::Conflict => out.u8(1),
        AppendEntriesResponse::HigherVote(vote) => {
            out.u8(2);
            put_vote(vote, &mut out);
        }
        AppendEntriesResponse::PartialSuccess(upto) => {
            out.u8(3);
            put_place(upto.as_ref(), &mut out);
        }
    }
    out.into_vec()
}

/// The answer to AppendEntries from bytes.
pub fn append_answer(bytes: &[u8]) -> Result<AppendEntriesResponse<u64>> {
    let mut from = Reader::new(bytes);
    Ok(match from.u8()? {
        0 => AppendEntriesResponse::Success,
        1 => AppendEntriesResponse::Conflict,
        2 => AppendEntriesResponse::HigherVote(vote(&mut from)?),
        3 => AppendEntriesResponse::PartialSuccess(place(&mut from)?),
        _ => return Err(WireError::Unknown("the kind of an answer")),
    })
}

/// RequestVote as bytes.
pub fn put_ask(request: &VoteRequest<u64>) -> Vec<u8> {
    let mut out = Writer::new();
    put_vote(&request.vote, &mut out);
    put_place(request.last_log_id.as_ref(), &mut out);
    out.into_vec()
}

/// RequestVote from bytes.
pub fn ask(bytes: &[u8]) -> Result<VoteRequest<u64>> {
    let mut from = Reader::new(bytes);
    Ok(VoteRequest { vote: vote(&mut from)?, last_log_id: place(&mut from)? })
}

/// The answer to RequestVote as bytes.
pub fn put_ask_answer(answer: &VoteResponse<u64>) -> Vec<u8> {
    let mut out = Writer::new();
    put_vote(&answer.vote, &mut out);
    out.u8(u8::from(answer.vote_granted));
    put_place(answer.last_log_id.as_ref(), &mut out);
    out.into_vec()
}

/// The answer to RequestVote from bytes.
pub fn ask_answer(bytes: &[u8]) -> Result<VoteResponse<u64>> {
    let mut from = Reader::new(bytes);
    Ok(VoteResponse { vote: vote(&mut from)?, vote_granted: from.u8()? != 0, last_log_id: place(&mut from)? })
}

/// A piece of a snapshot as bytes.
pub fn put_snapshot(request: &InstallSnapshotRequest<QuorumTypes>) -> Vec<u8> {
    let mut out = Writer::with_capacity(128 + request.data.len());
    put_vote(&request.vote, &mut out);
    put_place(request.meta.last_log_id.as_ref(), &mut out);
    put_place(request.meta.last_membership.log_id().as_ref(), &mut out);
    entry::put_membership(request.meta.last_membership.membership(), &mut out);
    out.compact_string(&request.meta.snapshot_id);
    out.u64(request.offset);
    out.u8(u8::from(request.done));
    out.bytes(&request.data);
    out.into_vec()
}

/// A piece of a snapshot from bytes.
pub fn snapshot(bytes: &[u8]) -> Result<InstallSnapshotRequest<QuorumTypes>> {
    let mut from = Reader::new(bytes);
    let vote = vote(&mut from)?;
    let last_log_id = place(&mut from)?;
    let membership_at = place(&mut from)?;
    let membership = entry::membership(&mut from)?;
    let last_membership = StoredMembership::new(membership_at, membership);
    let snapshot_id = from.compact_string()?.to_owned();
    let (offset, done) = (from.u64()?, from.u8()? != 0);
    let meta = SnapshotMeta { last_log_id, last_membership, snapshot_id };
    Ok(InstallSnapshotRequest { vote, meta, offset, data: from.rest().to_vec(), done })
}

/// The answer to a piece of a snapshot as bytes.
pub fn put_snapshot_answer(
    answer: &std::result::Result<InstallSnapshotResponse<u64>, InstallSnapshotError>,
) -> Vec<u8> {
    let mut out = Writer::new();
    match answer {
        Ok(taken) => {
            out.u8(0);
            put_vote(&taken.vote, &mut out);
        }
        Err(InstallSnapshotError::SnapshotMismatch(mismatch)) => {
            out.u8(1);
            for segment in [&mismatch.expect, &mismatch.got] {
                out.compact_string(&segment.id);
                out.u64(segment.offset);
            }
        }
    }
    out.into_vec()
}

/// The answer to a piece of a snapshot from bytes.
pub fn snapshot_answer(
    bytes: &[u8],
) -> Result<std::result::Result<InstallSnapshotResponse<u64>, InstallSnapshotError>> {
    let mut from = Reader::new(bytes);
    let segment = |from: &mut Reader<'_>| -> Result<SnapshotSegmentId> {
        Ok(SnapshotSegmentId { id: from.compact_string()?.to_owned(), offset: from.u64()? })
    };
    Ok(match from.u8()? {
        0 => Ok(InstallSnapshotResponse { vote: vote(&mut from)? }),
        1 => {
            let mismatch = SnapshotMismatch { expect: segment(&mut from)?, got: segment(&mut from)? };
            Err(InstallSnapshotError::SnapshotMismatch(mismatch))
        }
        _ => return Err(WireError::Unknown("the kind of an answer")),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use openraft::{EntryPayload, Membership};
    use proptest::prelude::*;

    use super::*;
    use crate::base::ids::Uuid;
    use crate::controller::quorum::types::{Batch, Entry};
    use crate::controller::quorum::voters::{Member, VoterEndpoint};
    use crate::metadata::record::{FeatureLevel, MetadataRecord};

    fn an_append() -> AppendEntriesRequest<QuorumTypes> {
        let record = MetadataRecord::FeatureLevel(FeatureLevel { name: "f".to_owned(), level: 3 });
        let place = |at| entry_id(Offset(at), LeaderEpoch(2));
        let endpoint = VoterEndpoint { name: "CONTROLLER".to_owned(), host: "::1".to_owned(), port: 9093 };
        let told = Member { directory_id: Uuid([5; 16]), endpoints: vec![endpoint] };
        let nodes = BTreeMap::from([(1, told), (2, Member::default())]);
        let membership = Membership::new(vec![BTreeSet::from([1, 2])], nodes);
        AppendEntriesRequest {
            vote: Vote::new_committed(2, 1),
            prev_log_id: Some(place(6)),
            leader_commit: Some(place(5)),
            entries: vec![
                Entry { log_id: place(7), payload: EntryPayload::Blank },
                Entry { log_id: place(8), payload: EntryPayload::Normal(Batch { records: vec![record] }) },
                Entry { log_id: place(9), payload: EntryPayload::Membership(membership) },
            ],
        }
    }

    #[test]
    fn entries_travel_as_the_logs_own_batches() {
        let sent = an_append();
        let bytes = put_append(&sent, Millis(5)).unwrap();
        let got = append(&bytes).unwrap();
        assert_eq!((got.vote, got.prev_log_id, got.leader_commit), (sent.vote, sent.prev_log_id, sent.leader_commit));
        assert_eq!(got.entries, sent.entries);
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(append(&damaged).is_err(), "a flipped bit is seen");
        let mut holed = sent;
        holed.entries.remove(1);
        assert!(append(&put_append(&holed, Millis(5)).unwrap()).is_err(), "a hole is seen");
    }

    #[test]
    fn answers_come_back_as_they_were() {
        let place = Some(entry_id(Offset(9), LeaderEpoch(4)));
        for answer in [
            AppendEntriesResponse::Success,
            AppendEntriesResponse::Conflict,
            AppendEntriesResponse::HigherVote(Vote::new(7, 3)),
            AppendEntriesResponse::PartialSuccess(place),
        ] {
            let back = append_answer(&put_append_answer(&answer)).unwrap();
            assert_eq!(format!("{back:?}"), format!("{answer:?}"));
        }
        let vote = VoteResponse { vote: Vote::new(3, 1), vote_granted: true, last_log_id: place };
        assert_eq!(format!("{:?}", ask_answer(&put_ask_answer(&vote)).unwrap()), format!("{vote:?}"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (append(&bytes), append_answer(&bytes), ask(&bytes), ask_answer(&bytes));
            let _ = (snapshot(&bytes), snapshot_answer(&bytes));
        }
    }
}
