//! From lines to packed batches, on a thread of its own.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::lines::{Lines, Next};
use super::source::Source;
use crate::base::clock::SystemClock;
use crate::base::ids::{Millis, PartitionIndex};
use crate::peer::producer::accumulator::{Accumulator, ReadyBatch, Record};
use crate::peer::producer::partitioner::Partitioner;

type Header = (Vec<u8>, Option<Vec<u8>>);

/// How lines become records.
#[derive(Debug, Default)]
pub(super) struct Format {
    pub json: bool,
    /// Between key and value.
    pub separator: Option<Vec<u8>>,
    /// The key of records that have none of their own.
    pub key: Option<Vec<u8>>,
    /// What stands for null.
    pub null: Option<Vec<u8>>,
    /// Headers of every record, before its own.
    pub headers: Vec<Header>,
}

/// A record as a line tells it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parsed<'a> {
    key: Option<Cow<'a, [u8]>>,
    value: Option<Cow<'a, [u8]>>,
    headers: Vec<Header>,
    partition: Option<i32>,
    timestamp: Option<i64>,
}

/// The JSON of a record, as `ottla consume --json` writes it; what it says of offsets is ignored.
#[derive(Deserialize)]
struct JsonRecord {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    key_base64: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    value_base64: Option<String>,
    #[serde(default)]
    headers: Vec<JsonHeader>,
    #[serde(default)]
    partition: Option<i32>,
    #[serde(default)]
    timestamp: Option<i64>,
}

#[derive(Deserialize)]
struct JsonHeader {
    key: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    value_base64: Option<String>,
}

impl Format {
    fn parse<'a>(&'a self, line: &'a [u8]) -> anyhow::Result<Parsed<'a>> {
        if self.json {
            return self.parse_json(line);
        }
        let null = |bytes: &'a [u8]| (self.null.as_deref() != Some(bytes)).then_some(Cow::Borrowed(bytes));
        let (key, value) = match &self.separator {
            None => (self.key.as_deref().map(Cow::Borrowed), line),
            Some(separator) => {
                let Some(at) = memchr::memmem::find(line, separator) else {
                    bail!("there is no {:?} between a key and a value", String::from_utf8_lossy(separator));
                };
                (null(&line[..at]), &line[at + separator.len()..])
            }
        };
        Ok(Parsed { key, value: null(value), ..Parsed::default() })
    }

    fn parse_json<'a>(&'a self, line: &[u8]) -> anyhow::Result<Parsed<'a>> {
        let record: JsonRecord = serde_json::from_slice(line).context("it is no record in JSON")?;
        let key = bytes("key", record.key, record.key_base64)?.map(Cow::Owned);
        let header =
            |header: JsonHeader| Ok((header.key.into_bytes(), bytes("a header", header.value, header.value_base64)?));
        Ok(Parsed {
            key: key.or_else(|| self.key.as_deref().map(Cow::Borrowed)),
            value: bytes("value", record.value, record.value_base64)?.map(Cow::Owned),
            headers: record.headers.into_iter().map(header).collect::<anyhow::Result<_>>()?,
            partition: record.partition,
            timestamp: record.timestamp,
        })
    }
}

fn bytes(name: &str, text: Option<String>, base64: Option<String>) -> anyhow::Result<Option<Vec<u8>>> {
    match (text, base64) {
        (Some(_), Some(_)) => bail!("{name} is given both as text and as base64"),
        (Some(text), None) => Ok(Some(text.into_bytes())),
        (None, Some(base64)) => Ok(Some(STANDARD.decode(base64).with_context(|| format!("{name} is not base64"))?)),
        (None, None) => Ok(None),
    }
}

/// Reads, cuts, packs and hands over.
pub(super) struct Packer {
    pub format: Format,
    /// One for all, if it was asked for.
    pub partition: Option<PartitionIndex>,
    pub partitioner: Partitioner,
    pub accumulator: Accumulator,
    pub linger: Duration,
    pub batches: mpsc::Sender<ReadyBatch>,
    /// Told to whoever shows progress.
    pub read_bytes: Arc<AtomicU64>,
}

/// The receiver is gone: writing has failed, and says why itself.
struct Stopped;

impl Packer {
    /// Runs to the end of the input. What was read before an error is handed over all the same.
    pub(super) fn run(mut self, source: Source) -> anyhow::Result<()> {
        let result = self.pack(&mut Lines::new(source));
        for batch in self.accumulator.flush()? {
            if self.hand_over(batch).is_err() {
                break;
            }
        }
        result
    }

