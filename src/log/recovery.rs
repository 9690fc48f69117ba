//! Making sense of a segment whose indexes or end cannot be trusted: every batch is read and checked, indexes are made anew.
//!
//! A bad batch ends the segment, if what follows can only be the torn end of a crash: nothing, zeros, or no whole batch any
//! more. If whole batches follow damage that is not zeros, the medium has lost something in the middle; then nothing is cut.

use std::path::Path;
use std::sync::Arc;

use super::append::note_marker;
use super::error::{OpenError, StorageError};
use super::log::Writer;
use super::producer_snapshot;
use super::producer_state::ProducerState;
use super::scan::BatchScan;
use super::segment::{BatchAt, LogSegment};
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::base::limits::FRAME_BYTES_MAX;
use crate::record::batch::{BatchHeader, BatchView, HEADER_BYTES, MAGIC, MAGIC_AT};
use crate::record::records::RecordFile;

/// What reading a segment batch by batch found.
pub struct Recovered {
    /// The offset behind the last whole batch.
    pub end: Offset,
    /// Bytes that were cut off the end.
    pub cut: u64,
    /// Where each leader epoch begins.
    pub epochs: Vec<(LeaderEpoch, Offset)>,
}

/// Reads every batch of `segment`, which was created empty over its file, entering each into its indexes and `writer`.
pub(super) fn recover(
    segment: &LogSegment,
    writer: &mut Writer,
    index_interval_bytes: usize,
    now: Millis,
) -> Result<Recovered, OpenError> {
    let length = segment.file.len().map_err(StorageError::of("measure", &segment.path))?;
    let mut found = Recovered { end: segment.base_offset, cut: 0, epochs: Vec::new() };
    let mut position = 0;
    let mut bytes = Vec::new();
    while position < length {
        if let Err(reason) = read_batch(segment, position, length, found.end, &mut bytes)? {
            refuse_damage_in_the_middle(segment, position, length, found.end, &reason)?;
            found.cut = length - position;
            tracing::warn!(
                segment = %segment.path.display(), position, cut = found.cut, reason,
                "the segment's torn end is cut off"
            );
            segment.file.truncate(position).map_err(StorageError::of("truncate", &segment.path))?;
            break;
        }
        // Just read whole and checked: it parses.
        let Ok(view) = BatchView::parse(&bytes) else { break };
        let header = view.header;
        segment.note_batch(&header, position, index_interval_bytes);
        if found.epochs.last().is_none_or(|(epoch, _)| *epoch < header.leader_epoch) {
            found.epochs.push((header.leader_epoch, header.base_offset));
        }
        if header.is_control() {
            if let Some(aborted) = note_marker(writer, &view, now) {
                segment.transactions.push(aborted)?;
            }
        } else {
            writer.producers.update(&header, Millis::NONE);
        }
        found.end = header.next_offset();
        position += header.size() as u64;
    }
    segment.set_size(position);
    Ok(found)
}

/// Reads the batch at `position` into `bytes`. The inner error says why there is none.
fn read_batch(
    segment: &LogSegment,
    position: u64,
    length: u64,
    expected: Offset,
    bytes: &mut Vec<u8>,
) -> Result<Result<(), String>, OpenError> {
    let left = length - position;
    if left < HEADER_BYTES as u64 {
        return Ok(Err(format!("{left} bytes are too few for a batch")));
    }
    let read = |bytes: &mut [u8]| {
        segment.file.read_exact_at(bytes, position).map_err(StorageError::of("read", &segment.path))
    };
    bytes.resize(HEADER_BYTES, 0);
    read(bytes)?;
    let header = match BatchHeader::parse(bytes) {
        Ok(header) => header,
        Err(e) => return Ok(Err(e.to_string())),
    };
    if header.size() as u64 > left {
        return Ok(Err(format!("the batch states {} bytes, {left} are there", header.size())));
    }
    if header.base_offset < expected || header.last_offset_delta < 0 {
        return Ok(Err(format!("offset {} does not follow, {expected} was expected", header.base_offset)));
    }
    bytes.resize(header.size(), 0);
    read(bytes)?;
    Ok(BatchView::parse(bytes).and_then(|view| view.verify_crc()).map_err(|e| e.to_string()))
}

