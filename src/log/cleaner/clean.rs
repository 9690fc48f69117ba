//! One pass over one log: build the map over the dirty section, then copy, filter and swap, group of segments by group.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cleanable::LogToClean;
use super::error::CleanError;
use super::filter::{Kept, LastRecord, Rules, filter};
use super::offset_map::{Full, OffsetMap};
use super::reader::BatchReader;
use super::sink::{self, Sink, Target};
use super::swap::{is_called_off, swap};
use super::transactions::{Marker, Transactions};
use super::{CleanStats, CleanerSettings, Pace};
use crate::base::ids::{Millis, Offset, ProducerId};
use crate::base::limits::DECOMPRESSION_RATIO_MAX;
use crate::log::config::LogConfig;
use crate::log::log::{Log, floor};
use crate::log::producer_entry::ProducerEntry;
use crate::log::segment::LogSegment;
use crate::record::batch::{BatchHeader, BatchView};
use crate::record::compression::Compression;
use crate::record::iter::records;

/// Compacts what `todo` says and notes how far it has come. Blocks, for as long as `pace` allows. `now` is wall time.
pub fn clean(
    todo: &LogToClean,
    settings: &CleanerSettings,
    now: Millis,
    pace: &mut dyn Pace,
) -> Result<(Offset, CleanStats), CleanError> {
    let log = &*todo.log;
    let generation = log.generation.load(Ordering::Acquire);
    let mut pass = Pass { log, config: log.config(), settings, now, pace, stats: CleanStats::default(), generation };
    let done = pass.run(todo);
    let stats = pass.stats;
    match done {
        Ok(end) => Ok((end, stats)),
        // Whatever went wrong with files that were cut or taken away meanwhile says nothing.
        Err(_) if is_called_off(log, generation) => Err(CleanError::Aborted),
        Err(error) => Err(error),
    }
}

struct Pass<'a> {
    log: &'a Log,
    config: Arc<LogConfig>,
    settings: &'a CleanerSettings,
    now: Millis,
    pace: &'a mut dyn Pace,
    stats: CleanStats,
    generation: u64,
}

impl Pass<'_> {
    fn run(&mut self, todo: &LogToClean) -> Result<Offset, CleanError> {
        let log = self.log;
        // A transaction may end behind what is cleaned, so its index is asked over all of them.
        let all = log.segments.load_full();
        let segments = &all[..all.partition_point(|s| s.base_offset < todo.first_uncleanable)];
        for segment in segments {
            // A segment that was just rolled may still be waiting for this.
            segment.seal()?;
        }
        let map = self.build_map(segments, &all, todo)?;
        self.stats.map_utilization = map.utilization();
        let end = map.latest().filter(|latest| *latest >= todo.first_dirty).ok_or(CleanError::MapTooSmall)?.plus(1);
        let touched = segments.partition_point(|s| s.base_offset < end);
        let start = segments.first().map_or(end, |s| s.base_offset);
        let mut transactions = Transactions::between(&all, start, todo.first_uncleanable);
        for group in groups(&segments[..touched], &self.config, todo.first_uncleanable) {
            self.clean_group(group, &map, todo.first_uncleanable, &mut transactions)?;
        }
        let _structure = log.structure.lock();
        if is_called_off(log, self.generation) {
            return Err(CleanError::Aborted);
        }
        if let Some(cleaned) = log.cleaned.get() {
            cleaned.set(&log.name, end)?;
        }
        Ok(end)
    }

    fn check(&self) -> Result<(), CleanError> {
        if is_called_off(self.log, self.generation) { Err(CleanError::Aborted) } else { Ok(()) }
    }

    /// The latest offset of every key from the first dirty offset on, as far as the map's memory goes.
    fn build_map(
        &mut self,
        segments: &[Arc<LogSegment>],
        all: &[Arc<LogSegment>],
        todo: &LogToClean,
    ) -> Result<OffsetMap, CleanError> {
        let mut map = OffsetMap::new(self.settings.map_bytes_max, self.settings.map_load_factor);
        let mut transactions = Transactions::between(all, todo.first_dirty, todo.first_uncleanable);
        let first = floor(segments, todo.first_dirty).map_or(Offset(0), |s| s.base_offset);
        let dirty = &segments[segments.partition_point(|s| s.base_offset < first)..];
        let next_bases = dirty.iter().skip(1).map(|s| s.base_offset).chain([todo.first_uncleanable]);
        for (segment, next) in dirty.iter().zip(next_bases) {
            if self.map_segment(segment, todo.first_dirty, &mut map, &mut transactions)? == Err(Full) {
                break;
            }
            map.looked_at(next.plus(-1));
        }
        Ok(map)
    }

    fn map_segment(
        &mut self,
        segment: &LogSegment,
        from: Offset,
        map: &mut OffsetMap,
        transactions: &mut Transactions,
    ) -> Result<Result<(), Full>, CleanError> {
        let position = u64::from(segment.offsets.lookup(from));
        let mut reader = BatchReader::new(segment, position, segment.size(), self.settings.io_bytes);
        while reader.advance(self.pace)? {
            self.check()?;
            let batch = reader.batch()?;
            self.stats.map_bytes_read += batch.bytes.len() as u64;
            if batch.header.is_control() {
                transactions.meet_control(&batch);
            } else if !transactions.meet_data(&batch.header) {
                let noted = note_keys(&batch, from, map, &self.config).map_err(|reason| reader.damaged(reason))?;
                if noted == Err(Full) {
                    return Ok(Err(Full));
                }
            }
            if batch.header.last_offset() >= from {
                map.looked_at(batch.header.last_offset());
            }
        }
        Ok(Ok(()))
    }

    /// Copies a group of segments into one, without what the map outdates, and swaps it in.
    fn clean_group(
        &mut self,
        group: &[Arc<LogSegment>],
        map: &OffsetMap,
        round_end: Offset,
        transactions: &mut Transactions,
    ) -> Result<(), CleanError> {
        let Some((base, newest)) = group.first().map(|s| s.base_offset).zip(group.last()) else { return Ok(()) };
        let copied = self.copy(group, newest, map, round_end, transactions);
        let swapped = match copied {
            Ok(None) => return Ok(()),
            // Dropped before the swap: it holds files open that the log will open for itself.
            Ok(Some(copy)) => {
                drop(copy);
                swap(self.log, group, self.generation, self.now)
            }
            Err(error) => Err(error),
        };
        if swapped.is_err() && !self.log.deleted.load(Ordering::Acquire) && !self.log.is_offline() {
            sink::discard(&self.log.dir, base)?;
        }
        swapped
    }

    fn copy(
        &mut self,
        group: &[Arc<LogSegment>],
        newest: &LogSegment,
        map: &OffsetMap,
        round_end: Offset,
        transactions: &mut Transactions,
    ) -> Result<Option<LogSegment>, CleanError> {
        let producers = last_records(self.log);
        let rules = Rules {
            map,
            producers: &producers,
            round_end,
            now: self.now,
            delete_retention_ms: self.config.delete_retention_ms,
            max_message_bytes: self.config.max_message_bytes,
        };
        let target = Target {
            dir: self.log.dir.clone(),
            base: group[0].base_offset,
            index_interval_bytes: self.config.index_interval_bytes,
            io_bytes: self.settings.io_bytes,
            now: self.now,
        };
        self.check()?;
        let mut sink = Sink::new(target, group)?;
        for segment in group {
            let mut reader = BatchReader::new(segment, 0, segment.size(), self.settings.io_bytes);
            while reader.advance(self.pace)? {
                self.check()?;
                let batch = reader.batch()?;
                self.stats.bytes_read += batch.bytes.len() as u64;
                let is_discardable = if batch.header.is_control() {
                    match transactions.meet_control(&batch) {
                        Marker::Unneeded => true,
                        Marker::Needed => false,
                        Marker::Aborts(entry) => {
                            sink.aborted(entry)?;
                            false
                        }
                    }
                } else {
                    transactions.meet_data(&batch.header)
                };
                let left = filter(&rules, &batch, is_discardable, &mut self.stats);
                match left.map_err(|reason| reader.damaged(reason))? {
                    Kept::Whole => {
                        let end = reader.position() + batch.bytes.len() as u64;
                        sink.keep(&batch.header, batch.bytes, end, self.pace)?;
                    }
                    Kept::Anew(bytes) => {
                        let head = BatchHeader::parse(&bytes).map_err(|e| reader.damaged(e))?;
                        sink.replace(&head, &bytes, self.pace)?;
                    }
                    Kept::Nothing => sink.leave_out(self.pace)?,
                }
            }
        }
        self.stats.bytes_kept += sink.kept;
        sink.finish(newest, self.pace)
    }
}

