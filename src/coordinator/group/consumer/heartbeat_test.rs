//! What members are told, and when they are refused.

use std::sync::Arc;

use bytes::Bytes;

use super::bench_test::{Bench, GROUP, alive, join, owns};
use super::group::GroupState;
use super::heartbeat::{ConsumerGroupHeartbeat, HeartbeatReply};
use super::offsets::{self, Committer};
use super::soft::MemberTimer;
use super::test_image::{TestImage, id};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, PartitionIndex, Uuid};
use crate::coordinator::group::classic::group::{ClassicGroup, State};
use crate::coordinator::group::classic::member::Member;
use crate::coordinator::group::classic::soft::Soft;
use crate::coordinator::group::machine::Timer;
use crate::coordinator::group::record::{ClassicMemberValue, GroupRecord, TopicPartitions};
use crate::machine::memory::Entry;
use crate::machine::timer::TimerChange;
use crate::metadata::configs::ResourceType;

fn bench(topics: &[(&str, usize)]) -> Bench {
    let mut image = TestImage::default();
    for (topic, partitions) in topics {
        image.topic(topic, *partitions);
    }
    let mut bench = Bench::new(image);
    bench.settings.assignment_interval_ms.default = 0;
    bench
}

fn told(reply: &HeartbeatReply) -> Vec<(Uuid, Vec<i32>)> {
    let topics = reply.assignment.as_ref().expect("an assignment is told").iter();
    topics.map(|(topic, partitions)| (topic, partitions.iter().map(|(p, _)| *p).collect())).collect()
}

fn partitions(topic: &str, partitions: &[i32]) -> Vec<TopicPartitions> {
    vec![TopicPartitions { topic_id: id(topic), partitions: partitions.to_vec(), assignment_epochs: None }]
}

fn code(bench: &mut Bench, op: ConsumerGroupHeartbeat) -> ErrorCode {
    bench.beat(op).expect_err("it is refused").code()
}

#[test]
fn a_second_member_gets_its_share_once_the_first_has_given_it_up() {
    let mut bench = bench(&[("foo", 4)]);
    let a = bench.beat(join("a", &["foo"])).unwrap();
    assert_eq!((a.member_epoch, told(&a)), (2, vec![(id("foo"), vec![0, 1, 2, 3])]));
    let b = bench.beat(join("b", &["foo"])).unwrap();
    assert_eq!((b.member_epoch, told(&b)), (3, vec![]));
    assert_eq!(bench.group().state(), GroupState::Reconciling);

    // The first is told what it keeps, stays at its epoch, and has its time to follow.
    let a = bench.beat(alive("a", 2)).unwrap();
    assert_eq!((a.member_epoch, told(&a)), (2, vec![(id("foo"), vec![0, 1])]));
    assert_eq!(bench.beat(alive("b", 3)).unwrap().assignment, None);
    let a = bench.beat(owns("a", 2, partitions("foo", &[0, 1, 2]))).unwrap();
    assert_eq!((a.member_epoch, a.assignment), (2, None));
    let a = bench.beat(owns("a", 2, partitions("foo", &[0, 1]))).unwrap();
    assert_eq!((a.member_epoch, a.assignment), (3, None));
    let b = bench.beat(alive("b", 3)).unwrap();
    assert_eq!((b.member_epoch, told(&b)), (3, vec![(id("foo"), vec![2, 3])]));
    assert_eq!(bench.group().state(), GroupState::Stable);
    // Epochs at which partitions were given stay with them.
    assert_eq!(bench.group().members()["a"].assigned.of(id("foo")), [(0, 2), (1, 2)]);
    assert_eq!(bench.group().members()["b"].assigned.of(id("foo")), [(2, 3), (3, 3)]);
}

#[test]
fn a_heartbeat_that_changes_nothing_writes_nothing() {
    let mut bench = bench(&[("foo", 4)]);
    bench.beat(join("a", &["foo"])).unwrap();
    let end = bench.shard.log().entries().len();
    let reply = bench.beat(alive("a", 2)).unwrap();
    assert_eq!((reply.assignment, reply.heartbeat_interval.0), (None, 5_000));
    let full = ConsumerGroupHeartbeat {
        owned: Some(partitions("foo", &[0, 1, 2, 3])),
        member_epoch: 2,
        ..join("a", &["foo"])
    };
    assert_eq!(told(&bench.beat(full).unwrap()).len(), 1);
    assert_eq!(bench.shard.log().entries().len(), end);
}

