//! Making sense of a segment whose indexes or end cannot be trusted: every batch is read and checked, indexes are made anew.
//!
//! What stops the walk over the batches is one of three things:
//! - a *torn end*: nothing, zeros or rubbish follows, no whole batch any more. It is cut off.
//! - *unwritten pages*: whole batches follow, but before them a page ends in zeros that the kernel had still to write, as a power
//!   cut leaves it. Behind the recovery point that is no surprise: the log is cut there, and what follows is set aside in
//!   a file beside the segment, never dropped.
//! - *damage*: whole batches follow, and what lies before them was once written; or the segment lies before the recovery
//!   point, where everything was safe. The log is not opened: nobody cuts off good records without being told to.

use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

use super::append::note_marker;
use super::disk;
use super::error::{OpenError, StorageError};
use super::file_records::FileRecords;
use super::file_system;
use super::log::Writer;
use super::producer_snapshot;
use super::producer_state::ProducerState;
use super::scan::BatchScan;
use super::segment::{BatchAt, LogSegment, file_path};
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::base::limits::FRAME_BYTES_MAX;
use crate::record::batch::{BatchHeader, BatchView, HEADER_BYTES, MAGIC, MAGIC_AT};

/// What the kernel writes at once.
const PAGE_BYTES: u64 = 4096;
/// What a device writes whole or not at all.
const SECTOR_BYTES: u64 = 512;
/// The ending of a file that holds what was cut off though it may be good.
const SET_ASIDE: &str = ".set-aside";