    fn pack(&mut self, lines: &mut Lines<Source>) -> anyhow::Result<()> {
        let clock = SystemClock::shared();
        let format = std::mem::take(&mut self.format);
        let mut number = 0u64;
        loop {
            let wait = (!self.accumulator.is_empty()).then_some(self.linger);
            let line = match lines.next(wait).context("cannot read the input")? {
                Next::End => return Ok(()),
                Next::Line(line) => line,
                Next::Idle => {
                    for batch in self.accumulator.flush()? {
                        if self.hand_over(batch).is_err() {
                            return Ok(());
                        }
                    }
                    continue;
                }
            };
            number += 1;
            let parsed = format.parse(line).with_context(|| format!("line {number} of the input"))?;
            if self.add(&format, &parsed, clock.wall()).with_context(|| format!("line {number} of the input"))?.is_err()
            {
                return Ok(());
            }
            self.read_bytes.store(lines.bytes, Ordering::Relaxed);
        }
    }

    fn add(&mut self, format: &Format, parsed: &Parsed<'_>, now: Millis) -> anyhow::Result<Result<(), Stopped>> {
        let partition = match self.partition.or(parsed.partition.map(PartitionIndex)) {
            Some(partition) => partition,
            None => self.partitioner.partition(parsed.key.as_deref()),
        };
        let headers: Vec<(&[u8], Option<&[u8]>)> = format
            .headers
            .iter()
            .chain(&parsed.headers)
            .map(|(key, value)| (key.as_slice(), value.as_deref()))
            .collect();
        let record = Record {
            timestamp: parsed.timestamp.map_or(now, Millis),
            key: parsed.key.as_deref(),
            value: parsed.value.as_deref(),
            headers: &headers,
        };
        match self.accumulator.append(partition, &record)? {
            Some(batch) => Ok(self.hand_over(batch)),
            None => Ok(Ok(())),
        }
    }

    fn hand_over(&mut self, batch: ReadyBatch) -> Result<(), Stopped> {
        self.partitioner.completed(batch.partition);
        self.batches.blocking_send(batch).map_err(|_| Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(parsed: &Parsed<'_>) -> (Option<String>, Option<String>) {
        let text = |bytes: &Option<Cow<'_, [u8]>>| bytes.as_ref().map(|b| String::from_utf8_lossy(b).into_owned());
        (text(&parsed.key), text(&parsed.value))
    }

    #[test]
    fn keys_values_and_nulls() {
        let some = |text: &str| Some(text.to_string());
        let format = Format { separator: Some(b"::".to_vec()), null: Some(b"NULL".to_vec()), ..Format::default() };
        assert_eq!(plain(&format.parse(b"k::v::w").unwrap()), (some("k"), some("v::w")));
        assert_eq!(plain(&format.parse(b"k::NULL").unwrap()), (some("k"), None));
        assert_eq!(plain(&format.parse(b"NULL::").unwrap()), (None, some("")));
        assert!(format.parse(b"no separator").unwrap_err().to_string().contains("\"::\""));
        let fixed = Format { key: Some(b"all".to_vec()), ..Format::default() };
        assert_eq!(plain(&fixed.parse(b"v").unwrap()), (some("all"), some("v")));
        assert_eq!(plain(&Format::default().parse(b"").unwrap()), (None, some("")));
    }

    #[test]
    fn json_records() {
        let format = Format { json: true, ..Format::default() };
        let line = br#"{"topic":"t","offset":7,"key":"k","value_base64":"/w==","partition":2,"timestamp":5,
            "headers":[{"key":"h","value":"x"},{"key":"n","value":null}]}"#;
        let parsed = format.parse(line).unwrap();
        assert_eq!((parsed.key.as_deref(), parsed.value.as_deref()), (Some(&b"k"[..]), Some(&[0xff][..])));
        assert_eq!((parsed.partition, parsed.timestamp), (Some(2), Some(5)));
        assert_eq!(parsed.headers, [(b"h".to_vec(), Some(b"x".to_vec())), (b"n".to_vec(), None)]);
        assert!(format.parse(br#"{"value":"a","value_base64":"YQ=="}"#).is_err());
        assert!(format.parse(b"not json").is_err());
    }
}
