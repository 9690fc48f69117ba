//! Groups under random load: members come, go, fall silent, lose answers and change their minds; topics come, grow and go.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::bench_test::{Bench, GROUP, alive, join};
use super::group::{ConsumerGroup, GroupState};
use super::heartbeat::ConsumerGroupHeartbeat;
use super::member::STATIC_LEAVE_EPOCH;
use super::test_image::{TestImage, id};
use crate::base::ids::Uuid;
use crate::coordinator::group::machine::Group;
use crate::coordinator::group::record::TopicPartitions;

const TOPICS: [&str; 3] = ["t0", "t1", "t2"];
/// In the place of a topic's partitions.
const GONE: usize = usize::MAX;

/// What happens to the member of this number.
#[derive(Debug, Clone)]
enum Step {
    Join(usize, Vec<bool>, bool),
    /// Follows what it was told, and says so.
    Follow(usize),
    /// Lives, but has not followed yet.
    Alive(usize),
    /// Follows, but never hears the answer.
    LoseAnswer(usize),
    Leave(usize),
    LeaveForAWhile(usize),
    Want(usize, Vec<bool>),
    Grow(usize),
    Remove(usize),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let member = 0..6usize;
    let wants = || vec(any::<bool>(), 3);
    prop_oneof![
        3 => (member.clone(), wants(), any::<bool>()).prop_map(|(m, w, s)| Step::Join(m, w, s)),
        6 => member.clone().prop_map(Step::Follow),
        3 => member.clone().prop_map(Step::Alive),
        2 => member.clone().prop_map(Step::LoseAnswer),
        1 => member.clone().prop_map(Step::Leave),
        1 => member.clone().prop_map(Step::LeaveForAWhile),
        2 => (member, wants()).prop_map(|(m, w)| Step::Want(m, w)),
        1 => (0..3usize).prop_map(Step::Grow),
        1 => (0..3usize).prop_map(Step::Remove),
        2 => (0..20_000i64).prop_map(Step::Pass),
    ]
}

/// A client.
#[derive(Debug, Default, Clone)]
struct Client {
    id: String,
    epoch: i32,
    is_static: bool,
    wants: Vec<&'static str>,
    /// It has not heard the last answer, and says all it knows next time.
    is_unsure: bool,
    /// What it was told last.
    told: BTreeSet<(Uuid, i32)>,
    /// What it consumes from.
    owned: BTreeSet<(Uuid, i32)>,
}

impl Client {
    fn owned(&self) -> Vec<TopicPartitions> {
        let mut owned: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for (topic, partition) in &self.owned {
            owned.entry(*topic).or_default().push(*partition);
        }
        let topic = |(topic_id, partitions)| TopicPartitions { topic_id, partitions, assignment_epochs: None };
        owned.into_iter().map(topic).collect()
    }
}

struct World {
    bench: Bench,
    clients: BTreeMap<usize, Client>,
    incarnations: usize,
    partitions: [usize; 3],
    epochs: (i32, i32),
}