/// Bytes searched at a time.
const WINDOW_BYTES: usize = 1 << 20;

fn refuse_damage_in_the_middle(
    segment: &LogSegment,
    damage: u64,
    length: u64,
    expected: Offset,
    reason: &str,
) -> Result<(), OpenError> {
    let mut at = damage;
    let mut only_zeros = true;
    while at < length {
        let want = usize::try_from(length - at).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
        let mut window = vec![0; want];
        segment.file.read_exact_at(&mut window, at).map_err(StorageError::of("read", &segment.path))?;
        // The last bytes of a window are looked at again with what follows them.
        let turn = if at + want as u64 == length { want } else { want - HEADER_BYTES };
        for i in 0..turn {
            let here = at + i as u64;
            if here > damage && is_batch(segment, &window[i..], here, length, expected)? {
                if only_zeros {
                    return Ok(());
                }
                return Err(OpenError::Damaged {
                    path: segment.path.clone(),
                    position: damage,
                    reason: reason.to_owned(),
                });
            }
            only_zeros &= window[i] == 0;
        }
        at += turn as u64;
    }
    Ok(())
}

fn is_batch(segment: &LogSegment, window: &[u8], at: u64, length: u64, expected: Offset) -> Result<bool, OpenError> {
    if window.get(MAGIC_AT) != Some(&(MAGIC as u8)) || window.len() < HEADER_BYTES {
        return Ok(false);
    }
    let Ok(header) = BatchHeader::parse(window) else { return Ok(false) };
    // A batch that is not newer than what stands before the damage is left over from an earlier life of these disk blocks.
    let fits = header.size() as u64 <= length - at && header.size() <= FRAME_BYTES_MAX && header.base_offset > expected;
    if !fits || header.last_offset_delta < 0 || header.base_offset.since(expected) > i64::from(i32::MAX) {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    Ok(read_batch(segment, at, length, expected, &mut bytes)?.is_ok())
}

/// The producers as they are at `end`: from the newest snapshot and the batches behind it.
pub(super) fn rebuild_producers(
    dir: &Path,
    segments: &[Arc<LogSegment>],
    end: Offset,
    now: Millis,
) -> Result<ProducerState, OpenError> {
    let (from, producers) = producer_snapshot::load_newest(dir, end)?.unwrap_or((Offset(0), ProducerState::default()));
    let mut writer = Writer { producers, undecided: Vec::new(), unsynced_since: None };
    let first = segments.partition_point(|s| s.base_offset <= from).saturating_sub(1);
    for segment in segments.iter().skip(first).filter(|s| s.base_offset < end) {
        replay(segment, &mut writer, from, end, now)?;
    }
    Ok(writer.producers)
}

fn replay(segment: &LogSegment, writer: &mut Writer, from: Offset, end: Offset, now: Millis) -> Result<(), OpenError> {
    let bad = |reason: String| OpenError::BadFile { path: segment.path.clone(), reason };
    let mut scan = BatchScan::new(&segment.file, &segment.path, 0, segment.size());
    while let Some(at) = scan.next().map_err(|e| bad(e.to_string()))? {
        if at.header.base_offset < from || at.header.base_offset >= end {
            continue;
        }
        if at.header.is_control() {
            let bytes = whole(segment, &at)?;
            let view = BatchView::parse(&bytes).map_err(|e| bad(e.to_string()))?;
            note_marker(writer, &view, now);
        } else {
            writer.producers.update(&at.header, Millis::NONE);
        }
    }
    Ok(())
}

fn whole(segment: &LogSegment, at: &BatchAt) -> Result<Vec<u8>, StorageError> {
    let mut bytes = vec![0; at.header.size()];
    segment.file.read_exact_at(&mut bytes, at.position).map_err(StorageError::of("read", &segment.path))?;
    Ok(bytes)
}
