//! What must be true of a group's whole life, judged from what its members said.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::member::{Member, Tenure};

/// No partition was held by two members at a time.
pub fn one_owner_at_a_time(members: &mut [&mut Member]) -> Vec<String> {
    let mut by_partition: BTreeMap<String, Vec<(String, Tenure)>> = BTreeMap::new();
    for m in members {
        let name = m.name.clone();
        for t in m.tenures() {
            by_partition.entry(t.partition.clone()).or_default().push((name.clone(), t.clone()));
        }
    }
    let mut wrong = Vec::new();
    for (partition, mut list) in by_partition {
        list.sort_by_key(|(_, t)| t.from);
        for pair in list.windows(2) {
            let ((a, first), (b, second)) = (&pair[0], &pair[1]);
            if a != b && first.until.is_none_or(|until| until > second.from) {
                wrong.push(format!("{partition}: {a} held it {first:?} when {b} got it {second:?}"));
            }
        }
    }
    wrong
}

/// No partition was given to two members in one generation, where the client tells its generation.
pub fn one_owner_a_generation(members: &mut [&mut Member]) -> Vec<String> {
    let mut seen: BTreeMap<(i64, String), BTreeSet<String>> = BTreeMap::new();
    for m in members {
        let name = m.name.clone();
        for t in m.tenures() {
            if let Some(generation) = t.generation {
                seen.entry((generation, t.partition.clone())).or_default().insert(name.clone());
            }
        }
    }
    let double = seen.into_iter().filter(|(_, owners)| owners.len() > 1);
    double
        .map(|((generation, partition), owners)| format!("{partition} in generation {generation}: {owners:?}"))
        .collect()
}

/// Every record up to the ends was consumed by somebody.
pub fn all_consumed(members: &mut [&mut Member], ends: &BTreeMap<String, i64>) -> Vec<String> {
    let mut all: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for m in members {
        for (partition, offsets) in m.consumed() {
            all.entry(partition).or_default().extend(offsets);
        }
    }
    let mut wrong = Vec::new();
    for (partition, end) in ends {
        let got = all.remove(partition).unwrap_or_default();
        let missing: Vec<i64> = (0..*end).filter(|o| !got.contains(o)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{partition}: of {end} records nobody consumed {missing:?}"));
        }
    }
    wrong
}