#[test]
fn who_gives_nothing_up_in_time_is_sent_away() {
    let mut bench = bench(&[("foo", 2)]);
    bench.beat(join("a", &["foo"])).unwrap();
    bench.beat(join("b", &["foo"])).unwrap();
    let slow = ConsumerGroupHeartbeat { rebalance_timeout_ms: 10_000, ..alive("a", 2) };
    bench.beat(slow).unwrap();
    bench.pass(9_999);
    bench.beat(alive("a", 2)).unwrap();
    bench.beat(alive("b", 3)).unwrap();
    bench.pass(1);
    assert_eq!(code(&mut bench, alive("a", 2)), ErrorCode::UnknownMemberId);
    assert_eq!(told(&bench.beat(alive("b", 3)).unwrap()), [(id("foo"), vec![0, 1])]);
}

#[test]
fn who_is_silent_for_a_session_is_sent_away() {
    let mut bench = bench(&[("foo", 2)]);
    bench.beat(join("a", &["foo"])).unwrap();
    bench.pass(44_999);
    bench.beat(alive("a", 2)).unwrap();
    bench.pass(45_000);
    assert!(bench.group().is_empty());
    assert_eq!((bench.group().state(), bench.group().epoch()), (GroupState::Empty, 3));
    assert_eq!(bench.shard.next_timer(), None);
}

#[test]
fn a_group_has_a_session_and_an_interval_of_its_own_within_bounds() {
    let mut bench = bench(&[("foo", 2)]);
    let set = |bench: &mut Bench, key: &str, value: &str| {
        bench.image.setting(ResourceType::Group, GROUP, key, value);
        bench.publish();
    };
    set(&mut bench, "consumer.session.timeout.ms", "50000");
    set(&mut bench, "consumer.heartbeat.interval.ms", "7000");
    assert_eq!(bench.beat(join("a", &["foo"])).unwrap().heartbeat_interval, Millis(7_000));
    bench.pass(49_999);
    set(&mut bench, "consumer.heartbeat.interval.ms", "99000");
    assert_eq!(
        bench.beat(alive("a", 2)).unwrap().heartbeat_interval,
        Millis(15_000),
        "no more than the broker's maximum"
    );
    bench.pass(49_999);
    assert!(!bench.group().is_empty());
    set(&mut bench, "consumer.session.timeout.ms", "1000");
    bench.beat(alive("a", 2)).unwrap();
    bench.pass(44_999);
    assert!(!bench.group().is_empty(), "no less than its minimum");
    bench.pass(1);
    assert!(bench.group().is_empty());
}

#[test]
fn a_replica_in_another_rack_is_a_reason_to_assign_anew() {
    let mut bench = bench(&[]);
    bench.image.broker(0, Some("here")).broker(1, Some("there")).broker(2, Some("here"));
    bench.image.topic_with("foo", id("foo").0, &[&[0], &[1]]).topic("other", 1);
    bench.publish();
    let mut joins = join("a", &["foo"]);
    joins.rack_id = Some("here".into());
    assert_eq!(bench.beat(joins).unwrap().member_epoch, 2);
    assert_eq!(bench.group().members()["a"].metadata.rack_id.as_deref(), Some("here"));
    bench.image.partition(id("other"), 0, &[1]);
    bench.publish();
    assert_eq!(bench.beat(alive("a", 2)).unwrap().member_epoch, 2, "nobody subscribes to that");
    // The replica moves, but stays in its rack.
    bench.image.partition(id("foo"), 0, &[2]);
    bench.publish();
    assert_eq!(bench.beat(alive("a", 2)).unwrap().member_epoch, 2);
    bench.image.partition(id("foo"), 0, &[1]);
    bench.publish();
    assert_eq!(bench.beat(alive("a", 2)).unwrap().member_epoch, 3);
}

