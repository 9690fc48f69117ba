//! What `ottla produce` has written, and how it is told at the end.

use std::collections::BTreeMap;

use serde_json::json;

use crate::base::ids::{Millis, Offset};
use crate::cli::options::Options;
use crate::cli::output::{self, counted};
use crate::peer::metadata::Topic;
use crate::peer::producer::driver::Written;

/// What was written.
#[derive(Default)]
pub(super) struct Totals {
    /// Records in all.
    pub(super) records: u64,
    bytes: u64,
    /// By partition: records, first offset, last offset.
    partitions: BTreeMap<i32, (u64, Option<Offset>, Option<Offset>)>,
}

impl Totals {
    /// Counts a batch.
    pub(super) fn add(&mut self, written: &Written) {
        let count = written.batch.count;
        self.records += count as u64;
        self.bytes += written.batch.uncompressed as u64;
        let of = self.partitions.entry(written.batch.partition.0).or_default();
        of.0 += count as u64;
        if let Some(base) = written.base_offset {
            of.1 = Some(of.1.map_or(base, |first| first.min(base)));
            of.2 = of.2.max(Some(base.plus(i64::from(count) - 1)));
        }
    }

    /// Tells how it went.
    pub(super) fn print(&self, options: &Options, topic: &Topic, took: Millis) -> anyhow::Result<()> {
        let seconds = took.0 as f64 / 1000.0;
        if options.json {
            let partition = |(index, (records, first, last)): (&i32, &(u64, Option<Offset>, Option<Offset>))| {
                json!({
                    "partition": index,
                    "records": records,
                    "first_offset": first.map(|offset| offset.0),
                    "last_offset": last.map(|offset| offset.0),
                })
            };
            return output::json_line(&json!({
                "topic": topic.name,
                "records": self.records,
                "bytes": self.bytes,
                "seconds": seconds,
                "partitions": self.partitions.iter().map(partition).collect::<Vec<_>>(),
            }));
        }
        let bytes = self.bytes as f64;
        let rate = if seconds > 0.5 { format!(" ({}/s)", output::amount(bytes / seconds)) } else { String::new() };
        let (records, size) = (counted(self.records, "record"), output::amount(bytes));
        output::line(&format!("{records} to topic {}, {size} in {seconds:.2} s{rate}", topic.name))
    }
}
