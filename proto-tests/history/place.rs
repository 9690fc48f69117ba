//! Values and the places they lie at: one value at one place, one place for one value, and none that nobody sent there.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Index, Place};
use super::{Anomaly, Kind};

/// What acknowledgements and readers say together.
pub fn check(index: &Index<'_>, found: &mut Vec<Anomaly>) {
    let mut values: BTreeMap<Place<'_>, BTreeSet<i64>> = BTreeMap::new();
    let mut places: BTreeMap<i64, BTreeSet<Place<'_>>> = BTreeMap::new();
    let acked = index.sent.iter().filter_map(|(value, sent)| Some(((sent.partition, sent.offset?), *value)));
    let read = index.sightings.iter().map(|sighting| (sighting.place, sighting.value));
    for (place, value) in acked.chain(read) {
        values.entry(place).or_default().insert(value);
        places.entry(value).or_default().insert(place);
    }
    for (place, values) in values.iter().filter(|(_, values)| values.len() > 1) {
        found.push(Anomaly::new(Kind::TwoValues, format!("at {place:?} lie {values:?}")));
    }
    for (value, places) in places.iter().filter(|(_, places)| places.len() > 1) {
        found.push(Anomaly::new(Kind::Duplicate, format!("{value} lies at {places:?}")));
    }
    for (value, places) in places {
        let home = index.sent.get(&value).map(|sent| sent.partition);
        if let Some(place) = places.iter().find(|(partition, _)| Some(*partition) != home) {
            found.push(Anomaly::new(Kind::Phantom, format!("{value} lies at {place:?}, and was sent to {home:?}")));
        }
    }
}
