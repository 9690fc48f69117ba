//! What a broker that is no voter is given of the metadata, and what it makes of it.
//!
//! It gets committed entries only, so it never has to take anything back; who is too far behind gets the image as a snapshot.
//!
//! ```text
//!  answer   u8 kind
//!           0 entries   the log's own batches, back to back; may be none
//!           1 too far behind: ask for the image
//!  image    i64 end offset  i32 epoch of the last entry  u64 bytes in all  this piece
//! ```

use super::entry::{self, EntryError};
use super::snapshot::{Snapshot, SnapshotError};
use super::types::entry_id;
use super::voters::Voters;
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{LeaderEpoch, Offset};
use crate::metadata::image::{ApplyError, MetadataImage};
use openraft::EntryPayload;

const ENTRIES: u8 = 0;
const TOO_FAR_BEHIND: u8 = 1;

/// Why what the controller sent is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ObserverError {
    /// A field cannot be read.
    #[error("a field of the metadata: {0}")]
    Field(#[from] CodecError),
    /// An entry cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// An entry does not fit.
    #[error("the entry at offset {at} cannot be applied: {source}")]
    Unfit {
        /// Its offset.
        at: Offset,
        /// Why.
        source: ApplyError,
    },
    /// Entries are missing in between.
    #[error("the metadata continue at offset {found}, where {due} was due")]
    Hole {
        /// What came.
        found: Offset,
        /// What was due.
        due: Offset,
    },
    /// An image cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// An answer of another make.
    #[error("an answer of kind {0}")]
    Kind(u8),
}

/// Entries as an answer.
pub fn put_entries(batches: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + batches.len());
    out.push(ENTRIES);
    out.extend_from_slice(batches);
    out
}

/// The answer to who is too far behind.
pub fn put_too_far_behind() -> Vec<u8> {
    vec![TOO_FAR_BEHIND]
}

/// Takes an answer in: the image that follows, and who votes from then on, if that changed. `None`: the image must be asked for.
pub fn take(image: &MetadataImage, answer: &[u8]) -> Result<Option<(MetadataImage, Option<Voters>)>, ObserverError> {
    let mut from = Reader::new(answer);
    match from.u8()? {
        ENTRIES => {}
        TOO_FAR_BEHIND => return Ok(None),
        other => return Err(ObserverError::Kind(other)),
    }
    let (mut next, mut voters) = (image.clone(), None);
    for entry in entry::of_batches(from.rest())? {
        let at = super::types::offset(&entry.log_id);
        let due = next.offset().plus(1);
        if at != due {
            return Err(ObserverError::Hole { found: at, due });
        }
        match entry.payload {
            EntryPayload::Blank => {}
            EntryPayload::Normal(batch) => {
                for record in &batch.records {
                    next.apply(at, record).map_err(|source| ObserverError::Unfit { at, source })?;
                }
            }
            EntryPayload::Membership(membership) => voters = Some(Voters::of(&membership)),
        }
        next.advance(at);
    }
    Ok(Some((next, voters)))
}

/// A piece of an image.
#[derive(Debug, Clone, Copy)]
pub struct ImagePiece<'a> {
    /// The first offset that is not in the image: together with the epoch, its name.
    pub end: Offset,
    /// The epoch of its last entry.
    pub epoch: LeaderEpoch,
    /// All bytes of it.
    pub total: u64,
    /// These bytes of it.
    pub bytes: &'a [u8],
}

/// A piece as bytes.
pub fn put_piece(piece: &ImagePiece<'_>) -> Vec<u8> {
    let mut out = Writer::with_capacity(32 + piece.bytes.len());
    out.i64(piece.end.0);
    out.i32(piece.epoch.0);
    out.u64(piece.total);
    out.bytes(piece.bytes);
    out.into_vec()
}

/// A piece from bytes.
pub fn piece(bytes: &[u8]) -> Result<ImagePiece<'_>, ObserverError> {
    let mut from = Reader::new(bytes);
    let (end, epoch, total) = (Offset(from.i64()?), LeaderEpoch(from.i32()?), from.u64()?);
    Ok(ImagePiece { end, epoch, total, bytes: from.rest() })
}

/// The image that pieces add up to, and who votes.
pub fn whole(end: Offset, epoch: LeaderEpoch, bytes: &[u8]) -> Result<(MetadataImage, Voters), ObserverError> {
    let last = (end.0 > 0).then(|| entry_id(end.plus(-1), epoch));
    let whole = Snapshot::decode(last, bytes)?;
    let voters = Voters::of(whole.membership.membership());
    Ok((whole.image, voters))
}
