//! Who owns what while an assignor is at work. Never knows how it decides.

use super::{Partitions, Spec};

/// Nobody, where an owner is expected.
pub(super) const NOBODY: u32 = u32::MAX;

/// Who owns each partition of each topic: members by their place in the group.
pub(super) struct Owners {
    /// By topic, then by partition.
    pub(super) by_topic: Vec<Vec<u32>>,
}

impl Owners {
    /// What members own already, of the topics they still subscribe to and of partitions that exist. Should two claim the
    /// same partition, the first has it.
    pub(super) fn previous(spec: &Spec<'_>) -> Self {
        let mut owners =
            Self { by_topic: spec.topics.iter().map(|t| vec![NOBODY; t.partitions.max(0) as usize]).collect() };
        for (member, m) in (0u32..).zip(&spec.members) {
            for (topic, partitions) in &*m.previous {
                let Ok(at) = spec.topics.binary_search_by_key(topic, |t| t.id) else { continue };
                if m.topics.binary_search(&at).is_err() {
                    continue;
                }
                for partition in partitions {
                    let owner = usize::try_from(*partition).ok().and_then(|p| owners.by_topic[at].get_mut(p));
                    if let Some(owner @ &mut NOBODY) = owner {
                        *owner = member;
                    }
                }
            }
        }
        owners
    }

    /// What each member owns.
    pub(super) fn shares(&self, spec: &Spec<'_>) -> Vec<Partitions> {
        let mut shares = vec![Partitions::new(); spec.members.len()];
        let mut lists: Vec<Vec<i32>> = vec![Vec::new(); spec.members.len()];
        let mut seen = Vec::new();
        for (topic, owners) in spec.topics.iter().zip(&self.by_topic) {
            for (partition, owner) in (0i32..).zip(owners) {
                if *owner != NOBODY {
                    let list = &mut lists[*owner as usize];
                    if list.is_empty() {
                        seen.push(*owner as usize);
                    }
                    list.push(partition);
                }
            }
            for member in seen.drain(..) {
                shares[member].insert(topic.id, std::mem::take(&mut lists[member]));
            }
        }
        shares
    }
}
