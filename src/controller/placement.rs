//! Which brokers hold a new partition.
//!
//! The first rule is that the replicas of one partition are in as many racks as there are, or as many as it has replicas, a
//! fenced broker included where a rack has no other. The second, that every unfenced broker leads as many partitions as the next,
//! whatever rack it is in, with followers that change, so that what one leaves is taken over by many. Within a rack a fenced broker
//! is used only where there are not enough others, and never as first choice.
//! Partitions of one topic start at a random broker, so that topics of one partition spread as well.

use std::collections::{BTreeMap, BTreeSet};

use super::api_error::ApiError;
use super::context::Chance;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Uuid};
use crate::metadata::cluster::BrokerImage;
use crate::metadata::image::MetadataImage;

/// The id that stands for "the broker's choice" where a replica has no directory yet.
pub const UNASSIGNED_DIR: Uuid = Uuid::ZERO;

/// Who holds a partition, and who of them is in sync from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The replicas, preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those that are active.
    pub isr: Vec<NodeId>,
}

/// The directory of a new replica: a broker with a single one has no choice.
pub fn default_directory(image: &MetadataImage, broker: NodeId) -> Uuid {
    match image.brokers().get(broker).map(|broker| broker.log_dirs.as_slice()) {
        Some([only]) => *only,
        _ => UNASSIGNED_DIR,
    }
}

/// Why nothing can be placed while no broker is well.
const NOBODY_LEADS: &str = "no broker could lead it just now: all are fenced or shutting down";

/// Whether a broker may lead and be in sync.
pub fn is_active(image: &MetadataImage, broker: NodeId) -> bool {
    image.brokers().get(broker).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
}

/// Whether new replicas may go to a broker: one of its directories takes some (KIP-1066).
fn has_room(broker: &BrokerImage) -> bool {
    let cordoned = broker.cordoned_log_dirs.as_deref().unwrap_or_default();
    broker.log_dirs.is_empty() || broker.log_dirs.iter().any(|dir| !cordoned.contains(dir))
}

/// Replicas chosen by hand. `factor` is what the partitions before had.
pub fn by_hand(image: &MetadataImage, replicas: &[NodeId], factor: Option<usize>) -> Result<Assignment, ApiError> {
    let refuse = |message: String| Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
    if replicas.is_empty() {
        return refuse("a partition must have one replica at least, and one of the lists is empty".to_owned());
    }
    let mut seen = BTreeSet::new();
    for replica in replicas {
        if image.brokers().get(*replica).is_none() {
            return refuse(format!(
                "broker {replica} is to hold a replica, but no broker of that number has registered"
            ));
        }
        if !seen.insert(replica) {
            return refuse(format!(
                "broker {replica} is listed twice for one partition; it can hold one replica of it"
            ));
        }
    }
    if let Some(factor) = factor
        && factor != replicas.len()
    {
        return refuse(format!(
            "all partitions of a topic have as many replicas as the first, which has {factor}; {} are listed",
            replicas.len()
        ));
    }
    let isr = replicas.iter().copied().filter(|replica| is_active(image, *replica)).collect();
    Ok(Assignment { replicas: replicas.to_vec(), isr })
}

/// Chooses replicas for `count` partitions, the first of which is number `first`. The error says why it cannot.
pub fn place(
    image: &MetadataImage,
    chance: &dyn Chance,
    first: usize,
    count: usize,
    factor: i16,
) -> Result<Vec<Assignment>, String> {
    let brokers = image.brokers().iter().filter(|broker| has_room(broker)).count();
    let fault = |why: String| Err(format!("{factor} replicas of each partition cannot be placed: {why}"));
    let factor = usize::try_from(factor).unwrap_or(0);
    if factor == 0 {
        return fault("one is the least".to_owned());
    }
    if image.brokers().unfenced().all(|broker| broker.in_controlled_shutdown) {
        return fault(NOBODY_LEADS.to_owned());
    }
    if factor > brokers {
        return fault(format!("{brokers} brokers have registered, and each holds one replica of a partition at most"));
    }
    let racks = Racks::of(image, chance);
    let mut placed = Vec::with_capacity(count);
    for number in first..first + count {
        let replicas = racks.take(number, factor);
        let isr: Vec<_> = replicas.iter().copied().filter(|replica| is_active(image, *replica)).collect();
        if isr.is_empty() {
            return fault(NOBODY_LEADS.to_owned());
        }
        placed.push(Assignment { replicas, isr });
    }
    Ok(placed)
}

