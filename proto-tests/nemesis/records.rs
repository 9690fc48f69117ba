//! What is in a partition, read from its bytes; what clients were told and shown of it.

use std::path::{Path, PathBuf};

use crate::support::reader;
use crate::support::record::Record;

/// A record that somebody was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its partition.
    pub partition: i64,
    /// Its offset.
    pub offset: i64,
    /// Its value.
    pub value: String,
}

impl Shown {
    /// Out of a load's file, where the partition stands for the timestamp.
    pub fn of(record: Record) -> Shown {
        let value = String::from_utf8(record.value.expect("a value")).expect("text");
        Shown { partition: record.timestamp, offset: record.offset, value }
    }

    /// The partition by its name.
    pub fn place(&self) -> String {
        place(self.partition as i32)
    }
}

/// A partition of the topic under load, by its name.
pub fn place(partition: i32) -> String {
    format!("{}-{partition}", crate::arena::TOPIC)
}

/// What one reader was shown never goes back and leaves nothing out.
pub fn in_order(shown: &[Shown], who: &str) {
    let mut last = std::collections::BTreeMap::new();
    for one in shown {
        if let Some(before) = last.insert(one.partition, one.offset) {
            assert_eq!(one.offset, before + 1, "what {who} was shown of partition {} after {before}", one.partition);
        }
    }
}

/// The data directories of a node whose first is `data`.
pub fn data_dirs(data: &Path) -> Vec<PathBuf> {
    vec![data.to_path_buf(), data.with_file_name("data-2")]
}

/// The batches in a replica's files, from the first segment on.
pub fn log_bytes(data: &Path, topic: &str, partition: i32) -> Vec<u8> {
    let name = format!("{topic}-{partition}");
    let Some(dir) = data_dirs(data).into_iter().map(|dir| dir.join(&name)).find(|dir| dir.is_dir()) else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(&dir) else { return Vec::new() };
    let mut files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|p| p.extension().is_some_and(|e| e == "log")).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        all.extend(&bytes[..whole_length(&bytes)]);
    }
    all
}

/// Bytes of whole batches at the front: what is preallocated behind the last one is zeros.
pub fn whole_length(bytes: &[u8]) -> usize {
    let written = reader::batches(bytes).into_iter().take_while(|head| head.count > 0);
    written.last().map_or(0, |head| head.position + head.length)
}

/// The offset behind the last batch.
pub fn end_of(bytes: &[u8]) -> i64 {
    reader::batches(bytes).last().map_or(0, |head| head.base_offset + i64::from(head.last_offset_delta) + 1)
}

/// Offsets and values of the records in plain batches; control batches are passed over.
pub fn values(bytes: &[u8]) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    for head in reader::batches(bytes) {
        let batch = &bytes[head.position..head.position + head.length];
        assert_eq!(batch[22] & 7, 0, "the batch at {} is compressed", head.base_offset);
        if batch[22] & 0x20 != 0 {
            continue;
        }
        let mut section = &batch[61..];
        for _ in 0..head.count {
            let length = zigzag(&mut section) as usize;
            let (mut record, rest) = section.split_at(length);
            section = rest;
            record = &record[1..];
            let _timestamp = zigzag(&mut record);
            let delta = zigzag(&mut record);
            let key = zigzag(&mut record).max(0) as usize;
            record = &record[key..];
            let value = zigzag(&mut record).max(0) as usize;
            all.push((head.base_offset + delta, String::from_utf8_lossy(&record[..value]).into_owned()));
        }
    }
    all
}

fn zigzag(bytes: &mut &[u8]) -> i64 {
    let (mut number, mut shift) = (0u64, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return (number >> 1) as i64 ^ -((number & 1) as i64);
        }
    }
}
