//! Whatever members do, and in whatever order, some things always hold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::group::{ClassicGroup, State};
use super::house_test::{Answer, House, persisted};
use super::member::Tally;
use crate::base::error_code::ErrorCode;

#[derive(Debug, Clone)]
enum Step {
    /// A client joins: with what it knows of itself, or as if it were new.
    Join {
        client: usize,
        anew: bool,
        protocols: usize,
        old_version: bool,
    },
    /// It syncs; a leader assigns to all it was told of.
    Sync {
        client: usize,
    },
    Heartbeat {
        client: usize,
    },
    /// Everybody joins, as after a rebalance was begun.
    JoinAll,
    /// Everybody syncs.
    SyncAll,
    Leave {
        clients: Vec<usize>,
    },
    Sleep {
        ms: i64,
    },
    /// The coordinator moves: what was soft is gone.
    Reload,
}

/// What a client knows of itself.
#[derive(Debug, Clone, Default)]
struct Client {
    id: String,
    generation: i32,
    members: Vec<String>,
    /// What it waits for.
    waiting: Option<u64>,
}

const CLIENTS: usize = 6;
const PROTOCOLS: [&[&str]; 4] = [&["range"], &["range", "sticky"], &["sticky", "range"], &["other"]];

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        8 => (client.clone(), proptest::bool::weighted(0.1), prop_oneof![9 => 0..3_usize, 1 => Just(3)], any::<bool>())
            .prop_map(|(client, anew, protocols, old_version)| Step::Join { client, anew, protocols, old_version }),
        6 => client.clone().prop_map(|client| Step::Sync { client }),
        3 => Just(Step::JoinAll),
        4 => Just(Step::SyncAll),
        3 => client.clone().prop_map(|client| Step::Heartbeat { client }),
        1 => prop::collection::vec(client, 1..4).prop_map(|clients| Step::Leave { clients }),
        3 => prop_oneof![Just(100_i64), Just(3_000), Just(11_000), Just(70_000), Just(400_000)]
            .prop_map(|ms| Step::Sleep { ms }),
        1 => Just(Step::Reload),
    ]
}

/// The last two clients are static.
fn instance_id(client: usize) -> Option<String> {
    (client >= CLIENTS - 2).then(|| format!("static-{client}"))
}

struct World {
    house: House,
    clients: Vec<Client>,
    generation: i32,
}

