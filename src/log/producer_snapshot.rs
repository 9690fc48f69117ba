//! `.snapshot`: the producers' state at an offset, so that a start need not read what lies before it.
//!
//! ```text
//!  version i16 = 1 | crc u32 (CRC-32C of all behind it) | count i32 | entries
//!  entry: producer i64 | epoch i16 | last sequence i32 | last offset i64 | offset delta i32
//!         | timestamp i64 | coordinator epoch i32 | open transaction's first offset i64 (-1: none)
//! ```
//! Only the last batch of each producer is kept, as Kafka does; those before it are read again when they are missed (`recall`).

use std::path::{Path, PathBuf};

use super::disk;
use super::error::StorageError;
use super::file_system;
use super::producer_entry::BatchMetadata;
use super::producer_state::ProducerState;
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::record::batch::crc;

const VERSION: i16 = 1;
const CRC_AT: usize = 2;
const ENTRIES_AT: usize = 6;
const ENTRY_BYTES: usize = 46;

/// The snapshot's file for an offset.
pub fn path(dir: &Path, offset: Offset) -> PathBuf {
    dir.join(format!("{:020}.snapshot", offset.0))
}

/// Encodes the state.
pub fn encode(state: &ProducerState) -> Vec<u8> {
    let mut w = Writer::with_capacity(ENTRIES_AT + 4 + state.len() * ENTRY_BYTES);
    w.i16(VERSION);
    w.u32(0);
    w.i32(state.len() as i32);
    let mut entries: Vec<_> = state.entries().collect();
    entries.sort_unstable_by_key(|(id, _)| *id);
    for (id, entry) in entries {
        let last = entry.last();
        w.i64(id.0);
        w.i16(entry.epoch.0);
        w.i32(last.map_or(-1, |b| b.last_sequence.0));
        w.i64(last.map_or(-1, |b| b.last_offset.0));
        w.i32(last.map_or(0, |b| b.offset_delta));
        w.i64(entry.last_timestamp.0);
        w.i32(entry.coordinator_epoch);
        w.i64(entry.txn_first_offset().map_or(-1, |o| o.0));
    }
    let sum = crc(&w.as_slice()[ENTRIES_AT..]);
    w.set_u32(CRC_AT, sum);
    w.into_vec()
}

/// Decodes a state; an error says why the bytes are none.
pub fn decode(bytes: &[u8]) -> Result<ProducerState, String> {
    let mut r = Reader::new(bytes);
    let head = |r: &mut Reader<'_>| -> Result<(i16, u32), CodecError> { Ok((r.i16()?, r.u32()?)) };
    let (version, stored) = head(&mut r).map_err(|e| e.to_string())?;
    if version != VERSION {
        return Err(format!("version {version} is unknown"));
    }
    if crc(r.rest()) != stored {
        return Err("the checksum does not match".into());
    }
    let mut state = ProducerState::default();
    let count = r.i32().map_err(|e| e.to_string())?;
    for _ in 0..count {
        entry(&mut r, &mut state).map_err(|e| e.to_string())?;
    }
    Ok(state)
}

fn entry(r: &mut Reader<'_>, state: &mut ProducerState) -> Result<(), CodecError> {
    let id = ProducerId(r.i64()?);
    let epoch = ProducerEpoch(r.i16()?);
    let last_sequence = Sequence(r.i32()?);
    let last_offset = Offset(r.i64()?);
    let offset_delta = r.i32()?;
    let timestamp = Millis(r.i64()?);
    let coordinator_epoch = r.i32()?;
    let txn = Offset(r.i64()?);
    let last = BatchMetadata { last_sequence, last_offset, offset_delta };
    state.restore(id, epoch, coordinator_epoch, timestamp, last, (!txn.is_none()).then_some(txn));
    Ok(())
}

/// Writes the snapshot of `offset`, synced.
pub fn write(dir: &Path, offset: Offset, state: &ProducerState) -> Result<(), StorageError> {
    disk::replace(&path(dir, offset), &encode(state))
}

/// The newest snapshot that can be read, at or before `at_most`; a damaged one is removed and an older one tried.
pub fn load_newest(dir: &Path, at_most: Offset) -> Result<Option<(Offset, ProducerState)>, StorageError> {
    let mut offsets = list(dir)?;
    offsets.retain(|o| *o <= at_most);
    while let Some(offset) = offsets.pop() {
        let file = path(dir, offset);
        let bytes = file_system::read(&file).map_err(StorageError::of("read", &file))?;
        match decode(&bytes) {
            Ok(state) => return Ok(Some((offset, state))),
            Err(reason) => {
                tracing::warn!(path = %file.display(), reason, "a damaged producer snapshot is removed");
                disk::remove(&file)?;
            }
        }
    }
    Ok(None)
}

/// The offsets of all snapshots, ascending.
pub fn list(dir: &Path) -> Result<Vec<Offset>, StorageError> {
    let names = file_system::list(dir).map_err(StorageError::of("list", dir))?;
    let named = |name: &String| name.strip_suffix(".snapshot")?.parse().ok().map(Offset);
    let mut offsets: Vec<Offset> = names.iter().filter_map(named).collect();
    offsets.sort_unstable();
    Ok(offsets)
}