#[test]
fn a_lost_answer_is_made_good_but_other_old_epochs_are_fenced() {
    let mut bench = bench(&[("foo", 2)]);
    bench.beat(join("a", &["foo"])).unwrap();
    bench.beat(join("b", &["foo"])).unwrap();
    bench.beat(alive("a", 2)).unwrap();
    bench.beat(owns("a", 2, partitions("foo", &[0]))).unwrap();
    // It never heard that it is at 3.
    assert_eq!(code(&mut bench, alive("a", 2)), ErrorCode::FencedMemberEpoch);
    assert_eq!(code(&mut bench, owns("a", 2, partitions("foo", &[0, 1]))), ErrorCode::FencedMemberEpoch);
    assert_eq!(bench.beat(owns("a", 2, partitions("foo", &[0]))).unwrap().member_epoch, 3);
    assert_eq!(code(&mut bench, alive("a", 4)), ErrorCode::FencedMemberEpoch);
    assert_eq!(code(&mut bench, alive("a", 1)), ErrorCode::FencedMemberEpoch);
    // Who joins again starts over, and is told all that it owns.
    assert_eq!(told(&bench.beat(join("a", &["foo"])).unwrap()), [(id("foo"), vec![0])]);
}

#[test]
fn a_static_member_that_comes_back_takes_its_partitions_up_again() {
    let named = |op: ConsumerGroupHeartbeat| ConsumerGroupHeartbeat { instance_id: Some("i".into()), ..op };
    let mut bench = bench(&[("foo", 2)]);
    bench.beat(named(join("a", &["foo"]))).unwrap();
    bench.beat(join("z", &["foo"])).unwrap();
    bench.beat(alive("a", 2)).unwrap();
    bench.beat(owns("a", 2, partitions("foo", &[0]))).unwrap();
    bench.beat(alive("z", 3)).unwrap();
    assert_eq!(code(&mut bench, named(join("b", &["foo"]))), ErrorCode::UnreleasedInstanceId);
    assert_eq!(code(&mut bench, named(alive("b", 3))), ErrorCode::FencedInstanceId);

    let epoch = bench.group().epoch();
    assert_eq!(bench.beat(named(alive("a", -2))).unwrap().member_epoch, -2);
    assert_eq!(bench.group().members()["a"].assigned.of(id("foo")), [(0, 0)]);
    let back = bench.beat(named(join("b", &["foo"]))).unwrap();
    assert_eq!((back.member_epoch, told(&back)), (3, vec![(id("foo"), vec![0])]));
    assert_eq!((bench.group().epoch(), bench.group().members().len()), (epoch, 2));
    assert_eq!(code(&mut bench, named(alive("a", 3))), ErrorCode::FencedInstanceId);
    assert_eq!(code(&mut bench, alive("a", 3)), ErrorCode::UnknownMemberId);

    // Away for longer than a session, it loses them.
    bench.beat(named(alive("b", -2))).unwrap();
    bench.pass(30_000);
    bench.beat(alive("z", 3)).unwrap();
    bench.pass(15_000);
    assert_eq!(told(&bench.beat(alive("z", 3)).unwrap()), [(id("foo"), vec![0, 1])]);
    assert_eq!(code(&mut bench, named(alive("b", -1))), ErrorCode::UnknownMemberId);
}

#[test]
fn topics_that_grow_come_and_go_are_assigned_with_the_next_heartbeat() {
    let mut bench = bench(&[("foo", 1)]);
    let reply = bench.beat(join("a", &["foo", "bar"])).unwrap();
    assert_eq!((reply.member_epoch, told(&reply)), (2, vec![(id("foo"), vec![0])]));
    bench.image.partition(id("foo"), 1, &[0]);
    bench.publish();
    let reply = bench.beat(alive("a", 2)).unwrap();
    assert_eq!((reply.member_epoch, told(&reply)), (3, vec![(id("foo"), vec![0, 1])]));
    bench.image.topic("bar", 1).topic("other", 1);
    bench.publish();
    let reply = bench.beat(alive("a", 3)).unwrap();
    assert_eq!((reply.member_epoch, told(&reply)), (4, vec![(id("bar"), vec![0]), (id("foo"), vec![0, 1])]));
    bench.image.topic("another", 1);
    bench.publish();
    assert_eq!(bench.beat(alive("a", 4)).unwrap().member_epoch, 4);
    bench.image.remove("foo");
    bench.publish();
    let reply = bench.beat(alive("a", 4)).unwrap();
    assert_eq!((reply.member_epoch, told(&reply)), (4, vec![(id("bar"), vec![0])]));
    let reply = bench.beat(owns("a", 4, partitions("bar", &[0]))).unwrap();
    assert_eq!(reply.member_epoch, 5);
}

