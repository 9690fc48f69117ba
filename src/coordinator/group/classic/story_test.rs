//! The main stories of a classic group, as transcripts, and Kafka's refusals.

use super::check::Committer;
use super::describe::{NotFound, describe};
use super::group::State;
use super::house_test::{Answer, GROUP, House, persisted};
use super::on_load::on_load;
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::record::{ConsumerGroupValue, GroupRecord};

impl House {
    /// A dynamic member comes, and comes back with the id that it is given.
    fn come(&mut self, protocols: &[&str]) -> (String, u64) {
        let anew = self.member("", protocols);
        let asked = self.join(anew);
        let id = self.given_id(asked);
        let with_id = self.member(&id, protocols);
        (id.to_string(), self.join(with_id))
    }

    fn static_member(&mut self, name: &str, id: &str, protocols: &[&str]) -> u64 {
        let mut member = self.member(id, protocols);
        member.instance_id = Some(name.into());
        self.join(member)
    }

    fn error_of(&self, waiter: u64) -> ErrorCode {
        match self.answer(waiter) {
            Some(Answer::Join(reply)) => reply.error,
            Some(Answer::Sync(reply)) => reply.error,
            None => panic!("waiter {waiter} still waits"),
        }
    }

    fn state(&self) -> State {
        self.group().unwrap().head.state
    }

    /// The last lines of the transcript, without the ids' common parts and the records' words.
    fn told(&self, from: usize) -> String {
        let text = self.transcript.as_str()[from..].replace("c-00000000-0000-0000-0000-0000000000", "m");
        let text = text.replace("one-00000000-0000-0000-0000-0000000000", "one");
        let is_record = |line: &str| line.trim_start().starts_with(|first: char| first.is_ascii_digit());
        let short = |line: &str| {
            if is_record(line) { line.split(" Classic(").next().map(Into::into) } else { Some(line.to_string()) }
        };
        text.lines().filter_map(short).map(|line| line + "\n").collect()
    }
}

/// Two members in generation 1, the first of them the leader.
fn stable_pair() -> (House, String, String) {
    let mut house = House::new();
    let ((a, a_join), (b, b_join)) = (house.come(&["range"]), house.come(&["range"]));
    house.sleep(6_000);
    assert_eq!((house.error_of(a_join), house.error_of(b_join)), (ErrorCode::None, ErrorCode::None));
    let leader = house.group().unwrap().head.leader.clone().unwrap();
    assert_eq!(*leader, *a);
    house.sync(&b, 1, &[]);
    house.sync(&a, 1, &[(&a, "0"), (&b, "1")]);
    assert_eq!(house.state(), State::Stable);
    (house, a, b)
}

#[test]
fn two_members_come_and_one_goes() {
    let (mut house, a, b) = stable_pair();
    let from = house.transcript.as_str().len();
    house.leave(&[(&b, None)]);
    assert_eq!(house.heartbeat(&a, 1), ErrorCode::RebalanceInProgress);
    let again = house.member(&a, &["range"]);
    house.join(again);
    house.sync(&a, 2, &[(&a, "01")]);
    house.leave(&[(&a, None)]);
    assert_eq!(house.told(0), include_str!("story_two_members.txt"));
    assert!(from > 0 && house.timers.next().is_none(), "nothing is waited for");
    assert_eq!(persisted(&house.load()), persisted(&house.machine));
}

#[test]
fn a_static_member_is_back_without_a_rebalance() {
    let mut house = House::new();
    let first = house.static_member("one", "", &["range", "sticky"]);
    house.sleep(3_000);
    let id = house.given_id(first);
    house.sync(&id, 1, &[(&id, "all")]);
    let from = house.transcript.as_str().len();
    let second = house.static_member("one", "", &["range"]);
    let reply = house.answer(second).unwrap().join().clone();
    assert!(reply.skip_assignment && reply.generation == 1 && reply.member_id != id && reply.members.len() == 1);
    let synced = house.sync(&reply.member_id, 1, &[]);
    let Some(Answer::Sync(sync)) = house.answer(synced) else { panic!() };
    assert_eq!(sync.assignment.as_ref(), b"all");
    // The one that it replaced is fenced.
    let fenced = house.static_member("one", &id, &["range"]);
    assert_eq!(house.error_of(fenced), ErrorCode::FencedInstanceId);
    assert_eq!(house.heartbeat(&id, 1), ErrorCode::UnknownMemberId);
    assert_eq!(house.told(from), include_str!("story_static_member.txt"));
    assert_eq!(persisted(&house.load()), persisted(&house.machine));
    // An old client is told that its former self leads, so that it does not assign.
    let mut old = house.member("", &["range"]);
    (old.instance_id, old.can_skip_assignment) = (Some("one".into()), false);
    let waiter = house.join(old);
    let told = house.answer(waiter).unwrap().join();
    assert!(!told.skip_assignment && told.members.is_empty() && told.leader.as_ref() == Some(&reply.member_id));
    // With another assignor it is a rebalance after all.
    let other = house.static_member("one", "", &["sticky"]);
    assert_eq!(house.error_of(other), ErrorCode::InconsistentGroupProtocol, "nobody but itself supported it");
    // An administrator removes it by its name.
    assert_eq!(house.leave(&[("", Some("one")), ("", Some("two"))]).members.map_errors(), [0, 25]);
    assert_eq!(house.state(), State::Empty);
}