/// Where a segment stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Before the recovery point: it was whole once.
    pub was_safe: bool,
    /// Segments behind it hold something.
    pub has_later: bool,
}

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
    place: Place,
    index_interval_bytes: usize,
    now: Millis,
) -> Result<Recovered, OpenError> {
    let length = segment.file.length().map_err(StorageError::of("measure", &segment.path))?;
    let mut found = Recovered { end: segment.base_offset, cut: 0, epochs: Vec::new() };
    let mut position = 0;
    let mut bytes = Vec::new();
    while position < length {
        if let Err(reason) = read_batch(segment, position, length, found.end, &mut bytes)? {
            decide(segment, place, position, length, found.end, &reason)?;
            found.cut = length - position;
            tracing::warn!(
                segment = %segment.path.display(), position, cut = found.cut, reason,
                "the segment's torn end is cut off"
            );
            segment.file.truncate(position).map_err(StorageError::of("truncate", &segment.path))?;
            // On disk before anything follows: it must not come back, by the next power cut, between this and newer records.
            segment.file.sync().map_err(StorageError::of("sync", &segment.path))?;
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
    let read =
        |bytes: &mut [u8]| segment.file.read_exact_at(bytes, position).map_err(StorageError::of("read", &segment.path));
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

/// May the segment be cut at `damage`? Err: no.
fn decide(
    segment: &LogSegment,
    place: Place,
    damage: u64,
    length: u64,
    expected: Offset,
    reason: &str,
) -> Result<(), OpenError> {
    let behind = whole_batch_behind(segment, damage, length, expected)?;
    let refused = || OpenError::Damaged { path: segment.path.clone(), position: damage, reason: reason.to_owned() };
    if place.was_safe && (place.has_later || behind.is_some()) {
        return Err(refused());
    }
    if behind.is_none() && !place.has_later {
        return Ok(());
    }
    // A file that ends within a batch while a later one has grown has lost its end the same way.
    let unwritten = (behind.is_none() && ends_within_batch(segment, damage, length)?)
        || has_unwritten_page(segment, damage, behind, length)?;
    if !unwritten {
        return Err(refused());
    }
    tracing::error!(
        segment = %segment.path.display(), position = damage, reason,
        "pages were never written before the last stop; the log is cut there and what follows is set aside"
    );
    copy_aside(segment, damage, length)
}

/// The first whole batch that begins behind `damage`.
fn whole_batch_behind(
    segment: &LogSegment,
    damage: u64,
    length: u64,
    expected: Offset,
) -> Result<Option<u64>, OpenError> {
    let mut at = damage + 1;
    let mut window = vec![0; WINDOW_BYTES];
    while at + HEADER_BYTES as u64 <= length {
        let want = usize::try_from(length - at).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
        segment.file.read_exact_at(&mut window[..want], at).map_err(StorageError::of("read", &segment.path))?;
        let heads = want + 1 - HEADER_BYTES;
        for i in 0..heads {
            if is_batch(segment, &window[i..want], at + i as u64, length, expected)? {
                return Ok(Some(at + i as u64));
            }
        }
        // The last bytes of a window are looked at again with what follows them.
        at += heads as u64;
    }
    Ok(None)
}

/// True if the batch at `at` goes on behind the end of the file.
fn ends_within_batch(segment: &LogSegment, at: u64, length: u64) -> Result<bool, StorageError> {
    if length - at < HEADER_BYTES as u64 {
        return Ok(true);
    }
    let mut head = [0; HEADER_BYTES];
    segment.file.read_exact_at(&mut head, at).map_err(StorageError::of("read", &segment.path))?;
    Ok(BatchHeader::parse(&head).is_ok_and(|header| header.size() as u64 > length - at))
}

/// True if between `from` and what is whole behind it a page ends in zeros: all of it, from `from` on, or at least a sector. So the
/// device holds a page that was never written, not since the batches before `from` were, or half. A file's last page is short.
fn has_unwritten_page(segment: &LogSegment, from: u64, behind: Option<u64>, length: u64) -> Result<bool, StorageError> {
    let mut page = [0; PAGE_BYTES as usize];
    let mut at = from - from % PAGE_BYTES;
    while at < length {
        let end = length.min(at + PAGE_BYTES);
        // Of a batch that begins right before a page's end, all that lies in that page may be zeros: the high bytes of its offset.
        if behind.is_some_and(|behind| behind + (MAGIC_AT as u64) < end) {
            break;
        }
        let page = &mut page[..(end - at) as usize];
        segment.file.read_exact_at(page, at).map_err(StorageError::of("read", &segment.path))?;
        let zeros = at + page.iter().rposition(|b| *b != 0).map_or(0, |last| last as u64 + 1);
        if zeros <= from.max(at) || zeros.next_multiple_of(SECTOR_BYTES) < end {
            return Ok(true);
        }
        at = end;
    }
    Ok(false)
}

fn copy_aside(segment: &LogSegment, from: u64, end: u64) -> Result<(), OpenError> {
    let path = disk::with_suffix(&segment.path, &format!(".{from}{SET_ASIDE}"));
    let copy = FileRecords::create(&path).map_err(StorageError::of("create", &path))?;
    let mut buffer = vec![0; WINDOW_BYTES.min((end - from) as usize)];
    let mut at = from;
    while at < end {
        let read = segment.file.read_at(&mut buffer, at).map_err(StorageError::of("read", &segment.path))?;
        if read == 0 {
            break;
        }
        copy.write_all_at(&mut [IoSlice::new(&buffer[..read])], at - from).map_err(StorageError::of("write", &path))?;
        at += read as u64;
    }
    copy.sync().map_err(StorageError::of("sync", &path))?;
    Ok(())
}

/// Puts a segment behind a cut out of the way, its records untouched. An empty one is removed.
pub(super) fn set_aside(dir: &Path, base: Offset) -> Result<(), StorageError> {
    for ending in ["index", "timeindex", "txnindex"] {
        disk::remove(&file_path(dir, base, ending))?;
    }
    let path = file_path(dir, base, "log");
    if file_system::metadata(&path).is_ok_and(|m| m.length > 0) {
        let aside = disk::with_suffix(&path, SET_ASIDE);
        return file_system::rename(&path, &aside).map_err(StorageError::of("rename", &path));
    }
    disk::remove(&path)
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

/// The producers as they are at `end`, from the newest snapshot and the batches behind it, with the transactions whose marker
/// was found: whether that one is committed is not known yet.
pub(super) fn rebuild_producers(
    dir: &Path,
    segments: &[Arc<LogSegment>],
    end: Offset,
    now: Millis,
) -> Result<Writer, OpenError> {
    let (from, producers) = producer_snapshot::load_newest(dir, end)?.unwrap_or((Offset(0), ProducerState::default()));
    let mut writer = Writer { producers, undecided: Vec::new(), unsynced_since: None };
    let first = segments.partition_point(|s| s.base_offset <= from).saturating_sub(1);
    for segment in segments.iter().skip(first).filter(|s| s.base_offset < end) {
        replay(segment, &mut writer, from, end, now)?;
    }
    Ok(writer)
}

fn replay(segment: &LogSegment, writer: &mut Writer, from: Offset, end: Offset, now: Millis) -> Result<(), OpenError> {
    let bad = |reason: String| OpenError::BadFile { path: segment.path.clone(), reason };
    let mut scan = BatchScan::new(&segment.file, &segment.path, 0, segment.size());
    while let Some(at) = scan.next_batch().map_err(|e| bad(e.to_string()))? {
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
