//! Checkpoint files: a version, a count, then one line per entry. Replaced as a whole.
//!
//! ```text
//!  0                       0
//!  2                       1
//!  topic-a 0 4711          0 0            (leader-epoch-checkpoint: epoch, start offset)
//!  topic-b 3 12
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::disk;
use super::error::StorageError;
use crate::base::ids::{Offset, PartitionIndex, TopicPartition};

/// `recovery-point-offset-checkpoint`: up to where each log is known to be on disk.
pub const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
/// `log-start-offset-checkpoint`: where logs start that do not start with their first segment.
pub const LOG_STARTS: &str = "log-start-offset-checkpoint";
/// `replication-offset-checkpoint`: high watermarks.
pub const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";

/// Reads lines of a checkpoint file. `Ok(None)`: there is none. `Err`: it is damaged.
fn read_lines(path: &Path) -> Result<Option<Result<Vec<String>, String>>, StorageError> {
    let Some(text) = disk::read_text(path)? else { return Ok(None) };
    let mut lines = text.lines();
    let parsed = (|| {
        if lines.next()?.trim() != "0" {
            return None;
        }
        let count: usize = lines.next()?.trim().parse().ok()?;
        let entries: Vec<String> = lines.filter(|l| !l.trim().is_empty()).map(str::to_owned).collect();
        (entries.len() == count).then_some(entries)
    })();
    Ok(Some(parsed.ok_or_else(|| "the checkpoint's version or count is wrong".to_owned())))
}

/// Reads offsets by partition. A missing or damaged file gives none: what it says can always be found out again, if slowly.
pub fn read_offsets(path: &Path) -> Result<BTreeMap<TopicPartition, Offset>, StorageError> {
    let lines = match read_lines(path)? {
        None => return Ok(BTreeMap::new()),
        Some(Ok(lines)) => lines,
        Some(Err(reason)) => {
            tracing::warn!(path = %path.display(), reason, "a damaged checkpoint is ignored");
            return Ok(BTreeMap::new());
        }
    };
    let mut offsets = BTreeMap::new();
    for line in &lines {
        let mut fields = line.split_whitespace();
        let entry = (|| {
            let topic = fields.next()?;
            let partition: i32 = fields.next()?.parse().ok()?;
            let offset: i64 = fields.next()?.parse().ok()?;
            Some((TopicPartition::new(topic, PartitionIndex(partition)), Offset(offset)))
        })();
        match entry {
            Some((partition, offset)) => drop(offsets.insert(partition, offset)),
            None => tracing::warn!(path = %path.display(), line, "a damaged line of a checkpoint is ignored"),
        }
    }
    Ok(offsets)
}

/// Replaces a file of offsets by partition.
pub fn write_offsets(path: &Path, offsets: &BTreeMap<TopicPartition, Offset>) -> Result<(), StorageError> {
    let mut text = format!("0\n{}\n", offsets.len());
    for (partition, offset) in offsets {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {} {}", partition.topic, partition.partition, offset);
    }
    disk::replace(path, text.as_bytes())
}

/// Reads pairs of numbers. `None`: missing or damaged.
pub fn read_pairs(path: &Path) -> Result<Option<Vec<(i32, i64)>>, StorageError> {
    let Some(Ok(lines)) = read_lines(path)? else { return Ok(None) };
    let pair = |line: &String| {
        let mut fields = line.split_whitespace();
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Ok(lines.iter().map(pair).collect())
}

/// Replaces a file of pairs of numbers.
pub fn write_pairs(path: &Path, pairs: &[(i32, i64)]) -> Result<(), StorageError> {
    let mut text = format!("0\n{}\n", pairs.len());
    for (a, b) in pairs {
        let _ = writeln!(text, "{a} {b}");
    }
    disk::replace(path, text.as_bytes())
}
