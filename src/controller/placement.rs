//! Which brokers hold a new partition.
//!
//! Brokers are striped over racks: racks in order, rotated by one for each partition, so that leaders spread over racks and
//! brokers evenly and the replicas of one partition touch as many racks as they can. A fenced broker is used only where
//! there are not enough others, and never as first choice.
//! Partitions of one topic start at a random broker, so that topics of one partition spread as well.

use std::collections::{BTreeMap, BTreeSet};

use super::api_error::ApiError;
use super::context::Chance;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Uuid};
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
    let brokers = image.brokers().len();
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
    unfenced: Vec<NodeId>,
    fenced: Vec<NodeId>,
    /// Where its lists begin.
    turn: usize,
}

impl Rack {
    fn unfenced(&self) -> &[NodeId] {
        &self.unfenced
    }
    fn fenced(&self) -> &[NodeId] {
        &self.fenced
    }
}

struct Racks {
    racks: Vec<Rack>,
    /// Where the first partition starts, so that small topics do not all begin at one broker.
    start: usize,
}

impl Racks {
    fn of(image: &MetadataImage, chance: &dyn Chance) -> Self {
        let mut by_name: BTreeMap<Option<&str>, Rack> = BTreeMap::new();
        for broker in image.brokers().iter() {
            let rack = by_name.entry(broker.rack.as_deref()).or_insert_with(|| Rack {
                unfenced: Vec::new(),
                fenced: Vec::new(),
                turn: 0,
            });
            if broker.fenced || broker.in_controlled_shutdown {
                rack.fenced.push(broker.broker_id);
            } else {
                rack.unfenced.push(broker.broker_id);
            }
        }
        let mut racks: Vec<_> = by_name.into_values().collect();
        for rack in &mut racks {
            rack.turn = chance.below(rack.unfenced.len().max(1));
        }
        let start = chance.below(racks.len().max(1));
        Self { racks, start }
    }

    /// The replicas of one partition: a round over the racks takes one unfenced broker of each, further rounds take their
    /// next ones; what is then still missing is taken from the fenced.
    fn take(&self, number: usize, factor: usize) -> Vec<NodeId> {
        let rack_count = self.racks.len();
        let mut replicas = Vec::with_capacity(factor);
        for pick in [Rack::unfenced as fn(&Rack) -> &[NodeId], Rack::fenced] {
            let most = self.racks.iter().map(|rack| pick(rack).len()).max().unwrap_or(0);
            for round in 0..most {
                for step in 0..rack_count {
                    let rack = &self.racks[(self.start + number + step) % rack_count];
                    let brokers = pick(rack);
                    if round < brokers.len() && replicas.len() < factor {
                        replicas.push(brokers[(rack.turn + number / rack_count + round) % brokers.len()]);
                    }
                }
            }
        }
        replicas
    }
}
