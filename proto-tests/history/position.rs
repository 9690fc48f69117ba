//! Readers go forward, and leave nothing out.

use std::collections::{BTreeMap, HashMap};

use super::event::{Event, Isolation, Line};
use super::index::{Fate, Index, Place};
use super::{Anomaly, Kind};

/// Follows each reader from where it was assigned.
pub fn check(lines: &[Line], index: &Index<'_>, found: &mut Vec<Anomaly>) {
    let (committed, all) = (visible(index, Isolation::ReadCommitted), visible(index, Isolation::ReadUncommitted));
    let mut readers: HashMap<&str, (Isolation, HashMap<&str, i64>)> = HashMap::new();
    for line in lines {
        match &line.event {
            Event::Assign { at, isolation } => {
                let known = at.iter().filter_map(|(partition, offset)| Some((partition.as_str(), (*offset)?)));
                readers.insert(&line.p, (*isolation, known.collect()));
            }
            Event::Poll { records, .. } => {
                let (isolation, next) = readers.entry(&line.p).or_default();
                for (partition, offset, _) in records {
                    let Some(expected) = next.insert(partition, offset + 1) else { continue };
                    if *offset < expected {
                        let what = format!("{} read {partition} at {offset} when it was at {expected}", line.p);
                        found.push(Anomaly::new(Kind::NonMonotonicPoll, what));
                        continue;
                    }
                    let visible = if *isolation == Isolation::ReadCommitted { &committed } else { &all };
                    let left_out: Vec<i64> = visible
                        .range((partition.as_str(), expected)..(partition.as_str(), *offset))
                        .map(|(_, value)| *value)
                        .collect();
                    if !left_out.is_empty() {
                        let what = format!("{} left out {left_out:?} of {partition} before offset {offset}", line.p);
                        found.push(Anomaly::new(Kind::PollSkip, what));
                    }
                }
            }
            _ => {}
        }
    }
}

/// What a reader comes by, and where.
fn visible<'a>(index: &Index<'a>, isolation: Isolation) -> BTreeMap<Place<'a>, i64> {
    let is_seen = |fate| fate == Fate::Durable || isolation == Isolation::ReadUncommitted;
    let acked = index.sent.iter().filter(|(_, sent)| is_seen(index.fate(sent)));
    let acked = acked.filter_map(|(value, sent)| Some(((sent.partition, sent.offset?), *value)));
    let read = index
        .sightings
        .iter()
        .filter(|sighting| isolation == Isolation::ReadUncommitted || sighting.isolation == Isolation::ReadCommitted);
    acked.chain(read.map(|sighting| (sighting.place, sighting.value))).collect()
}