trait Errors {
    fn map_errors(&self) -> Vec<i16>;
}
impl<A, B> Errors for Vec<(A, B, ErrorCode)> {
    fn map_errors(&self) -> Vec<i16> {
        self.iter().map(|(_, _, error)| error.code()).collect()
    }
}

#[test]
fn the_first_rebalance_waits_while_members_come_but_not_for_ever() {
    let mut house = House::new();
    let mut first = house.member("", &["range"]);
    (first.rebalance_timeout_ms, first.can_rejoin_with_id) = (10_000, false);
    let waiter = house.join(first);
    for _ in 0..3 {
        house.sleep(2_500);
        let mut next = house.member("", &["range"]);
        (next.rebalance_timeout_ms, next.can_rejoin_with_id) = (10_000, false);
        house.join(next);
    }
    // 3 s, 3 s, 3 s, 1 s: all that the rebalance timeout allows.
    house.sleep(2_499);
    assert!(house.answer(waiter).is_none());
    house.sleep(1);
    assert_eq!(house.answer(waiter).unwrap().join().generation, 1);
    assert_eq!(house.group().unwrap().tally().members, 4);
}

#[test]
fn a_leader_that_does_not_come_back_is_replaced() {
    let (mut house, a, b) = stable_pair();
    let (_, c_join) = house.come(&["range"]);
    let b_again = house.member(&b, &["range"]);
    let b_join = house.join(b_again);
    for _ in 0..14 {
        house.sleep(4_500);
        house.heartbeat(&a, 1);
    }
    // The leader was alive, but did not join within the rebalance timeout.
    let told = |waiter| house.answer(waiter).unwrap().join().clone();
    let (told_b, told_c) = (told(b_join), told(c_join));
    assert_eq!((told_b.generation, told_c.generation), (2, 2));
    let leader = told_b.leader.clone().unwrap();
    assert_ne!(*leader, *a);
    assert_eq!(house.heartbeat(&a, 1), ErrorCode::UnknownMemberId);
    assert_eq!(told_b.members.len() + told_c.members.len(), 2, "only the leader is told of the members");
}

