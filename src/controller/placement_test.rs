//! Where new partitions go in clusters with racks.

use super::*;
use crate::base::ids::{BrokerEpoch, Offset};
use crate::metadata::record::{self, MetadataRecord};

/// The same numbers again and again, below each bound.
struct Fixed(usize);

impl Chance for Fixed {
    fn uuid(&self) -> Uuid {
        Uuid::ZERO
    }
    fn below(&self, bound: usize) -> usize {
        self.0 % bound
    }
}

/// A cluster: for each broker from 1 on its rack, in capitals if it is fenced.
fn cluster(racks: &str) -> MetadataImage {
    let mut image = MetadataImage::default();
    for (id, rack) in (1..).zip(racks.chars()) {
        let record = MetadataRecord::RegisterBroker(record::RegisterBroker {
            broker_id: NodeId(id),
            incarnation_id: Uuid([id as u8; 16]),
            broker_epoch: BrokerEpoch(i64::from(id)),
            endpoints: Vec::new(),
            features: Vec::new(),
            rack: (rack != '-').then(|| rack.to_ascii_lowercase().to_string()),
            fenced: rack.is_ascii_uppercase(),
            in_controlled_shutdown: false,
            log_dirs: vec![Uuid([id as u8; 16])],
            cordoned_log_dirs: None,
        });
        image.apply(Offset(i64::from(id)), &record).expect("a record that fits");
    }
    image
}

fn rack_of(racks: &str, broker: NodeId) -> char {
    racks.chars().nth(broker.0 as usize - 1).expect("a broker").to_ascii_lowercase()
}

/// How often each comes.
fn counted<K: Ord>(all: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// Places so many partitions that everybody's turn comes equally often, and holds against the rules what came.
fn placed(racks: &str, factor: i16, chance: usize) -> Vec<Assignment> {
    let image = cluster(racks);
    let unfenced = racks.chars().filter(|rack| !rack.is_ascii_uppercase()).count();
    let all = place(&image, &Fixed(chance), 0, unfenced * 12, factor).expect("they can be placed");
    let names: BTreeSet<char> = racks.to_ascii_lowercase().chars().collect();
    for Assignment { replicas, isr } in &all {
        let several = BTreeSet::from_iter(replicas);
        assert_eq!((replicas.len(), several.len()), (factor as usize, factor as usize), "{racks}: {replicas:?}");
        assert!(is_active(&image, replicas[0]), "{racks}: {replicas:?}");
        assert!(isr.iter().copied().eq(replicas.iter().copied().filter(|id| is_active(&image, *id))));
        let used: BTreeSet<char> = replicas.iter().map(|id| rack_of(racks, *id)).collect();
        assert_eq!(used.len(), names.len().min(factor as usize), "{racks}: {replicas:?}");
        // A fenced one only where its rack has no other.
        for fenced in replicas.iter().filter(|id| !is_active(&image, **id)) {
            let rack = rack_of(racks, *fenced);
            let others = image.brokers().iter().map(|broker| broker.broker_id);
            let mut others = others.filter(|id| is_active(&image, *id) && rack_of(racks, *id) == rack);
            assert!(others.all(|id| replicas.contains(&id)), "{racks}: {replicas:?}");
        }
    }
    let led = counted(all.iter().map(|a| a.replicas[0]));
    assert!(led.len() == unfenced && led.values().all(|count| *count == 12), "{racks}: {led:?}");
    all
}

#[test]
fn replicas_are_in_as_many_racks_as_there_are_and_everybody_leads_as_much() {
    for racks in
        ["aabbcc", "abc", "aab", "aaaabc", "aabbccdd", "------", "ab-", "AbBc", "aabBcC", "aaBB", "Aabb", "AAabbcc"]
    {
        for factor in 1..=3 {
            for chance in 0..4 {
                placed(racks, factor, chance);
            }
        }
    }
}

#[test]
fn in_racks_of_one_size_everybody_holds_as_much() {
    for racks in ["aabbcc", "abc", "aaabbbccc", "aabbccdd", "------"] {
        for factor in 1..=3 {
            let held = counted(placed(racks, factor, 1).into_iter().flat_map(|a| a.replicas));
            let most = held.values().max().copied().unwrap_or(0);
            let least = held.values().min().copied().unwrap_or(0);
            assert!(held.len() == racks.len() && most - least <= 2, "{racks}, {factor}: {held:?}");
        }
    }
}

#[test]
fn what_one_leads_is_followed_by_many() {
    for (racks, factor, expected) in [("----", 2, 3), ("aabbcc", 2, 4), ("aabbcc", 3, 4), ("abc", 2, 2)] {
        let all = placed(racks, factor, 2);
        for id in (1..=racks.len() as i32).map(NodeId) {
            let next: BTreeSet<NodeId> = all.iter().filter(|a| a.replicas[0] == id).map(|a| a.replicas[1]).collect();
            assert_eq!(next.len(), expected, "{racks}: after {id} come {next:?}");
        }
    }
}

#[test]
fn nothing_is_placed_that_nobody_could_lead() {
    let refused = |racks: &str, factor: i16| place(&cluster(racks), &Fixed(0), 0, 1, factor).expect_err("refused");
    assert!(refused("AB", 1).contains(NOBODY_LEADS));
    assert!(refused("ab", 3).contains("2 brokers have registered"));
    assert!(refused("ab", 0).contains("one is the least"));
    let all = place(&cluster("aB"), &Fixed(0), 3, 1, 2).expect("one of them leads");
    assert_eq!((&all[0].replicas[..], &all[0].isr[..]), (&[NodeId(1), NodeId(2)][..], &[NodeId(1)][..]));
}