impl World {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Join { client, anew, protocols, old_version } => {
                let known = if *anew { String::new() } else { self.clients[*client].id.clone() };
                let mut op = self.house.member(&known, PROTOCOLS[*protocols]);
                op.instance_id = instance_id(*client).map(Into::into);
                op.can_rejoin_with_id = !old_version;
                op.can_skip_assignment = !old_version;
                self.clients[*client].waiting = Some(self.house.join(op));
            }
            Step::Sync { client } => {
                let it = self.clients[*client].clone();
                let assignments: Vec<_> = it.members.iter().map(|id| (id.as_str(), "part")).collect();
                self.clients[*client].waiting = Some(self.house.sync(&it.id, it.generation, &assignments));
            }
            Step::JoinAll => {
                for client in 0..CLIENTS {
                    self.take(&Step::Join { client, anew: false, protocols: client % 3, old_version: false });
                    self.listen();
                }
            }
            Step::SyncAll => {
                for client in 0..CLIENTS {
                    self.take(&Step::Sync { client });
                    self.listen();
                }
            }
            Step::Heartbeat { client } => {
                let it = self.clients[*client].clone();
                if self.house.heartbeat(&it.id, it.generation) == ErrorCode::UnknownMemberId {
                    self.clients[*client] = Client::default();
                }
            }
            Step::Leave { clients } => {
                let leaving: Vec<_> =
                    clients.iter().map(|at| (self.clients[*at].id.clone(), instance_id(*at))).collect();
                let leaving: Vec<_> = leaving.iter().map(|(id, name)| (id.as_str(), name.as_deref())).collect();
                self.house.leave(&leaving);
            }
            Step::Sleep { ms } => self.house.sleep(*ms),
            Step::Reload => {
                self.house.machine = self.house.load();
                self.house.timers = Default::default();
                let now = self.house.now;
                let loaded = self
                    .house
                    .group()
                    .map(|group| super::on_load::on_load(&"g".into(), group, now, &self.house.settings));
                for change in loaded.into_iter().flat_map(|outcome| outcome.timers) {
                    self.house.timers.change(change);
                }
                // Whoever waited was told that the coordinator has moved.
                self.house.answers.values_mut().for_each(|answer| {
                    answer.get_or_insert(Answer::Sync(super::soft::SyncReply::error(ErrorCode::NotCoordinator)));
                });
                // Generations that nobody has written down are forgotten.
                self.generation = self.house.group().map_or(0, |group| group.head.generation);
            }
        }
    }

    /// The clients hear what they were answered.
    fn listen(&mut self) {
        for client in &mut self.clients {
            let Some(answer) = client.waiting.and_then(|waiter| self.house.answer(waiter)) else { continue };
            if let Answer::Join(reply) = answer {
                match reply.error {
                    ErrorCode::None => {
                        client.generation = reply.generation;
                        client.members = reply.members.iter().map(|member| member.member_id.to_string()).collect();
                        client.id = reply.member_id.to_string();
                    }
                    ErrorCode::MemberIdRequired => client.id = reply.member_id.to_string(),
                    ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => *client = Client::default(),
                    _ => {}
                }
            }
            client.waiting = None;
        }
    }

    fn check(&mut self) {
        let Some(group) = self.house.group() else { return };
        check_counts(group);
        let head = &group.head;
        assert!(head.generation >= self.generation, "generations only grow");
        self.generation = head.generation;

        let members: Vec<_> = group.members().collect();
        assert_eq!(
            head.state == State::Empty || head.state == State::PreparingRebalance,
            members.is_empty() || head.state == State::PreparingRebalance
        );
        assert_eq!(head.leader.is_some(), !members.is_empty(), "a group with members has a leader");
        assert!(head.leader.as_ref().is_none_or(|leader| group.member(leader).is_some()), "the leader is a member");
        for member in &members {
            let joins = member.joining.is_some();
            assert!(!joins || head.state == State::PreparingRebalance, "who joins, joins the next generation");
            assert!(member.syncing.is_none() || head.state == State::CompletingRebalance, "a stable group answers");
            assert!(!member.is_new || joins, "who has seen no generation waits for one");
            if head.state != State::PreparingRebalance {
                assert!(member.metadata(head.protocol.as_deref().unwrap()).is_some(), "all share the assignor");
            }
        }
        // Everybody who waits is known to the group, so that somebody will answer.
        let waiting: Vec<u64> =
            self.house.answers.iter().filter(|(_, answer)| answer.is_none()).map(|(waiter, _)| *waiter).collect();
        let mut known: Vec<u64> = members
            .iter()
            .flat_map(|member| [member.joining, member.syncing])
            .flatten()
            .map(|waiter| waiter.0)
            .collect();
        known.sort_unstable();
        assert_eq!(waiting, known);
        if head.state == State::PreparingRebalance || head.state == State::CompletingRebalance {
            assert!(self.house.timers.next().is_some(), "a rebalance ends, come what may");
        }
        // At rest, the log tells all.
        if matches!(head.state, State::Stable | State::Empty) {
            assert_eq!(persisted(&self.house.load()), persisted(&self.house.machine));
        }
    }
}

fn check_counts(group: &ClassicGroup) {
    let mut tally = Tally::default();
    let mut names = BTreeMap::new();
    for member in group.members() {
        tally.count(member, 1);
        if let Some(name) = &member.instance_id {
            assert!(names.insert(name, &member.id).is_none(), "a static name has one member");
            assert_eq!(group.static_member(name), Some(&member.id));
        }
        assert!(!group.pending().contains(&member.id), "a member has used its id");
    }
    assert_eq!(&tally, group.tally());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn what_always_holds(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World { house: House::new(), clients: vec![Client::default(); CLIENTS], generation: 0 };
        for step in &steps {
            world.take(step);
            world.check();
            world.listen();
        }
        // In the end nobody comes back: sooner or later everybody is gone and everybody is answered.
        world.house.sleep(10_000_000);
        world.check();
        prop_assert!(world.house.answers.values().all(Option::is_some));
        prop_assert!(world.house.group().is_none_or(ClassicGroup::is_empty));
    }
}