#[test]
fn an_expression_stands_for_the_topics_that_there_are_and_may_be_seen() {
    let regex = |regex: &str, op| ConsumerGroupHeartbeat {
        subscribed_topic_regex: Some(regex.into()),
        subscribed_topic_names: None,
        ..op
    };
    let mut bench = bench(&[("foo-1", 1), ("foo-2", 1), ("afoo-1", 1), ("secret-foo", 1)]);
    assert_eq!(code(&mut bench, regex("foo(", join("a", &[]))), ErrorCode::InvalidRegularExpression);
    let reply = bench.beat(regex("(secret-)?foo.*", join("a", &[]))).unwrap();
    assert_eq!((reply.member_epoch, told(&reply)), (1, vec![]));
    let reply = bench.beat(alive("a", 1)).unwrap();
    assert_eq!(told(&reply), [(id("foo-1"), vec![0]), (id("foo-2"), vec![0])]);
    assert!(bench.group().is_subscribed_to("foo-1") && !bench.group().is_subscribed_to("afoo-1"));

    // A new topic is found once ten seconds have passed since the last look.
    bench.image.topic("foo-3", 1);
    bench.publish();
    assert_eq!(bench.beat(alive("a", 2)).unwrap().regex_look_up, None);
    bench.pass(10_001);
    assert!(bench.beat(alive("a", 2)).unwrap().regex_look_up.is_some());
    assert_eq!(told(&bench.beat(alive("a", 2)).unwrap()).len(), 3);
    bench.pass(10_001);
    assert_eq!(bench.beat(alive("a", 3)).unwrap().regex_look_up, None);

    // Another of the same mind is served at once; the last to leave takes the expression along.
    let reply = bench.beat(regex("(secret-)?foo.*", join("b", &[]))).unwrap();
    assert_eq!((reply.member_epoch, reply.regex_look_up), (4, None));
    bench.beat(alive("a", -1)).unwrap();
    bench.beat(regex("", alive("b", 4))).unwrap();
    assert!(!bench.group().is_subscribed_to("foo-1") && bench.group().resolved_regexes.is_empty());
}

#[test]
fn targets_are_computed_no_more_often_than_the_interval_allows() {
    let mut bench = bench(&[("foo", 3)]);
    bench.settings.assignment_interval_ms.default = 1_000;
    assert_eq!(bench.beat(join("a", &["foo"])).unwrap().member_epoch, 2);
    assert_eq!(bench.beat(join("b", &["foo"])).unwrap().member_epoch, 2);
    assert_eq!(bench.beat(join("c", &["foo"])).unwrap().member_epoch, 2);
    assert_eq!((bench.group().epoch(), bench.group().state()), (4, GroupState::Assigning));
    bench.pass(1_000);
    assert_eq!(bench.beat(alive("c", 2)).unwrap().member_epoch, 4);
}

#[test]
fn members_come_back_sooner_while_their_group_settles() {
    let mut bench = bench(&[("foo", 3)]);
    bench.settings.assignment_interval_ms.default = 2_000;
    let told = |reply: &HeartbeatReply| reply.heartbeat_interval.0;
    assert_eq!(told(&bench.beat(join("a", &["foo"])).unwrap()), 2_000);
    bench.pass(300);
    assert_eq!(told(&bench.beat(join("b", &["foo"])).unwrap()), 1_950);
    // Its group has changed, and there is no target for that yet.
    assert_eq!(told(&bench.beat(alive("a", 2)).unwrap()), 1_700);
    bench.pass(1_700);
    // What it is to have belongs to the first, which does not know yet.
    let b = bench.beat(alive("b", 2)).unwrap();
    assert_eq!((b.member_epoch, told(&b)), (3, 1_000));
    let a = bench.beat(alive("a", 2)).unwrap();
    assert_eq!((a.member_epoch, told(&a)), (2, 5_000));
    assert_eq!(told(&bench.beat(owns("a", 2, partitions("foo", &[0, 1]))).unwrap()), 5_000);
    let b = bench.beat(alive("b", 3)).unwrap();
    assert_eq!((b.assignment.is_some(), told(&b)), (true, 5_000));
}