struct Rack {
    /// In order.
    unfenced: Vec<NodeId>,
    fenced: Vec<NodeId>,
}

impl Rack {
    /// Its brokers, one for each round: the unfenced ones in turn from `first` on, then the others.
    fn broker(&self, first: usize, round: usize) -> Option<NodeId> {
        let unfenced = self.unfenced.len();
        let list = if round < unfenced { &self.unfenced } else { &self.fenced };
        let round = if round < unfenced { round } else { round - unfenced };
        (round < list.len()).then(|| list[(first + round) % list.len()])
    }
}

struct Racks {
    racks: Vec<Rack>,
    /// All unfenced brokers, one of each rack in turn: the rack, and the place in it.
    leaders: Vec<(usize, usize)>,
    /// Where the first partition starts, so that small topics do not all begin at one broker.
    start: usize,
    /// How the followers of that partition are turned, so that those of one leader differ.
    turn: usize,
}

impl Racks {
    fn of(image: &MetadataImage, chance: &dyn Chance) -> Self {
        let mut by_name: BTreeMap<Option<&str>, Rack> = BTreeMap::new();
        for broker in image.brokers().iter().filter(|broker| has_room(broker)) {
            let rack = by_name
                .entry(broker.rack.as_deref())
                .or_insert_with(|| Rack { unfenced: Vec::new(), fenced: Vec::new() });
            let active = !broker.fenced && !broker.in_controlled_shutdown;
            if active { &mut rack.unfenced } else { &mut rack.fenced }.push(broker.broker_id);
        }
        let racks: Vec<_> = by_name.into_values().collect();
        let most = racks.iter().map(|rack| rack.unfenced.len()).max().unwrap_or(0);
        let places = (0..most).flat_map(|place| (0..racks.len()).map(move |rack| (rack, place)));
        let leaders: Vec<_> = places.filter(|(rack, place)| *place < racks[*rack].unfenced.len()).collect();
        let start = chance.below(leaders.len().max(1));
        let turn = chance.below(image.brokers().len().max(1));
        Self { racks, leaders, start, turn }
    }

    /// The replicas of one partition: the leader whose turn it is, one broker of each other rack, and further ones in more rounds
    /// over the racks. Each time that the same broker leads, its followers are others.
    fn take(&self, number: usize, factor: usize) -> Vec<NodeId> {
        let Some((first, leader)) = self.leaders.get((self.start + number) % self.leaders.len().max(1)).copied() else {
            return Vec::new();
        };
        let turn = self.turn + number / self.leaders.len();
        // Every other rack comes next once, and then with its next broker.
        let place = leader + turn / (self.racks.len() - 1).max(1);
        let mut replicas = Vec::with_capacity(factor);
        for round in 0..self.racks.iter().map(|rack| rack.unfenced.len() + rack.fenced.len()).max().unwrap_or(0) {
            for step in 0..self.racks.len() {
                let rack = &self.racks[turned(first, self.racks.len(), step, turn)];
                let broker = if step > 0 {
                    rack.broker(place + step, round)
                } else if round < rack.unfenced.len() {
                    rack.unfenced.get(turned(leader, rack.unfenced.len(), round, turn)).copied()
                } else {
                    rack.broker(turn, round)
                };
                replicas.extend(broker);
                if replicas.len() == factor {
                    return replicas;
                }
            }
        }
        replicas
    }
}

/// Goes round `count` places: `first`, and then the others from one of them on that `turn` names.
fn turned(first: usize, count: usize, step: usize, turn: usize) -> usize {
    if step == 0 { first } else { (first + 1 + (turn + step - 1) % (count - 1)) % count }
}

#[cfg(test)]
#[path = "placement_test.rs"]
mod tests;
