//! Appending: judge, give offsets, write, publish. Also rolling to a new segment when the active one is full or old.

use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::append_info::LogAppendInfo;
use super::config::LogConfig;
use super::disk;
use super::error::{AppendError, StorageError};
use super::file_system;
use super::index::transaction_index::AbortedEntry;
use super::log::{AppendOrigin, End, Log, Writer, first_unstable, floor};
use super::producer_snapshot;
use super::producer_state::{ProducerState, Verdict, Word};
use super::read_info::OnCold;
use super::segment::LogSegment;
use super::validate::{self, Validated};
use super::verification::{FirstBatch, Guard};
use crate::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId};
use crate::record::batch::{BatchHeader, BatchView, FRESH_BYTES, fresh_head};
use crate::record::control::{self, ControlType};
use crate::record::iter::records;

impl Log {
    /// Begins to ask the transaction coordinator whether this partition takes part in a producer's transaction. None: the
    /// transaction is open here, so that it does.
    pub fn begin_verification(&self, first: FirstBatch, now: Millis) -> Option<Guard> {
        self.writer.lock().producers.begin_verification(first, now)
    }

    /// True if the transaction is open here, or the question that `guard` names was not overtaken by its end.
    pub fn is_verified(&self, producer_id: ProducerId, epoch: ProducerEpoch, guard: Guard) -> bool {
        self.writer.lock().producers.is_verified(producer_id, epoch, guard)
    }

    /// Appends what a client, a coordinator or the controller produced, at the end of the log, in `epoch`.
    pub fn append_as_leader(
        &self,
        batches: Bytes,
        epoch: LeaderEpoch,
        origin: AppendOrigin,
        now: Millis,
    ) -> Result<LogAppendInfo, AppendError> {
        self.append_verified(batches, epoch, origin, None, now)
    }

    /// The same with the coordinator's word on a transaction's first records.
    pub fn append_verified(
        &self,
        batches: Bytes,
        epoch: LeaderEpoch,
        origin: AppendOrigin,
        guard: Option<Guard>,
        now: Millis,
    ) -> Result<LogAppendInfo, AppendError> {
        let config = self.config.load();
        let word = if config.verifies_transactions { Word::Needed(guard) } else { Word::NotNeeded };
        let mut validated = validate::validate(&batches, &config, origin, now)?;
        let mut writer = self.writer.lock();
        if let Some(current) = self.epochs.latest().filter(|latest| *latest > epoch) {
            return Err(AppendError::StaleLeaderEpoch { current, got: epoch });
        }
        for batch in validated.iter().filter(|b| b.header.has_producer()) {
            let mut verdict = judge(&writer.producers, batch, origin, word);
            if matches!(verdict, Err(AppendError::OutOfOrderSequence { .. })) && writer.producers.is_restored() {
                self.recall(&mut writer.producers);
                verdict = judge(&writer.producers, batch, origin, word);
            }
            if let Verdict::Duplicate(before) = verdict? {
                drop(writer);
                let flush_due = before.last_offset >= self.recovery_point() && self.owes_sync();
                return Ok(LogAppendInfo {
                    first_offset: before.first_offset(),
                    last_offset: before.last_offset,
                    log_append_time: self.stored_timestamp(before.first_offset()),
                    log_start_offset: self.log_start_offset(),
                    duplicate: true,
                    flush_due,
                });
            }
        }
        let mut next = self.ends.read().log_end.offset;
        for batch in &mut validated {
            batch.header.base_offset = next;
            batch.header.leader_epoch = epoch;
            next = batch.header.next_offset();
        }
        self.write(&mut writer, &config, &validated, now)
    }

    /// The greatest timestamp of the batch that holds `offset`; none if it is not there any more.
    fn stored_timestamp(&self, offset: Offset) -> Millis {
        let segments = self.segments.load_full();
        let stored = floor(&segments, offset).and_then(|s| self.find(s, offset, s.size(), OnCold::Wait).ok().flatten());
        // Compaction may have left nothing of it.
        stored.filter(|at| at.header.base_offset <= offset).map_or(Millis::NONE, |at| at.header.max_timestamp)
    }

    /// Appends what a leader sent: offsets and epochs are kept as given, and must continue the log.
    pub fn append_as_follower(&self, batches: Bytes, now: Millis) -> Result<LogAppendInfo, AppendError> {
        let config = self.config.load();
        let validated = validate::validate(&batches, &config, AppendOrigin::RaftLeader, now)?;
        let mut writer = self.writer.lock();
        let mut expected = self.ends.read().log_end.offset;
        for batch in &validated {
            batch.header.check_offsets()?;
            if batch.header.base_offset < expected {
                return Err(AppendError::OutOfOrderOffset { expected, got: batch.header.base_offset });
            }
            expected = batch.header.next_offset();
        }
        self.write(&mut writer, &config, &validated, now)
    }

