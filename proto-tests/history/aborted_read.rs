//! Aborted reads (G1a), and reads of what is not committed yet.

use super::event::Isolation;
use super::index::{Fate, Index};
use super::{Anomaly, Kind};

/// Records that were read although they must not be.
pub fn check(index: &Index<'_>, found: &mut Vec<Anomaly>) {
    for sighting in &index.sightings {
        let Some(sent) = index.sent.get(&sighting.value) else { continue };
        let (value, by, place) = (sighting.value, sighting.by, sighting.place);
        if sent.refused {
            found.push(Anomaly::new(Kind::AbortedRead, format!("{by} read {value} at {place:?}, which was refused")));
            continue;
        }
        let Some(txn) = sent.txn.filter(|_| sighting.isolation == Isolation::ReadCommitted) else { continue };
        let asked = index.transactions.get(&txn).and_then(|txn| txn.asked);
        if index.fate_of(txn) == Fate::Never {
            let what = format!("{by} read {value} at {place:?} of transaction {txn}, which was aborted");
            found.push(Anomaly::new(Kind::AbortedRead, what));
        } else if asked.is_some_and(|asked| asked > sighting.line) {
            let what = format!("{by} read {value} at {place:?} of transaction {txn} before its commit was asked for");
            found.push(Anomaly::new(Kind::EarlyRead, what));
        }
    }
}