impl World {
    fn new() -> Self {
        let mut image = TestImage::default();
        let partitions = [3, 5, 0];
        image.topic("t0", 3).topic("t1", 5);
        Self { bench: Bench::new(image), clients: BTreeMap::new(), incarnations: 0, partitions, epochs: (0, 0) }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Join(number, wants, is_static) => {
                let earlier = self.clients.get(&number);
                if earlier.is_some_and(|c| c.epoch > 0) {
                    return;
                }
                let is_static = earlier.map_or(is_static, |c| c.is_static);
                self.incarnations += 1;
                let id = format!("m{number}-{}", self.incarnations);
                self.clients.insert(number, Client { id, is_static, ..Client::default() });
                self.clients.get_mut(&number).unwrap().wants = names(&wants);
                self.send(number, join("", &names(&wants)), true);
            }
            Step::Follow(number) => self.follow(number, true),
            Step::LoseAnswer(number) => self.follow(number, false),
            Step::Alive(number) => self.send(number, alive("", 0), true),
            Step::Want(number, wants) => {
                let Some(client) = self.clients.get_mut(&number) else { return };
                client.wants = names(&wants);
                let op = ConsumerGroupHeartbeat {
                    subscribed_topic_names: Some(names(&wants).into_iter().map(Into::into).collect()),
                    ..alive("", 0)
                };
                self.send(number, op, true);
            }
            Step::Leave(number) => self.leave(number, -1),
            Step::LeaveForAWhile(number) => self.leave(number, STATIC_LEAVE_EPOCH),
            Step::Grow(topic) if self.partitions[topic] == GONE => {}
            Step::Grow(topic) => {
                if self.partitions[topic] == 0 {
                    self.bench.image.topic(TOPICS[topic], 2);
                    self.partitions[topic] = 2;
                } else {
                    self.bench.image.partition(id(TOPICS[topic]), self.partitions[topic], &[0]);
                    self.partitions[topic] += 1;
                }
                self.bench.publish();
            }
            // Topics of these tests keep their ids, so one may go only for good.
            Step::Remove(topic) => {
                if topic == 1 && self.partitions[1] != GONE {
                    self.bench.image.remove(TOPICS[topic]);
                    self.partitions[topic] = GONE;
                    self.bench.publish();
                }
            }
            Step::Pass(span) => self.bench.pass(span),
        }
        self.check();
    }

    fn leave(&mut self, number: usize, epoch: i32) {
        let Some(client) = self.clients.get_mut(&number).filter(|c| c.epoch > 0) else { return };
        let epoch = if client.is_static { epoch } else { -1 };
        client.owned.clear();
        client.told.clear();
        client.epoch = epoch;
        self.send(number, alive("", 0), true);
        if epoch == -1 {
            self.clients.remove(&number);
        }
    }

    fn follow(&mut self, number: usize, hears: bool) {
        let Some(client) = self.clients.get_mut(&number).filter(|c| c.epoch > 0) else { return };
        client.owned = client.told.clone();
        let op = ConsumerGroupHeartbeat { owned: Some(client.owned()), ..alive("", 0) };
        self.send(number, op, hears);
    }

    fn send(&mut self, number: usize, mut op: ConsumerGroupHeartbeat, hears: bool) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let joins = op.rebalance_timeout_ms != -1;
        if !joins && client.epoch == 0 {
            return;
        }
        if client.is_unsure && client.epoch > 0 {
            let all = join("", &client.wants);
            op = ConsumerGroupHeartbeat { owned: Some(client.owned()), ..all };
        }
        client.is_unsure = !hears;
        let instance_id = client.is_static.then(|| format!("i{number}").into());
        let member_id = client.id.as_str().into();
        let op = ConsumerGroupHeartbeat { member_id, member_epoch: client.epoch, instance_id, ..op };
        let gone = op.member_epoch < 0;
        match self.bench.beat(op) {
            Ok(reply) if hears && !gone => {
                let client = self.clients.get_mut(&number).unwrap();
                assert!(reply.member_epoch >= client.epoch, "a member's epoch went back");
                client.epoch = reply.member_epoch;
                if let Some(assignment) = reply.assignment {
                    let all = |(topic, ps): (Uuid, &[(i32, i32)])| {
                        ps.iter().map(move |(p, _)| (topic, *p)).collect::<Vec<_>>()
                    };
                    client.told = assignment.iter().flat_map(all).collect();
                    // It consumes from what is new at once; what it must give up, it gives up when it follows.
                    client.owned.extend(client.told.iter().copied());
                }
            }
            Ok(_) => {}
            Err(_) => {
                self.clients.remove(&number);
            }
        }
    }

    fn check(&mut self) {
        let machine = self.bench.reloaded();
        let Some(Group::Consumer(reloaded)) = machine.groups.get(GROUP) else { return };
        let group = self.bench.group();
        assert_eq!(hard(reloaded), hard(group));

        let mut owned = BTreeSet::new();
        for member in group.members().values() {
            for (topic, partitions) in member.assigned.iter().chain(member.pending_revocation.iter()) {
                for (partition, epoch) in partitions {
                    assert!(owned.insert((topic, *partition)), "owned twice");
                    assert!(*epoch <= group.epoch());
                }
            }
            assert!(member.epoch <= group.assignment_epoch());
        }
        // Whoever was sent away has lost what it had, whether it knows or not.
        self.clients.retain(|_, client| group.members().contains_key(client.id.as_str()) || client.epoch == 0);
        let mut consumed = BTreeSet::new();
        for client in self.clients.values() {
            for partition in &client.owned {
                assert!(consumed.insert(*partition), "consumed by two: {partition:?}");
            }
        }
        let epochs = (group.epoch(), group.assignment_epoch());
        assert!(epochs.0 >= self.epochs.0 && epochs.1 >= self.epochs.1 && epochs.1 <= epochs.0);
        self.epochs = epochs;
    }

    /// Everybody follows until nothing changes any more, and the sessions of all others are over.
    fn settle(&mut self) {
        for _ in 0..8 {
            self.bench.pass(8_000);
            for number in self.clients.keys().copied().collect::<Vec<_>>() {
                self.follow(number, true);
            }
            self.check();
        }
    }
}

fn names(wants: &[bool]) -> Vec<&'static str> {
    TOPICS.into_iter().zip(wants).filter(|(_, wants)| **wants).map(|(topic, _)| topic).collect()
}

/// What must be the same after loading.
fn hard(group: &ConsumerGroup) -> impl PartialEq + std::fmt::Debug {
    let owners: BTreeMap<_, BTreeMap<_, _>> =
        group.partition_epochs.iter().map(|(t, ps)| (*t, ps.iter().map(|(p, e)| (*p, *e)).collect())).collect();
    let statics: BTreeMap<_, _> = group.static_members.clone().into_iter().collect();
    let counts = (group.subscriptions.clone(), group.server_assignors.clone(), group.resolved_regexes.clone());
    let epochs = (group.epoch, group.metadata_hash, group.target_epoch);
    (epochs, group.members.clone(), statics, group.target.clone(), owners, counts)
}

proptest! {
    #[test]
    fn no_partition_has_two_owners_and_all_have_one_in_the_end(steps in vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.settle();
        if !world.clients.is_empty() {
            let group = world.bench.group();
            prop_assert_eq!(group.state(), GroupState::Stable);
            for member in group.members().values() {
                let owned: Vec<(Uuid, Vec<i32>)> =
                    member.assigned.iter().map(|(t, ps)| (t, ps.iter().map(|(p, _)| *p).collect())).collect();
                let target: Vec<(Uuid, Vec<i32>)> = group.target_of(&member.id).iter().map(|(t, ps)| (*t, ps.clone())).collect();
                prop_assert_eq!(owned, target);
            }
        }
    }
}
