//! Batches and records of a `.log` file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::{Value, json};

use super::printer::{Dump, Fields};
use crate::record::batch::{BatchHeader, BatchView, DELETE_HORIZON, HEADER_BYTES};
use crate::record::compression::Compression;
use crate::record::control::ControlType;
use crate::record::iter::{RecordView, records};

/// What a batch may decompress to (bytes).
const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// A batch of a file, read whole.
pub(super) struct Stored {
    pub position: u64,
    pub header: BatchHeader,
    bytes: Vec<u8>,
}

/// Walks the batches of a file. The walk ends at the end, or with the reason why it cannot go on.
pub(super) struct Walk {
    file: File,
    position: u64,
    end: u64,
    batch_bytes_max: usize,
}

impl Walk {
    pub fn open(path: &Path, batch_bytes_max: usize) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        Ok(Self { file, position: 0, end, batch_bytes_max })
    }

    /// The next batch, or why there is none, or nothing at the end.
    pub fn next(&mut self) -> std::io::Result<Option<Result<Stored, String>>> {
        let (position, left) = (self.position, self.end - self.position);
        if left == 0 {
            return Ok(None);
        }
        let stop = |walk: &mut Self, why: String| {
            walk.position = walk.end;
            Ok(Some(Err(format!("at position {position}, {left} bytes before the end: {why}"))))
        };
        if left < HEADER_BYTES as u64 {
            return stop(self, "too few bytes for a batch".into());
        }
        let mut bytes = vec![0; HEADER_BYTES];
        self.file.read_exact_at(&mut bytes, position)?;
        let header = match BatchHeader::parse(&bytes) {
            Ok(header) => header,
            Err(error) => return stop(self, error.to_string()),
        };
        if header.size() as u64 > left || header.size() > self.batch_bytes_max {
            return stop(self, format!("the batch states {} bytes", header.size()));
        }
        bytes.resize(header.size(), 0);
        self.file.read_exact_at(&mut bytes, position)?;
        self.position += header.size() as u64;
        Ok(Some(Ok(Stored { position, header, bytes })))
    }
}

pub(super) fn dump(dump: &mut Dump<'_>, path: &Path) -> std::io::Result<()> {
    let base = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<i64>().ok());
    if let Some(base) = base {
        dump.line("start", "", vec![("Log starting offset", base.into())])?;
    }
    let mut walk = Walk::open(path, dump.options.batch_bytes_max)?;
    let mut expected = base.unwrap_or(0);
    while let Some(found) = walk.next()? {
        let stored = match found {
            Ok(stored) => stored,
            Err(why) => return dump.problem(&why),
        };
        batch(dump, &stored)?;
        if stored.header.base_offset.0 < expected {
            dump.problem(&format!("offset {} does not follow, {expected} was expected", stored.header.base_offset))?;
        }
        expected = stored.header.next_offset().0;
        if dump.options.deep || dump.options.data {
            deep(dump, &stored)?;
        }
    }
    Ok(())
}

fn batch(dump: &mut Dump<'_>, stored: &Stored) -> std::io::Result<()> {
    let h = &stored.header;
    let view = BatchView { header: *h, bytes: &stored.bytes };
    let valid = view.verify_crc();
    let horizon = if h.attributes & DELETE_HORIZON != 0 { Some(h.base_timestamp.0) } else { None };
    let horizon: Value = match (dump.options.json, horizon) {
        (true, at) => json!(at),
        (false, Some(at)) => format!("OptionalLong[{at}]").into(),
        (false, None) => "OptionalLong.empty".into(),
    };
    let fields: Fields = vec![
        ("baseOffset", h.base_offset.0.into()),
        ("lastOffset", h.last_offset().0.into()),
        ("count", h.record_count.into()),
        ("baseSequence", h.base_sequence.0.into()),
        ("lastSequence", h.last_sequence().0.into()),
        ("producerId", h.producer_id.0.into()),
        ("producerEpoch", h.producer_epoch.0.into()),
        ("partitionLeaderEpoch", h.leader_epoch.0.into()),
        ("isTransactional", h.is_transactional().into()),
        ("isControl", h.is_control().into()),
        ("deleteHorizonMs", horizon),
        ("position", stored.position.into()),
        (time_name(h), h.max_timestamp.0.into()),
        ("size", h.size().into()),
        ("magic", 2.into()),
        ("compresscodec", h.compression().map_or("unknown", Compression::name).into()),
        ("crc", h.crc.into()),
        ("isvalid", valid.is_ok().into()),
    ];
    dump.line("batch", "", fields)?;
    match valid {
        Ok(()) => Ok(()),
        Err(error) => dump.problem(&error.to_string()),
    }
}

fn deep(dump: &mut Dump<'_>, stored: &Stored) -> std::io::Result<()> {
    let h = &stored.header;
    let view = BatchView { header: *h, bytes: &stored.bytes };
    let Some(codec) = h.compression() else { return dump.problem("the batch's codec is unknown") };
    let payload = match codec.decompress(view.payload(), DECOMPRESSED_BYTES_MAX) {
        Ok(payload) => payload,
        Err(error) => return dump.problem(&error.to_string()),
    };
    for found in records(&payload, h.record_count) {
        match found {
            Ok(found) => record(dump, h, &found)?,
            Err(error) => return dump.problem(&error.to_string()),
        }
    }
    Ok(())
}

fn record(dump: &mut Dump<'_>, h: &BatchHeader, record: &RecordView<'_>) -> std::io::Result<()> {
    let size = |bytes: Option<&[u8]>| bytes.map_or(-1, |b| b.len() as i64);
    let timestamp = if h.is_log_append_time() {
        h.max_timestamp.0
    } else {
        h.base_timestamp.0.saturating_add(record.timestamp_delta)
    };
    let sequence = if h.base_sequence.is_none() { -1 } else { h.base_sequence.plus(record.offset_delta.max(0)).0 };
    let names: Vec<Value> =
        record.headers().map(|(name, _)| String::from_utf8_lossy(name).into_owned().into()).collect();
    let mut fields: Fields = vec![
        ("offset", h.base_offset.0.saturating_add(record.offset_delta.into()).into()),
        (time_name(h), timestamp.into()),
        ("keySize", size(record.key).into()),
        ("valueSize", size(record.value).into()),
        ("sequence", sequence.into()),
        ("headerKeys", names.into()),
    ];
    if h.is_control() {
        let kind = record
            .key
            .and_then(ControlType::from_key)
            .map_or_else(|| "UNKNOWN".to_owned(), |k| format!("{k:?}").to_uppercase());
        fields.push(("endTxnMarker", kind.into()));
        let epoch = record.value.and_then(crate::record::control::coordinator_epoch);
        fields.push(("coordinatorEpoch", epoch.unwrap_or(-1).into()));
    } else if dump.options.data {
        let text = |bytes: &[u8]| -> Value { String::from_utf8_lossy(bytes).into_owned().into() };
        fields.extend(record.key.map(|key| ("key", text(key))));
        fields.extend(record.value.map(|value| ("payload", text(value))));
    }
    dump.line("record", "| ", fields)
}

fn time_name(h: &BatchHeader) -> &'static str {
    if h.is_log_append_time() { "LogAppendTime" } else { "CreateTime" }
}
