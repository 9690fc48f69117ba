//! Snapshots: an image as a file of record batches, named as Kafka names them.
//!
//! ```text
//!  00000000000000001201-0000000003.checkpoint      first offset that is not in it, epoch of the last that is
//!
//!  batch 0   one record: key "quorum", value: membership and where it was decided (see below)
//!  batch 1…  up to 1,000 records each: values are metadata records in Kafka's frame
//!  batch n   one record: key "end", value: u64 count of records; without it the file is torn
//! ```
//!
//! The first value: `u8 version(1)  u8 has_id [i64 offset  i32 epoch]  membership (entry.rs)`.
//! A file appears under its name only when it is whole and on disk; the one before it is removed only after that.

use std::path::{Path, PathBuf};

use openraft::Membership;

use super::entry::{membership, put_membership};
use super::types::{EntryId, StoredMembership, entry_id, epoch, offset};
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::log::disk;
use crate::log::error::StorageError;
use crate::metadata::image::{ApplyError, MetadataImage};
use crate::metadata::record_codec::{self, RecordCodecError};
use crate::record::batch::{BatchError, batches};
use crate::record::builder::BatchBuilder;
use crate::record::compression::{Compression, CompressionError};
use crate::record::iter::records;

const SUFFIX: &str = ".checkpoint";
const QUORUM: &[u8] = b"quorum";
const QUORUM_VERSION: u8 = 1;
const END: &[u8] = b"end";
const RECORDS_PER_BATCH: i32 = 1_000;

/// Why a snapshot cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A batch is damaged.
    #[error("a batch of a snapshot: {0}")]
    Batch(#[from] BatchError),
    /// A batch cannot be built.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A record is damaged or of another make.
    #[error("a record of a snapshot: {0}")]
    Record(#[from] RecordCodecError),
    /// A field is damaged.
    #[error("a field of a snapshot: {0}")]
    Field(#[from] CodecError),
    /// The records do not add up.
    #[error("a record of a snapshot does not fit: {0}")]
    Apply(#[from] ApplyError),
    /// The file is not whole.
    #[error("a snapshot is incomplete: {0}")]
    Torn(String),
}

/// A whole snapshot.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The last entry that is in it.
    pub last: Option<EntryId>,
    /// Who votes, as of then.
    pub membership: StoredMembership,
    /// Everything else.
    pub image: MetadataImage,
}

impl Snapshot {
    /// The name of its file.
    pub fn file_name(&self) -> String {
        let end = self.last.as_ref().map_or(0, |id| offset(id).0 + 1);
        let term = self.last.as_ref().map_or(0, |id| epoch(id).0);
        format!("{end:020}-{term:010}{SUFFIX}")
    }

    /// Its bytes.
    pub fn encode(&self, now: Millis) -> Result<Vec<u8>, SnapshotError> {
        let mut out = Vec::new();
        let mut next = Offset(0);
        let mut close = |batch: BatchBuilder| -> Result<(), SnapshotError> {
            let count = batch.count();
            out.extend_from_slice(&batch.build(next, LeaderEpoch(0), Compression::None)?);
            next = next.plus(count.into());
            Ok(())
        };
        let mut head = BatchBuilder::new();
        head.append(now, Some(QUORUM), Some(&self.quorum()), &[]);
        close(head)?;
        let mut batch = BatchBuilder::new();
        let mut count = 0u64;
        for record in self.image.to_records() {
            let mut value = Writer::with_capacity(64);
            record_codec::encode(&record, &mut value);
            batch.append(now, None, Some(value.as_slice()), &[]);
            count += 1;
            if batch.count() == RECORDS_PER_BATCH {
                close(std::mem::take(&mut batch))?;
            }
        }
        if batch.count() > 0 {
            close(batch)?;
        }
        let mut end = BatchBuilder::new();
        end.append(now, Some(END), Some(&count.to_be_bytes()), &[]);
        close(end)?;
        Ok(out)
    }

    /// The snapshot that fills `bytes`, whose last entry is `last`.
    pub fn decode(last: Option<EntryId>, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut image = MetadataImage::default();
        let at = last.as_ref().map_or(Offset::NONE, offset);
        let mut quorum = None;
        let (mut count, mut announced) = (0u64, None);
        for batch in batches(bytes) {
            let batch = batch?;
            batch.verify_crc()?;
            for record in records(batch.payload(), batch.header.record_count) {
                let record = record.map_err(|error| SnapshotError::Torn(error.to_string()))?;
                let value = record.value.ok_or_else(|| SnapshotError::Torn("a record without a value".to_owned()))?;
                match record.key {
                    Some(QUORUM) => quorum = Some(read_quorum(value)?),
                    Some(END) => announced = Some(Reader::new(value).u64()?),
                    _ => {
                        image.apply(at, &record_codec::decode(value)?)?;
                        count += 1;
                    }
                }
            }
        }
        if announced != Some(count) {
            return Err(SnapshotError::Torn(format!("{count} records, where {announced:?} were announced")));
        }
        image.advance(at);
        let membership = quorum.ok_or_else(|| SnapshotError::Torn("no quorum record".to_owned()))?;
        Ok(Self { last, membership, image })
    }

    fn quorum(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(QUORUM_VERSION);
        match self.membership.log_id() {
            None => out.u8(0),
            Some(id) => {
                out.u8(1);
                out.i64(offset(id).0);
                out.i32(epoch(id).0);
            }
        }
        put_membership(self.membership.membership(), &mut out);
        out.into_vec()
    }
}

fn read_quorum(value: &[u8]) -> Result<StoredMembership, SnapshotError> {
    let mut from = Reader::new(value);
    let version = from.u8()?;
    if version != QUORUM_VERSION {
        return Err(SnapshotError::Torn(format!("a quorum record of version {version}")));
    }
    let id = match from.u8()? {
        0 => None,
        _ => Some(entry_id(Offset(from.i64()?), LeaderEpoch(from.i32()?))),
    };
    let members: Membership<_, _> = membership(&mut from)?;
    Ok(StoredMembership::new(id, members))
}

/// The snapshots in `dir`, oldest first: file and last entry.
pub fn list(dir: &Path) -> Result<Vec<(PathBuf, Option<EntryId>)>, StorageError> {
    let parse = |name: &str| -> Option<Option<EntryId>> {
        let (end, term) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let (end, term): (i64, i32) = (end.parse().ok()?, term.parse().ok()?);
        Some((end > 0).then(|| entry_id(Offset(end - 1), LeaderEpoch(term))))
    };
    Ok(disk::names_in(dir)?.into_iter().filter_map(|name| Some((dir.join(&name), parse(&name)?))).collect())
}

/// The newest snapshot in `dir` with its bytes. One that is damaged is an error: the log before it may be gone.
pub fn newest(dir: &Path) -> Result<Option<(Snapshot, Vec<u8>)>, SnapshotError> {
    let Some((path, last)) = list(dir)?.pop() else { return Ok(None) };
    let Some(bytes) = disk::read_bytes(&path)? else { return Ok(None) };
    Ok(Some((Snapshot::decode(last, &bytes)?, bytes)))
}

/// Puts a snapshot's bytes under its name, then removes all others.
pub fn install(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
    let path = dir.join(name);
    disk::replace(&path, bytes)?;
    for (other, _) in list(dir)? {
        if other != path {
            disk::remove(&other)?;
        }
    }
    Ok(())
}