/// Enters the keys of a batch's records from `from` on. The outer error says what cannot be understood.
fn note_keys(
    batch: &BatchView<'_>,
    from: Offset,
    map: &mut OffsetMap,
    config: &LogConfig,
) -> Result<Result<(), Full>, String> {
    let header = &batch.header;
    let codec = header.compression().ok_or("its codec is unknown")?;
    let inflated;
    let plain = match codec {
        Compression::None => batch.payload(),
        _ if header.record_count == 0 => return Ok(Ok(())),
        codec => {
            let bound = config.max_message_bytes.max(header.size()).saturating_mul(DECOMPRESSION_RATIO_MAX);
            inflated = codec.decompress(batch.payload(), bound).map_err(|e| e.to_string())?;
            &inflated[..]
        }
    };
    for record in records(plain, header.record_count) {
        let record = record.map_err(|e| e.to_string())?;
        let offset = header.base_offset.plus(i64::from(record.offset_delta));
        if let Some(key) = record.key.filter(|_| offset >= from)
            && map.put(key, offset) == Err(Full)
        {
            return Ok(Err(Full));
        }
    }
    Ok(Ok(()))
}

fn last_records(log: &Log) -> HashMap<ProducerId, LastRecord> {
    let writer = log.writer.lock();
    let last = |(id, entry): (ProducerId, &ProducerEntry)| {
        (id, LastRecord { data: entry.last().map(|b| b.last_offset), epoch: entry.epoch })
    };
    writer.producers.entries().map(last).collect()
}

/// Cuts `segments` into runs that fit into one segment each.
fn groups<'a>(segments: &'a [Arc<LogSegment>], config: &LogConfig, end: Offset) -> Vec<&'a [Arc<LogSegment>]> {
    let mut groups = Vec::new();
    let mut rest = segments;
    while let Some(first) = rest.first() {
        let (mut bytes, mut offsets, mut times) = (first.size(), first.offsets.size(), first.times.size());
        let mut count = 1;
        while let Some(next) = rest.get(count) {
            let last = rest.get(count + 1).map_or(end, |s| s.base_offset).plus(-1);
            bytes += next.size();
            offsets += next.offsets.size();
            times += next.times.size();
            let fits = bytes <= config.segment_bytes as u64
                && offsets <= config.index_bytes_max
                && times <= config.index_bytes_max
                && (next.size() == 0 || last.since(first.base_offset) <= i64::from(i32::MAX));
            if !fits {
                break;
            }
            count += 1;
        }
        let (group, behind) = rest.split_at(count);
        groups.push(group);
        rest = behind;
    }
    groups
}
