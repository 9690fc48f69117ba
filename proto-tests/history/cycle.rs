//! Circles of transactions that read from each other (G1c): one of them read what was not committed yet.
//!
//! Only reads count, as edges from the writer to the reader. That one transaction's records lie between another's (G0) is
//! what logs do, and allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Isolation;
use super::index::{Fate, Index};
use super::{Anomaly, Kind};

/// From each transaction to those that read from it.
type Readers = BTreeMap<i64, BTreeSet<i64>>;

/// One circle is told of each knot.
pub fn check(index: &Index<'_>, found: &mut Vec<Anomaly>) {
    let mut readers = Readers::new();
    for sighting in index.sightings.iter().filter(|sighting| sighting.isolation == Isolation::ReadCommitted) {
        let writer = index.sent.get(&sighting.value).and_then(|sent| sent.txn);
        // What was aborted and read all the same is told elsewhere.
        if let (Some(writer), Some(reader)) = (writer.filter(|txn| index.fate_of(*txn) != Fate::Never), sighting.txn) {
            readers.entry(writer).or_default().insert(reader);
            readers.entry(reader).or_default();
        }
    }
    while let Some(circle) = circle(&mut readers) {
        for txn in &circle {
            readers.remove(txn);
        }
        found.push(Anomaly::new(Kind::Cycle, format!("transactions {circle:?} read from each other in a circle")));
    }
}

/// A circle, if there is one: takes away all that lead nowhere, then follows what is left until it comes back.
fn circle(readers: &mut Readers) -> Option<Vec<i64>> {
    loop {
        let all: BTreeSet<i64> = readers.keys().copied().collect();
        for of in readers.values_mut() {
            of.retain(|reader| all.contains(reader));
        }
        let before = readers.len();
        readers.retain(|_, of| !of.is_empty());
        if readers.len() == before {
            break;
        }
    }
    let mut path = vec![*readers.keys().next()?];
    loop {
        let next = *readers.get(path.last()?)?.first()?;
        if let Some(start) = path.iter().position(|txn| *txn == next) {
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}