    fn write(
        &self,
        writer: &mut Writer,
        config: &LogConfig,
        batches: &[Validated],
        now: Millis,
    ) -> Result<LogAppendInfo, AppendError> {
        if self.is_offline() {
            let source = std::io::Error::other("an earlier write or fsync failed");
            return Err(StorageError::of("append to", &self.dir)(source).into());
        }
        let (first, last) = (&batches[0].header, &batches[batches.len() - 1].header);
        let size: usize = batches.iter().map(|b| b.bytes.len()).sum();
        if size > config.segment_bytes {
            return Err(AppendError::LargerThanSegment { size, max: config.segment_bytes });
        }
        let newest = batches.iter().map(|b| b.header.max_timestamp).max().unwrap_or(Millis::NONE);
        let segment = self.segment_for(writer, config, last.last_offset(), size, newest, now)?;
        let heads: Vec<_> =
            batches.iter().map(|b| fresh_head(b.header.base_offset, b.header.length, b.header.leader_epoch)).collect();
        let headers: Vec<BatchHeader> = batches.iter().map(|b| b.header).collect();
        let mut slices = Vec::with_capacity(batches.len() * 2);
        for (head, batch) in heads.iter().zip(batches) {
            slices.push(IoSlice::new(head));
            slices.push(IoSlice::new(&batch.bytes[FRESH_BYTES..]));
        }
        segment.append(&mut slices, &headers, config.index_interval_bytes).inspect_err(|e| self.note_failure(e))?;
        self.health.wrote();
        for batch in batches {
            self.note_batch(writer, &segment, batch, now)?;
        }
        if self.tail.is_wanted() {
            for (head, batch) in heads.iter().zip(batches) {
                self.tail.push(&batch.header, head, &batch.bytes);
            }
        }
        let end = End { offset: last.next_offset(), segment: segment.base_offset, position: segment.size() };
        writer.unsynced_since.get_or_insert(now);
        self.changed.store(true, Ordering::Release);
        {
            let mut ends = self.ends.write();
            ends.log_end = end;
            ends.first_unstable = first_unstable(writer);
        }
        Ok(LogAppendInfo {
            first_offset: first.base_offset,
            last_offset: last.last_offset(),
            log_append_time: batches[batches.len() - 1].log_append_time,
            log_start_offset: self.log_start_offset(),
            duplicate: false,
            flush_due: self.is_flush_due(config, end.offset),
        })
    }

    /// Epochs, producers and transactions after a batch is in the file.
    fn note_batch(
        &self,
        writer: &mut Writer,
        segment: &LogSegment,
        batch: &Validated,
        now: Millis,
    ) -> Result<(), StorageError> {
        self.epochs.assign(batch.header.leader_epoch, batch.header.base_offset);
        if batch.header.is_control() {
            let view = BatchView { header: batch.header, bytes: &batch.bytes };
            if let Some(aborted) = note_marker(writer, &view, now) {
                // The marker is in the file already: without its entry readers would see what was aborted.
                segment.transactions.push(aborted).inspect_err(|e| self.health.fail_for_good(e))?;
            }
        } else {
            writer.producers.update(&batch.header, now);
        }
        Ok(())
    }

    fn segment_for(
        &self,
        writer: &mut Writer,
        config: &LogConfig,
        last: Offset,
        size: usize,
        newest: Millis,
        now: Millis,
    ) -> Result<Arc<LogSegment>, StorageError> {
        let active = self.active();
        let used = active.size();
        let too_large = used + size as u64 > config.segment_bytes as u64;
        // The age counts by what the records say, if they say it: then a replay of old data rolls like the original.
        let age = match active.max_timestamp() {
            Some(_) if !newest.is_none() => newest.since(active.age_from()),
            _ => now.since(active.age_from()),
        };
        let too_old = age.0 > config.roll_after_ms().0.saturating_sub(self.jitter(config).0);
        if used > 0 && (too_large || too_old || active.is_full_for(last, size, config.index_bytes_max)) {
            return self.roll_locked(writer, now);
        }
        Ok(active)
    }

