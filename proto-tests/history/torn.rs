//! Torn transactions: a part of one is there in the end, another part is not.

use super::event::Isolation;
use super::index::{Fate, Index};
use super::{Anomaly, Kind};

/// A transaction of which something was read is committed, and then all that was sent in it is to be read.
pub fn check(index: &Index<'_>, found: &mut Vec<Anomaly>) {
    for (number, txn) in &index.transactions {
        if index.fate_of(*number) == Fate::Never {
            continue;
        }
        let is_seen = |value: &&i64| index.seen_committed.contains(*value);
        let (seen, unseen): (Vec<&i64>, Vec<&i64>) = txn.values.iter().partition(is_seen);
        let is_missing = |value: &&i64| {
            index.sent.get(*value).is_some_and(|sent| {
                let highest = index.highest.get(sent.partition).copied().unwrap_or(-1);
                let is_behind = sent.offset.is_some_and(|offset| offset <= highest);
                !sent.refused && (is_behind || index.is_drained(sent.partition, Isolation::ReadCommitted))
            })
        };
        let missing: Vec<&i64> = unseen.into_iter().filter(is_missing).collect();
        if !seen.is_empty() && !missing.is_empty() {
            let what = format!("of transaction {number}, {seen:?} were read and {missing:?} were not");
            found.push(Anomaly::new(Kind::Torn, what));
        }
    }
}