#[test]
fn the_interval_between_targets_may_change_while_the_broker_runs() {
    let mut bench = bench(&[("foo", 3)]);
    bench.settings.assignment_interval_ms.default = 1_000;
    bench.image.setting(ResourceType::Broker, "", "group.consumer.assignment.interval.ms", "20000");
    bench.publish();
    bench.beat(join("a", &["foo"])).unwrap();
    bench.beat(join("b", &["foo"])).unwrap();
    // No more than the broker's maximum.
    bench.pass(14_999);
    assert_eq!(bench.beat(alive("b", 2)).unwrap().member_epoch, 2);
    // This broker's own over that of all, the group's own over both.
    bench.image.setting(ResourceType::Broker, "1", "group.consumer.assignment.interval.ms", "0");
    bench.publish();
    assert_eq!(bench.beat(alive("b", 2)).unwrap().member_epoch, 3);
    bench.image.setting(ResourceType::Group, GROUP, "consumer.assignment.interval.ms", "2000");
    bench.publish();
    assert_eq!(bench.beat(join("c", &["foo"])).unwrap().member_epoch, 3);
    bench.pass(2_000);
    assert_eq!(bench.beat(alive("c", 3)).unwrap().member_epoch, 4);
}

#[test]
fn the_assignor_that_most_ask_for_is_used() {
    let asks = |name: &str, op| ConsumerGroupHeartbeat { server_assignor: Some(name.into()), ..op };
    let mut bench = bench(&[("foo", 4)]);
    assert_eq!(code(&mut bench, asks("sticky", join("a", &["foo"]))), ErrorCode::UnsupportedAssignor);
    bench.beat(asks("range", join("a", &["foo"]))).unwrap();
    assert_eq!(bench.group().preferred_assignor(None, None), Some("range"));
    bench.beat(asks("uniform", join("b", &["foo"]))).unwrap();
    bench.beat(asks("uniform", join("c", &["foo"]))).unwrap();
    assert_eq!(bench.group().preferred_assignor(None, None), Some("uniform"));
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut bench = bench(&[("foo", 1)]);
    let good = || join("a", &["foo"]);
    let bad = [
        ConsumerGroupHeartbeat { group: " ".into(), ..good() },
        ConsumerGroupHeartbeat { member_id: "".into(), ..good() },
        ConsumerGroupHeartbeat { instance_id: Some("".into()), ..good() },
        ConsumerGroupHeartbeat { rack_id: Some("".into()), ..good() },
        ConsumerGroupHeartbeat { rebalance_timeout_ms: -1, ..good() },
        ConsumerGroupHeartbeat { owned: None, ..good() },
        ConsumerGroupHeartbeat { owned: Some(partitions("foo", &[0])), ..good() },
        ConsumerGroupHeartbeat { subscribed_topic_names: None, ..good() },
        alive("a", -2),
        alive("a", -3),
        ConsumerGroupHeartbeat { api_version: 0, ..alive("", -1) },
    ];
    for op in bad {
        assert_eq!(code(&mut bench, op), ErrorCode::InvalidRequest);
    }
    assert_eq!(code(&mut bench, alive("a", 1)), ErrorCode::GroupIdNotFound);
    assert_eq!(code(&mut bench, alive("a", -1)), ErrorCode::GroupIdNotFound);
    let nameless = ConsumerGroupHeartbeat { api_version: 0, member_id: "".into(), ..good() };
    assert_eq!(&*bench.beat(nameless).unwrap().member_id, "fresh");
    assert_eq!(code(&mut bench, alive("a", 1)), ErrorCode::UnknownMemberId);
    bench.settings.size_max = 1;
    assert_eq!(code(&mut bench, good()), ErrorCode::GroupMaxSizeReached);
    assert_eq!(bench.beat(alive("fresh", 2)).unwrap().member_epoch, 2);
}