    /// A part of `segment.jitter.ms` that is this log's own, so that logs begun together do not all roll together.
    fn jitter(&self, config: &LogConfig) -> Millis {
        if config.segment_jitter_ms.0 <= 0 {
            return Millis(0);
        }
        let own = self
            .name
            .topic
            .bytes()
            .fold(self.name.partition.0 as u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
        Millis((own % config.segment_jitter_ms.0 as u64) as i64)
    }

    /// The segment that is appended to.
    pub(super) fn active(&self) -> Arc<LogSegment> {
        let segments = self.segments.load();
        Arc::clone(segments.last().expect("a log always has an active segment"))
    }

    /// Begins a new segment if the active one holds anything.
    pub fn roll(&self, now: Millis) -> Result<(), StorageError> {
        let mut writer = self.writer.lock();
        if self.active().size() > 0 {
            self.roll_locked(&mut writer, now)?;
        }
        Ok(())
    }

    pub(super) fn roll_locked(&self, writer: &mut Writer, now: Millis) -> Result<Arc<LogSegment>, StorageError> {
        let base = self.ends.read().log_end.offset;
        let rolled = self.active();
        if self.config.load().cleanup_policy.compact {
            // Compaction leaves gaps, so that recovery could not tell from one that the end of this segment was never written.
            rolled.sync().inspect_err(|e| self.health.fail_for_good(e))?;
        }
        let next = LogSegment::create(&self.dir, base, now).inspect_err(|e| self.note_failure(e))?;
        let next = Arc::new(next);
        let mut segments = Vec::clone(&self.segments.load());
        segments.push(Arc::clone(&next));
        self.segments.store(Arc::new(segments));
        self.entries_unsynced.store(true, Ordering::Release);
        self.ends.write().log_end = End { offset: base, segment: base, position: 0 };
        self.seal_later(writer, rolled, base);
        Ok(next)
    }

    /// Has the rolled segment written to disk, indexes and producers included, while appends go on.
    fn seal_later(&self, writer: &Writer, rolled: Arc<LogSegment>, end: Offset) {
        let snapshot = (!writer.producers.is_empty()).then(|| producer_snapshot::encode(&writer.producers));
        let path = producer_snapshot::path(&self.dir, end);
        let health = Arc::clone(&self.health);
        self.background.run(move || {
            let seal = || -> Result<(), StorageError> {
                if !file_system::exists(&rolled.path) {
                    return Ok(()); // deleted meanwhile
                }
                rolled.seal()?;
                rolled.sync()?;
                rolled.file.loosen();
                snapshot.map_or(Ok(()), |bytes| disk::replace(&path, &bytes))
            };
            match seal() {
                // Deleted, or replaced by what compaction has left of it, which is on disk.
                Err(error) if error.is_not_found() => {}
                Err(error) => health.fail(&error),
                Ok(()) => {}
            }
        });
    }
}

/// Judges one batch of a producer.
fn judge(
    producers: &ProducerState,
    batch: &Validated,
    origin: AppendOrigin,
    word: Word,
) -> Result<Verdict, AppendError> {
    match origin {
        AppendOrigin::Client => return producers.check(&batch.header, word),
        AppendOrigin::RaftLeader => {}
        AppendOrigin::Coordinator | AppendOrigin::Marker { .. } if batch.header.is_control() => {
            let bumps_epoch = matches!(origin, AppendOrigin::Marker { bumps_epoch: true });
            producers.check_marker(&batch.header, coordinator_epoch(batch).unwrap_or(-1), bumps_epoch)?;
        }
        AppendOrigin::Coordinator | AppendOrigin::Marker { .. } => producers.check_coordinator(&batch.header)?,
    }
    Ok(Verdict::Append)
}

/// The coordinator's epoch in a marker that ends a transaction.
fn coordinator_epoch(batch: &Validated) -> Option<i32> {
    let view = BatchView { header: batch.header, bytes: &batch.bytes };
    let marker =
        batch.header.is_control().then(|| records(view.payload(), batch.header.record_count).next()?.ok())??;
    marker.value.and_then(control::coordinator_epoch)
}

/// Ends a transaction as a control batch says. Returns what the transaction index must hold if it was aborted.
pub(super) fn note_marker(writer: &mut Writer, batch: &BatchView<'_>, now: Millis) -> Option<AbortedEntry> {
    let record = records(batch.payload(), batch.header.record_count).next()?.ok()?;
    let kind = ControlType::from_key(record.key?)?;
    if !matches!(kind, ControlType::Abort | ControlType::Commit) {
        return None;
    }
    let coordinator_epoch = record.value.and_then(control::coordinator_epoch).unwrap_or(-1);
    let first_offset = writer.producers.end_transaction(&batch.header, coordinator_epoch, now)?;
    let last_offset = batch.header.last_offset();
    let last_stable_offset = writer.producers.first_unstable().unwrap_or(last_offset.plus(1));
    writer.undecided.push((first_offset, last_offset));
    (kind == ControlType::Abort).then_some(AbortedEntry {
        producer_id: batch.header.producer_id,
        first_offset,
        last_offset,
        last_stable_offset,
    })
}
