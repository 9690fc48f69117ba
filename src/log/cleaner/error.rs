//! Why a pass over a log did not come to its end.

use std::path::PathBuf;

use crate::log::error::StorageError;

/// Why a pass ended early. What it had swapped in until then stays, and is whole.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The log was cut, shortened or deleted meanwhile, or the process ends.
    #[error("the pass was called off")]
    Aborted,
    /// What is stored cannot be understood: nobody but its owner can decide what becomes of it.
    #[error("{}: damage at byte {position}: {reason}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the batch starts.
        position: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Not even one batch's keys fit into the map.
    #[error(
        "the keys of one batch do not fit into the map; raise log.cleaner.dedupe.buffer.size or lower log.cleaner.threads"
    )]
    MapTooSmall,
    /// The copy would be larger than a segment can be.
    #[error("what is kept of {} is larger than a segment can be", .0.display())]
    TooLarge(PathBuf),
    /// The disk refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
