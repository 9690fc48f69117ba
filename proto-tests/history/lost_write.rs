//! Lost writes: what was acknowledged, and committed if it was in a transaction, and never read.

use super::event::Isolation;
use super::index::{Fate, Index};
use super::{Anomaly, Kind};

/// A lost write lies where others read behind it; unseen is what lies behind everything that was read in the end.
pub fn check(index: &Index<'_>, found: &mut Vec<Anomaly>) {
    let mut open: Vec<&str> = Vec::new();
    for (value, sent) in &index.sent {
        if index.fate(sent) != Fate::Durable {
            continue;
        }
        let partition = sent.partition;
        let is_drained = index.is_drained(partition, Isolation::ReadUncommitted);
        if !is_drained && !open.contains(&partition) {
            open.push(partition);
            let what = format!("{partition} was not read to its end after the last record in it was acknowledged");
            found.push(Anomaly::new(Kind::NotDrained, what));
        }
        if index.seen.contains(value) {
            continue;
        }
        let highest = index.highest.get(partition).copied().unwrap_or(-1);
        match sent.offset {
            Some(offset) if offset <= highest => {
                let what =
                    format!("{value}, acknowledged at {:?}, was never read, but {highest} was", (partition, offset));
                found.push(Anomaly::new(Kind::LostWrite, what));
            }
            _ if is_drained => {
                let what = format!("{value} of {partition} is durable, and was not there in the end");
                found.push(Anomaly::new(Kind::Unseen, what));
            }
            _ => {}
        }
    }
}
