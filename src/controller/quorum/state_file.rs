//! `quorum-state`: what Raft must remember beside the log, replaced as a whole, durably, whenever it changes.
//!
//! ```json
//! {"data_version":1,"term":3,"voted_for":1,"purged":[1200,2],"committed":[1310,3]}
//! ```
//!
//! The vote must be on disk before it is given. `purged` and `committed` are `[offset, epoch]`; `committed` may lag behind: it
//! only saves work on start. A vote by which this node led is read back as one that it merely gave: after a restart a leader
//! must be elected anew, in a new term, because what it sent to others may have been lost here before it was on disk.

use std::path::{Path, PathBuf};

use openraft::Vote;
use serde::{Deserialize, Serialize};

use super::types::{EntryId, entry_id, epoch, offset};
use crate::base::ids::{LeaderEpoch, Offset};
use crate::log::disk;
use crate::log::error::StorageError;

const FILE_NAME: &str = "quorum-state";
const DATA_VERSION: u32 = 1;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// It cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It is not what this build writes.
    #[error("{path}: {why}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Content {
    data_version: u32,
    term: u64,
    voted_for: Option<u64>,
    purged: Option<(i64, i32)>,
    committed: Option<(i64, i32)>,
}

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuorumState {
    /// The vote given last.
    pub vote: Option<Vote<u64>>,
    /// The last entry that was removed from the front of the log.
    pub purged: Option<EntryId>,
    /// An entry that is known to be committed, maybe not the last one.
    pub committed: Option<EntryId>,
}

/// Reads the file in `dir`; nothing remembered if there is none.
pub fn read(dir: &Path) -> Result<QuorumState, StateFileError> {
    let path = dir.join(FILE_NAME);
    let Some(text) = disk::read_text(&path)? else { return Ok(QuorumState::default()) };
    let damaged = |why: String| StateFileError::Damaged { path: path.clone(), why };
    let content: Content = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if content.data_version != DATA_VERSION {
        return Err(damaged(format!("data_version {} is not known", content.data_version)));
    }
    let id = |(at, term): (i64, i32)| entry_id(Offset(at), LeaderEpoch(term));
    Ok(QuorumState {
        vote: content.voted_for.map(|node| Vote::new(content.term, node)),
        purged: content.purged.map(id),
        committed: content.committed.map(id),
    })
}

/// Replaces the file in `dir`; on disk when it returns.
pub fn write(dir: &Path, state: &QuorumState) -> Result<(), StorageError> {
    let id = |id: &EntryId| (offset(id).0, epoch(id).0);
    let content = Content {
        data_version: DATA_VERSION,
        term: state.vote.map_or(0, |vote| vote.leader_id.term),
        voted_for: state.vote.and_then(|vote| vote.leader_id.voted_for),
        purged: state.purged.as_ref().map(id),
        committed: state.committed.as_ref().map(id),
    };
    let text = serde_json::to_string(&content).unwrap_or_default();
    disk::replace(&dir.join(FILE_NAME), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_comes_back_as_one_that_only_voted() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), QuorumState::default());
        let state = QuorumState {
            vote: Some(Vote::new_committed(7, 1)),
            purged: Some(entry_id(Offset(41), LeaderEpoch(6))),
            committed: Some(entry_id(Offset(50), LeaderEpoch(7))),
        };
        write(dir.path(), &state).unwrap();
        let back = read(dir.path()).unwrap();
        assert_eq!(back.vote, Some(Vote::new(7, 1)));
        assert_eq!((back.purged, back.committed), (state.purged, state.committed));
    }

    #[test]
    fn damage_is_told_and_not_taken_for_an_empty_file() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "{}", "{\"data_version\":9,\"term\":1,\"voted_for\":1,\"purged\":null,\"committed\":null}"] {
            disk::replace(&dir.path().join(FILE_NAME), text.as_bytes()).unwrap();
            assert!(matches!(read(dir.path()), Err(StateFileError::Damaged { .. })), "{text}");
        }
    }
}