#[test]
fn members_that_joined_but_do_not_sync_are_out() {
    let mut house = House::new();
    let ((a, _), (b, _)) = (house.come(&["range"]), house.come(&["range"]));
    house.sleep(6_000);
    let synced = house.sync(&b, 1, &[]);
    for _ in 0..14 {
        house.sleep(4_500);
        house.heartbeat(&a, 1);
    }
    assert_eq!(house.error_of(synced), ErrorCode::RebalanceInProgress, "the leader never assigned");
    assert_eq!(house.heartbeat(&a, 1), ErrorCode::UnknownMemberId);
    assert_eq!(house.heartbeat(&b, 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn a_join_that_is_sent_again_is_answered_in_the_place_of_the_first() {
    let mut house = House::new();
    let (a, first) = house.come(&["range"]);
    let again = house.member(&a, &["range"]);
    let second = house.join(again);
    assert_eq!(house.error_of(first), ErrorCode::RebalanceInProgress);
    house.sleep(6_000);
    assert_eq!(house.answer(second).unwrap().join().generation, 1);
    // An answer that was lost is given again; nothing else happens.
    let third = house.member(&a, &["range"]);
    let third = house.join(third);
    assert_eq!(house.answer(third), house.answer(second));
    let (s1, s2) = (house.sync(&a, 1, &[(&a, "x")]), house.sync(&a, 1, &[(&a, "y")]));
    assert_eq!(house.answer(s1), house.answer(s2));
}

#[test]
fn protocols_are_chosen_by_votes_among_those_that_all_support() {
    let mut house = House::new();
    let (_, a) = house.come(&["x", "range", "sticky"]);
    house.come(&["sticky", "range"]);
    house.come(&["sticky", "y", "range"]);
    house.sleep(10_000);
    assert_eq!(house.answer(a).unwrap().join().protocol.as_deref(), Some("sticky"));
    for (kind, protocols) in [("consumer", &["y"][..]), ("connect", &["range"]), ("consumer", &[])] {
        let mut other = house.member("", protocols);
        other.protocol_type = kind.into();
        let refused = house.join(other);
        assert_eq!(house.error_of(refused), ErrorCode::InconsistentGroupProtocol);
    }
}

#[test]
fn kafkas_refusals() {
    let (mut house, a, b) = stable_pair();
    let code = |waiter, house: &House| house.error_of(waiter);
    for (id, generation, expected) in
        [("?", 1, ErrorCode::UnknownMemberId), (&*a, 0, ErrorCode::IllegalGeneration), (&*b, 1, ErrorCode::None)]
    {
        assert_eq!(house.heartbeat(id, generation), expected);
        let synced = house.sync(id, generation, &[]);
        assert_eq!(code(synced, &house), expected);
    }
    for (session_timeout_ms, expected) in [
        (5_999, ErrorCode::InvalidSessionTimeout),
        (1_800_001, ErrorCode::InvalidSessionTimeout),
        (1_800_000, ErrorCode::MemberIdRequired),
    ] {
        let mut member = house.member("", &["range"]);
        member.session_timeout_ms = session_timeout_ms;
        let waiter = house.join(member);
        assert_eq!(code(waiter, &house), expected);
    }
    let unknown = house.member("?", &["range"]);
    let waiter = house.join(unknown);
    assert_eq!(code(waiter, &house), ErrorCode::UnknownMemberId);
    house.settings.members_max = 2;
    let third = house.member("", &["range"]);
    let waiter = house.join(third);
    assert_eq!(code(waiter, &house), ErrorCode::GroupMaxSizeReached);

    let commit = |house: &House, member_id: &str, generation, is_transactional| {
        let by = Committer { member_id, instance_id: None, generation, is_transactional };
        house.group().unwrap().check_offset_commit(by).err().unwrap_or(ErrorCode::None)
    };
    assert_eq!(commit(&house, &a, 1, false), ErrorCode::None);
    assert_eq!(commit(&house, &a, 2, false), ErrorCode::IllegalGeneration);
    assert_eq!(commit(&house, "", -1, false), ErrorCode::UnknownMemberId);
    assert_eq!(commit(&house, "", -1, true), ErrorCode::None);
    assert!(house.group().unwrap().is_subscribed_to("t") && !house.group().unwrap().is_subscribed_to("u"));
    house.leave(&[(&b, None)]);
    assert_eq!(commit(&house, &a, 1, false), ErrorCode::None, "while it prepares, members may commit");
    let again = house.member(&a, &["range"]);
    house.join(again);
    assert_eq!(house.state(), State::PreparingRebalance, "an id is given out for which it waits");
    house.sleep(9_000);
    let again = house.member(&a, &["range"]);
    house.join(again);
    house.sleep(60_000);
    assert_eq!(house.state(), State::CompletingRebalance);
    assert_eq!(commit(&house, &a, 2, false), ErrorCode::RebalanceInProgress);
}

#[test]
fn a_group_that_is_loaded_goes_on() {
    let (mut house, a, b) = stable_pair();
    house.machine = house.load();
    house.timers = Default::default();
    house.now = Millis(1_000_000);
    let loaded = on_load(&GROUP.into(), house.group().unwrap(), house.now, &house.settings);
    assert_eq!((loaded.timers.len(), loaded.soft.len()), (2, 0));
    loaded.timers.into_iter().for_each(|change| house.timers.change(change));
    assert_eq!(house.heartbeat(&a, 1), ErrorCode::None);
    house.sleep(9_000);
    assert_eq!(house.heartbeat(&a, 1), ErrorCode::None);
    house.sleep(2_000);
    assert_eq!(house.heartbeat(&b, 1), ErrorCode::UnknownMemberId, "it was silent for too long");
    assert_eq!(house.heartbeat(&a, 1), ErrorCode::RebalanceInProgress);
    // A smaller maximum than the group has members sends all of them through a rebalance.
    house.settings.members_max = 1;
    let machine = house.load();
    let crate::coordinator::group::machine::Group::Classic(group) = &machine.groups()[GROUP] else { panic!() };
    let loaded = on_load(&GROUP.into(), group, house.now, &house.settings);
    let GroupRecord::ClassicSoft(_, step) = &loaded.soft[0] else { panic!() };
    assert_eq!(step.head.state, State::PreparingRebalance);
}

#[test]
fn described_as_kafka_does() {
    let (mut house, a, b) = stable_pair();
    let stable = describe(&house.machine, GROUP).unwrap();
    assert_eq!((stable.state.name(), &*stable.protocol_type, &*stable.protocol), ("Stable", "consumer", "range"));
    assert!(stable.members.iter().all(|member| !member.metadata.is_empty() && !member.assignment.is_empty()));
    house.leave(&[(&a, None)]);
    let preparing = describe(&house.machine, GROUP).unwrap();
    assert_eq!((preparing.state.name(), &*preparing.protocol), ("PreparingRebalance", ""));
    assert!(preparing.members.iter().all(|member| *member.member_id == *b && member.metadata.is_empty()));
    let missing = describe(&house.machine, "other").unwrap_err();
    assert_eq!((missing, &*missing.message("other")), (NotFound::Unknown, "there is no group other"));
}

#[test]
fn a_consumer_group_that_is_empty_gives_way() {
    let mut house = House::new();
    let epoch = ConsumerGroupValue { epoch: 7, metadata_hash: 0 };
    house.replay(GroupRecord::ConsumerGroup(GROUP.into(), Some(epoch)));
    let stranger = house.member("?", &["range"]);
    let refused = house.join(stranger);
    assert_eq!(house.error_of(refused), ErrorCode::UnknownMemberId);
    house.come(&["range"]);
    assert_eq!(house.state(), State::PreparingRebalance);
    assert!(
        house.load().classic(GROUP).is_some_and(|group| group.is_empty()),
        "the log ends the one and begins the other"
    );
}
