//! Indexes and producer snapshots, and whether indexes agree with their log.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::printer::{Dump, Fields};
use super::segment::Walk;
use crate::base::codec::{CodecError, Reader};
use crate::log::producer_snapshot;

const INDEX_ENTRY_BYTES: usize = 8;
const TIME_INDEX_ENTRY_BYTES: usize = 12;

pub(super) fn index(dump: &mut Dump<'_>, path: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(path)?;
    let base = base_of(path);
    let (entries, rest) = bytes.as_chunks::<INDEX_ENTRY_BYTES>();
    let log = LogView::read(dump, path)?;
    let mut last: Option<(u32, u32)> = None;
    for entry in entries {
        let Ok((relative, position)) = pair(entry) else { break };
        let offset = base + i64::from(relative);
        if !dump.options.index_sanity_only {
            dump.line("index", "", vec![("offset", offset.into()), ("position", position.into())])?;
        }
        if last.is_some_and(|l| l.0 >= relative || l.1 >= position) {
            dump.problem(&format!("the entry for offset {offset} does not ascend"))?;
        }
        last = Some((relative, position));
        match log.as_ref().map(|log| log.last_offsets.get(&u64::from(position))) {
            Some(None) => {
                dump.problem(&format!("no batch begins at position {position}, where offset {offset} should be"))?
            }
            Some(Some(found)) if *found != offset => {
                dump.problem(&format!(
                    "the batch at position {position} ends at offset {found}, the index says {offset}"
                ))?;
            }
            _ => {}
        }
    }
    sane(dump, path, rest, log.is_some())
}

pub(super) fn time_index(dump: &mut Dump<'_>, path: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(path)?;
    let base = base_of(path);
    let (entries, rest) = bytes.as_chunks::<TIME_INDEX_ENTRY_BYTES>();
    let log = LogView::read(dump, path)?;
    let mut last: Option<(i64, u32)> = None;
    for entry in entries {
        let mut r = Reader::new(entry);
        let (Ok(timestamp), Ok(relative)) = (r.i64(), r.u32()) else { break };
        let offset = base + i64::from(relative);
        if !dump.options.index_sanity_only {
            dump.line("timeindex", "", vec![("timestamp", timestamp.into()), ("offset", offset.into())])?;
        }
        if last.is_some_and(|l| l.0 >= timestamp || l.1 > relative) {
            dump.problem(&format!("the entry for timestamp {timestamp} does not ascend"))?;
        }
        last = Some((timestamp, relative));
        if let Some(log) = &log
            && log.greatest_by_last_offset.get(&offset).is_none_or(|greatest| *greatest != timestamp)
        {
            dump.problem(&format!("no batch that ends at offset {offset} has the greatest timestamp {timestamp}"))?;
        }
    }
    sane(dump, path, rest, log.is_some())
}

pub(super) fn txn_index(dump: &mut Dump<'_>, path: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(path)?;
    let mut r = Reader::new(&bytes);
    let entry = |r: &mut Reader<'_>| -> Result<Fields, CodecError> {
        let version = r.i16()?;
        let names = ["producerId", "firstOffset", "lastOffset", "lastStableOffset"];
        let mut fields: Fields = vec![("version", version.into())];
        for name in names {
            fields.push((name, r.i64()?.into()));
        }
        Ok(fields)
    };
    while r.remaining() > 0 {
        match entry(&mut r) {
            Ok(fields) => dump.line("txnindex", "", fields)?,
            Err(error) => return dump.problem(&error.to_string()),
        }
    }
    Ok(())
}

pub(super) fn snapshot(dump: &mut Dump<'_>, path: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(path)?;
    let state = match producer_snapshot::decode(&bytes) {
        Ok(state) => state,
        Err(why) => return dump.problem(&why),
    };
    let mut entries: Vec<_> = state.entries().collect();
    entries.sort_unstable_by_key(|(id, _)| *id);
    for (id, entry) in entries {
        let open: Value = entry.txn_first_offset().map_or_else(|| Value::from("None"), |o| o.0.into());
        let mut fields: Fields = vec![
            ("producerId", id.0.into()),
            ("producerEpoch", entry.epoch.0.into()),
            ("coordinatorEpoch", entry.coordinator_epoch.into()),
            ("currentTxnFirstOffset", open),
            ("lastTimestamp", entry.last_timestamp.0.into()),
        ];
        if let Some(last) = entry.last() {
            fields.push(("firstSequence", last.first_sequence().0.into()));
            fields.push(("lastSequence", last.last_sequence.0.into()));
            fields.push(("lastOffset", last.last_offset.0.into()));
            fields.push(("offsetDelta", last.offset_delta.into()));
            fields.push(("timestamp", entry.last_timestamp.0.into()));
        }
        dump.line("producer", "", fields)?;
    }
    Ok(())
}

/// What the log beside an index says.
struct LogView {
    /// The last offset of the batch at each position.
    last_offsets: HashMap<u64, i64>,
    /// The greatest timestamp of the batch that ends at each offset.
    greatest_by_last_offset: HashMap<i64, i64>,
}

impl LogView {
    fn read(dump: &Dump<'_>, index: &Path) -> std::io::Result<Option<Self>> {
        let path = index.with_extension("log");
        if !path.exists() {
            return Ok(None);
        }
        let mut walk = Walk::open(&path, dump.options.batch_bytes_max)?;
        let mut view = Self { last_offsets: HashMap::new(), greatest_by_last_offset: HashMap::new() };
        while let Some(Ok(stored)) = walk.next()? {
            let last = stored.header.last_offset().0;
            view.last_offsets.insert(stored.position, last);
            view.greatest_by_last_offset.insert(last, stored.header.max_timestamp.0);
        }
        Ok(Some(view))
    }
}

fn sane(dump: &mut Dump<'_>, path: &Path, rest: &[u8], has_log: bool) -> std::io::Result<()> {
    if !rest.is_empty() {
        dump.problem(&format!("{} bytes behind the last whole entry", rest.len()))?;
    }
    if !has_log {
        dump.problem("there is no log beside this index")?;
    } else if dump.options.index_sanity_only && dump.problems == 0 && !dump.options.json {
        writeln!(dump.out, "{} passed sanity check.", path.display())?;
    }
    Ok(())
}

fn base_of(path: &Path) -> i64 {
    path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse().ok()).unwrap_or(0)
}

fn pair(entry: &[u8]) -> Result<(u32, u32), CodecError> {
    let mut r = Reader::new(entry);
    Ok((r.u32()?, r.u32()?))
}