#[test]
fn commits_are_taken_from_those_who_own_the_partition_at_the_epoch_they_know() {
    let mut bench = bench(&[("foo", 2)]);
    bench.beat(join("a", &["foo"])).unwrap();
    bench.beat(join("b", &["foo"])).unwrap();
    bench.beat(alive("a", 2)).unwrap();
    bench.beat(owns("a", 2, partitions("foo", &[0]))).unwrap();
    bench.beat(alive("b", 3)).unwrap();
    let group = bench.group();
    let by = |member_id, member_epoch| Committer {
        member_id,
        instance_id: None,
        member_epoch,
        transactional: false,
        api_version: 9,
    };
    let commit = |by, partition| {
        let may = offsets::validate_commit(group, by).map_err(|e| e.code())?;
        may.check(id("foo"), PartitionIndex(partition)).map_err(|e| e.code())
    };
    assert_eq!(commit(by("a", 3), 1), Ok(()));
    assert_eq!(commit(by("a", 2), 0), Ok(()));
    assert_eq!(commit(by("a", 2), 1), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(commit(by("a", 1), 0), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(commit(by("a", 4), 0), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(commit(by("c", 3), 0), Err(ErrorCode::UnknownMemberId));
    assert_eq!(commit(by("", -1), 0), Err(ErrorCode::UnknownMemberId));
    assert_eq!(commit(Committer { transactional: true, ..by("", -1) }, 0), Ok(()));
    assert_eq!(commit(Committer { api_version: 8, ..by("a", 3) }, 0), Err(ErrorCode::UnsupportedVersion));
    assert_eq!(offsets::validate_fetch(group, None, -1), Ok(()));
    assert_eq!(offsets::validate_fetch(group, Some("a"), 3), Ok(()));
    assert_eq!(offsets::validate_fetch(group, Some("a"), 2).unwrap_err().code(), ErrorCode::StaleMemberEpoch);
}

#[test]
fn a_description_tells_what_is_owned_and_what_should_be() {
    let mut bench = bench(&[("foo", 2)]);
    bench.beat(join("a", &["foo"])).unwrap();
    bench.beat(join("b", &["foo"])).unwrap();
    bench.beat(alive("a", 2)).unwrap();
    let described = super::describe::describe(bench.shard.machine(), &bench.settings, GROUP).unwrap();
    assert_eq!((described.state.name(), &*described.assignor, described.epoch), ("Reconciling", "uniform", 3));
    let lists =
        |topics: &[super::describe::TopicDescription]| topics.iter().map(|t| t.partitions.clone()).collect::<Vec<_>>();
    let members: Vec<_> =
        described.members.iter().map(|m| (&*m.id, m.epoch, lists(&m.assignment), lists(&m.target))).collect();
    assert_eq!(members, [("a", 2, vec![vec![0, 1]], vec![vec![0]]), ("b", 3, vec![], vec![vec![1]])]);
    assert_eq!(super::describe::describe(bench.shard.machine(), &bench.settings, "other"), None);
}

#[test]
fn timers_are_set_again_after_loading() {
    let mut bench = bench(&[("foo", 2)]);
    bench.beat(join("a", &["foo"])).unwrap();
    bench.beat(join("b", &["foo"])).unwrap();
    bench.beat(alive("a", 2)).unwrap();
    let machine = bench.reloaded();
    let timers = super::on_timer::on_loaded(&machine, bench.now).timers;
    let due = |member: &str, timer, after: i64| {
        let key = Timer::ConsumerMember(GROUP.into(), member.into(), timer);
        TimerChange::Set(key, bench.now.plus(Millis(after)))
    };
    let expected = [
        due("a", MemberTimer::Session, 45_000),
        due("a", MemberTimer::Revocation, 60_000),
        due("b", MemberTimer::Session, 45_000),
    ];
    assert_eq!(timers, expected);
}

#[test]
fn a_classic_group_without_members_gives_way_and_one_with_members_does_not() {
    let step = |state, member: Option<&str>| {
        let mut group = ClassicGroup::new(Millis(0));
        group.head.state = state;
        let member = member.map(|id| {
            let value = ClassicMemberValue {
                member_id: id.into(),
                instance_id: None,
                client_id: "c".into(),
                client_host: "/h".into(),
                rebalance_timeout_ms: 1,
                session_timeout_ms: 1,
                subscription: Bytes::new(),
                assignment: Bytes::new(),
            };
            (id.into(), Some(Arc::new(Member::from_value(&value, None))))
        });
        Soft { head: group.head, members: member.into_iter().collect(), pending: Vec::new() }
    };
    let mut bench = bench(&[("foo", 1)]);
    bench.soft(GroupRecord::ClassicSoft(GROUP.into(), step(State::Stable, Some("m"))));
    assert_eq!(code(&mut bench, join("a", &["foo"])), ErrorCode::GroupIdNotFound);
    let mut bench = self::bench(&[("foo", 1)]);
    bench.soft(GroupRecord::ClassicSoft(GROUP.into(), step(State::Empty, None)));
    assert_eq!(told(&bench.beat(join("a", &["foo"])).unwrap()), [(id("foo"), vec![0])]);
    let first = &bench.shard.log().entries()[0];
    assert!(matches!(first, Entry::Record(_, GroupRecord::Classic(_, None))));
}
