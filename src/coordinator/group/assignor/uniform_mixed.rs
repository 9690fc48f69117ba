//! The uniform assignor where members subscribe to different topics: partitions go to whoever of a topic's subscribers
//! has the fewest, then move from those with most to those with least, topic by topic, until nothing moves or the rounds
//! are used up.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::Spec;
use super::balancer::Balancer;
use super::owners::{NOBODY, Owners};

/// Rounds of balancing over all topics: most groups need one or two.
const ROUNDS_MAX: usize = 16;

struct Mixed<'a> {
    spec: &'a Spec<'a>,
    /// The members that subscribe to each topic.
    subscribers: Vec<Vec<u32>>,
    owners: Owners,
    /// How many partitions each member owns.
    sizes: Vec<i64>,
}

/// Who should own what.
pub(super) fn assign(spec: &Spec<'_>) -> Owners {
    let mut subscribers = vec![Vec::new(); spec.topics.len()];
    for (at, member) in (0u32..).zip(&spec.members) {
        for topic in &*member.topics {
            subscribers[*topic].push(at);
        }
    }
    let owners = Owners::previous(spec);
    let mut sizes = vec![0; spec.members.len()];
    for owner in owners.by_topic.iter().flatten().filter(|owner| **owner != NOBODY) {
        sizes[*owner as usize] += 1;
    }
    let mut mixed = Mixed { spec, subscribers, owners, sizes };
    mixed.assign_free();
    mixed.balance();
    mixed.owners
}

impl Mixed<'_> {
    /// Topics in the order in which they are dealt with: those with the most partitions for each subscriber first, as they
    /// leave the least choice.
    fn sorted_topics(&self, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut topics: Vec<usize> = (0..self.spec.topics.len()).filter(|topic| keep(*topic)).collect();
        topics.sort_by(|a, b| self.compare_topics(*a, *b));
        topics
    }

    fn compare_topics(&self, a: usize, b: usize) -> Ordering {
        let load = |topic: usize, other: usize| self.owners.by_topic[topic].len() * self.subscribers[other].len();
        load(b, a)
            .cmp(&load(a, b))
            .then(self.subscribers[a].len().cmp(&self.subscribers[b].len()))
            .then(self.spec.topics[a].id.cmp(&self.spec.topics[b].id))
    }

    fn assign_free(&mut self) {
        for topic in self.sorted_topics(|topic| !self.subscribers[topic].is_empty()) {
            let mut balancer = None;
            for partition in 0..self.owners.by_topic[topic].len() {
                if self.owners.by_topic[topic][partition] == NOBODY {
                    let balancer = balancer.get_or_insert_with(|| Balancer::new(&self.subscribers[topic], &self.sizes));
                    let member = balancer.next_least_loaded(&self.sizes);
                    self.give(topic, partition, member);
                }
            }
        }
    }

    fn balance(&mut self) {
        let topics = self.sorted_topics(|topic| self.subscribers[topic].len() > 1);
        let mut last_changed = None;
        for _ in 0..ROUNDS_MAX {
            for (at, topic) in topics.iter().enumerate() {
                if last_changed == Some(at) {
                    return;
                }
                if self.balance_topic(*topic) || last_changed.is_none() {
                    last_changed = Some(at);
                }
            }
        }
    }

    /// Moves partitions of one topic; whether any moved.
    fn balance_topic(&mut self, topic: usize) -> bool {
        let mut balancer = Balancer::new(&self.subscribers[topic], &self.sizes);
        if balancer.imbalance(&self.sizes) <= 1 {
            return false;
        }
        let mut owned: HashMap<u32, Vec<usize>> = HashMap::new();
        for (partition, owner) in self.owners.by_topic[topic].iter().enumerate() {
            owned.entry(*owner).or_default().push(partition);
        }
        let mut moved = false;
        while !balancer.is_balanced() {
            let from = loop {
                match balancer.next_most_loaded(&self.sizes) {
                    Some(member) if owned.get(&member).is_none_or(Vec::is_empty) => balancer.exclude_most_loaded(),
                    found => break found,
                }
            };
            let Some(partition) = from.and_then(|from| owned.get_mut(&from)?.pop()) else { break };
            let to = balancer.next_least_loaded(&self.sizes);
            if balancer.is_balanced() {
                break;
            }
            self.give(topic, partition, to);
            moved = true;
        }
        moved
    }

    fn give(&mut self, topic: usize, partition: usize, member: u32) {
        let owner = std::mem::replace(&mut self.owners.by_topic[topic][partition], member);
        if owner != NOBODY {
            self.sizes[owner as usize] -= 1;
        }
        self.sizes[member as usize] += 1;
    }
}
