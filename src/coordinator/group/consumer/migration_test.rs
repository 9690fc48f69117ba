//! A group goes from the classic protocol to the consumer protocol and back, its members one by one.

use bytes::Bytes;

use super::bench_test::{Bench, GROUP, alive, join};
use super::consumer_protocol::{decode_assignment, encode_assignment};
use super::heartbeat::{ConsumerGroupHeartbeat, HeartbeatReply};
use super::test_image::{TestImage, id};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Uuid};
use crate::coordinator::group::classic::group::{ClassicGroup, State};
use crate::coordinator::group::classic::heartbeat::{Heartbeat, heartbeat};
use crate::coordinator::group::classic::join::{JoinGroup, join as classic_join};
use crate::coordinator::group::classic::leave::{LeaveGroup, Leaving, leave};
use crate::coordinator::group::classic::settings::Settings;
use crate::coordinator::group::classic::soft::JoinReply;
use crate::coordinator::group::classic::sync::{SyncGroup, sync};
use crate::coordinator::group::machine::{Effect, Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{ClassicGroupValue, ClassicMemberValue, GroupRecord};
use crate::machine::log::MachineLog;
use crate::machine::outcome::{Reply, WaiterId};
use crate::machine::shard::{SubmitError, Submitted};

/// Version 1: `foo`, and what is owned of it.
fn subscription(owned: &[i32]) -> Bytes {
    let mut said = b"\0\x01\0\0\0\x01\0\x03foo\xff\xff\xff\xff".to_vec();
    let owned = encode_assignment(0, &vec![("foo".into(), owned.to_vec())]);
    said.extend(&owned[2..owned.len() - 4]);
    said.into()
}

fn classic_group(protocol_type: &str, members: &[(&str, Option<&str>, &[i32])]) -> ClassicGroupValue {
    let member = |(id, instance, partitions): &(&str, Option<&str>, &[i32])| ClassicMemberValue {
        member_id: (*id).into(),
        instance_id: instance.map(Into::into),
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        rebalance_timeout_ms: 30_000,
        session_timeout_ms: 10_000,
        subscription: subscription(&[]),
        assignment: encode_assignment(1, &vec![("foo".into(), partitions.to_vec())]),
    };
    ClassicGroupValue {
        protocol_type: protocol_type.into(),
        generation: 5,
        protocol: Some("range".into()),
        leader: members.first().map(|(id, ..)| (*id).into()),
        current_state_timestamp: Millis(0),
        members: members.iter().map(member).collect(),
    }
}

/// A bench with a classic group of that value.
fn bench(value: ClassicGroupValue) -> Bench {
    let mut image = TestImage::default();
    image.topic("foo", 4);
    let mut bench = Bench::new(image);
    bench.settings.assignment_interval_ms.default = 0;
    let record = GroupRecord::Classic(GROUP.into(), Some(value));
    submit(&mut bench, "there is a classic group", |_, _| Ok(Outcome::records(vec![record], ()))).unwrap();
    bench
}

fn submit<T: std::fmt::Debug>(
    bench: &mut Bench,
    label: &str,
    op: impl FnOnce(&GroupMachine, Millis) -> Result<Outcome<T>, ErrorCode>,
) -> Result<T, ErrorCode> {
    let (now, noted) = (bench.now, bench.shard.log().end());
    let transcript = &mut bench.transcript;
    let submitted: Result<Submitted<T, Effect>, SubmitError<ErrorCode>> = bench.shard.submit(|machine| {
        let decided = op(machine, now);
        transcript.note(&format_args!("{label}"), noted, &decided);
        decided
    });
    match submitted {
        Ok(Submitted { reply: Reply::Now(reply), .. }) => Ok(reply),
        Err(SubmitError::Refused(code)) => Err(code),
        other => panic!("{other:?}"),
    }
}

fn rejoin(bench: &mut Bench, member: &str, instance: Option<&str>, owned: &[i32]) -> Result<JoinReply, ErrorCode> {
    let op = JoinGroup {
        group: GROUP.into(),
        member_id: member.into(),
        fresh: Uuid([9; 16]),
        instance_id: instance.map(Into::into),
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![("range".into(), subscription(owned))],
        reason: None,
        can_rejoin_with_id: true,
        can_skip_assignment: true,
        waiter: WaiterId(1),
    };
    let label = format!("{member} joins by the classic protocol, owns {owned:?}");
    submit(bench, &label, |machine, now| classic_join(machine, now, &Settings::new(&machine.config), op))
}

fn beat(bench: &mut Bench, member: &str, generation: i32) -> Result<ErrorCode, ErrorCode> {
    let op = Heartbeat { group: GROUP.into(), generation, member_id: member.into(), instance_id: None };
    submit(bench, &format!("{member} beats in generation {generation}"), |machine, now| heartbeat(machine, now, op))
}

fn owned(bench: &mut Bench, member: &str, generation: i32) -> Result<Vec<i32>, ErrorCode> {
    let op = SyncGroup {
        group: GROUP.into(),
        generation,
        member_id: member.into(),
        instance_id: None,
        protocol_type: Some("consumer".into()),
        protocol: Some("range".into()),
        assignments: Vec::new(),
        waiter: WaiterId(1),
    };
    let label = format!("{member} syncs in generation {generation}");
    let reply = submit(bench, &label, |machine, now| sync(machine, now, op))?;
    match reply.error {
        ErrorCode::None => {
            Ok(decode_assignment(&reply.assignment).unwrap().0.into_iter().flat_map(|(_, ps)| ps).collect())
        }
        error => Err(error),
    }
}

fn told(reply: &HeartbeatReply) -> Vec<i32> {
    reply.assignment.as_ref().map_or(Vec::new(), |owned| owned.of(id("foo")).iter().map(|(p, _)| *p).collect())
}

fn classic(bench: &Bench) -> &ClassicGroup {
    match &bench.shard.machine().groups[GROUP] {
        Group::Classic(group) => group,
        Group::Consumer(_) => panic!("a consumer group"),
    }
}

#[test]
fn members_change_their_protocol_one_by_one_and_back() {
    let mut bench = bench(classic_group("consumer", &[("a", None, &[0, 1]), ("b", None, &[2, 3])]));
    let c = bench.beat(join("c", &["foo"])).unwrap();
    assert_eq!((c.member_epoch, told(&c)), (6, vec![]));
    assert_eq!(bench.group().members()["a"].assigned.of(id("foo")), [(0, 5), (1, 5)]);

    // Both hear that they must join again; who gives up everything first owns its new share at once.
    assert_eq!(beat(&mut bench, "a", 5), Ok(ErrorCode::RebalanceInProgress));
    assert_eq!(owned(&mut bench, "a", 5), Err(ErrorCode::RebalanceInProgress));
    let a = rejoin(&mut bench, "a", None, &[]).unwrap();
    assert_eq!((a.error, a.generation, a.leader), (ErrorCode::None, 6, None));
    let of_a = owned(&mut bench, "a", 6).unwrap();
    assert_eq!(beat(&mut bench, "a", 6), Ok(ErrorCode::None));
    assert_eq!(beat(&mut bench, "a", 5), Err(ErrorCode::IllegalGeneration));
    // The other holds on to what it has, and must come twice: it learns what it keeps, and gives up the rest.
    assert_eq!(rejoin(&mut bench, "b", None, &[2, 3]).unwrap().generation, 5);
    let of_b = owned(&mut bench, "b", 5).unwrap();
    assert_eq!(of_b.len(), 1);
    assert_eq!(beat(&mut bench, "b", 5), Ok(ErrorCode::RebalanceInProgress));
    assert_eq!(rejoin(&mut bench, "b", None, &of_b).unwrap().generation, 6);
    assert_eq!(owned(&mut bench, "b", 6).unwrap(), of_b);
    assert_eq!(beat(&mut bench, "b", 6), Ok(ErrorCode::None));
    let of_c = told(&bench.beat(alive("c", 6)).unwrap());
    let mut all = [of_a, of_b, of_c].concat();
    all.sort();
    assert_eq!(all, [0, 1, 2, 3]);
    assert!(
        matches!(&bench.reloaded().groups[GROUP], Group::Consumer(group) if group.members() == bench.group().members())
    );

    // The last of the consumer protocol leaves: the others go on as they used to.
    bench.beat(alive("c", -1)).unwrap();
    let group = classic(&bench);
    assert_eq!((group.head.state, group.head.generation), (State::PreparingRebalance, 6));
    assert_eq!(group.members().map(|m| &*m.id).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(beat(&mut bench, "a", 6), Ok(ErrorCode::RebalanceInProgress));
    assert!(matches!(&bench.reloaded().groups[GROUP], Group::Classic(group) if group.members().count() == 2));
    assert_eq!(bench.transcript.as_str(), include_str!("stories/migration.txt"));
}

#[test]
fn a_classic_member_that_does_not_join_again_in_time_is_sent_away() {
    let mut bench = bench(classic_group("consumer", &[("a", None, &[0, 1, 2, 3])]));
    bench.beat(join("c", &["foo"])).unwrap();
    for _ in 0..6 {
        bench.pass(9_000);
        bench.beat(alive("c", 6)).unwrap();
        if beat(&mut bench, "a", 5).is_err() {
            break;
        }
    }
    assert_eq!(beat(&mut bench, "a", 5), Err(ErrorCode::UnknownMemberId));
    let epoch = bench.group().members()["c"].epoch;
    bench.beat(alive("c", epoch)).unwrap();
    assert_eq!(bench.group().members()["c"].assigned.of(id("foo")).len(), 4);
}

#[test]
fn a_static_member_changes_its_protocol_in_place() {
    let mut bench = bench(classic_group("consumer", &[("a", Some("i"), &[0, 1, 2, 3])]));
    let upgraded = ConsumerGroupHeartbeat { instance_id: Some("i".into()), ..join("c", &["foo"]) };
    let c = bench.beat(upgraded).unwrap();
    assert_eq!((c.member_epoch, told(&c)), (5, vec![0, 1, 2, 3]));
    assert_eq!(bench.group().members().len(), 1);

    let back = rejoin(&mut bench, "", Some("i"), &[]).unwrap();
    assert_eq!((back.error, back.generation), (ErrorCode::None, 5));
    let group = classic(&bench);
    assert_eq!((group.head.state, group.head.generation), (State::Stable, 5));
    let generation = group.head.generation;
    let member = back.member_id.to_string();
    assert_eq!(owned(&mut bench, &member, generation), Ok(vec![0, 1, 2, 3]));
}

#[test]
fn groups_that_are_no_consumers_or_may_not_change_stay_as_they_are() {
    let code = |bench: &mut Bench| bench.beat(join("c", &["foo"])).unwrap_err().code();
    let member: &[(&str, Option<&str>, &[i32])] = &[("a", None, &[0])];
    assert_eq!(code(&mut self::bench(classic_group("connect", member))), ErrorCode::GroupIdNotFound);
    let mut disabled = bench(classic_group("consumer", member));
    disabled.settings.migration = super::settings::MigrationPolicy::Downgrade;
    assert_eq!(code(&mut disabled), ErrorCode::GroupIdNotFound);
    let mut custom = classic_group("consumer", member);
    custom.members[0].assignment = b"\0\0\0\0\0\0\0\0\0\x01x".as_slice().into();
    assert_eq!(code(&mut bench(custom)), ErrorCode::GroupIdNotFound);
}

#[test]
fn a_group_without_members_gives_way_to_either_protocol() {
    let mut bench = bench(classic_group("consumer", &[]));
    assert_eq!(bench.beat(join("c", &["foo"])).unwrap().member_epoch, 2);
    bench.beat(alive("c", -1)).unwrap();
    assert_eq!(rejoin(&mut bench, "gone", None, &[]), Err(ErrorCode::UnknownMemberId));
    assert_eq!(rejoin(&mut bench, "", None, &[]).unwrap().error, ErrorCode::MemberIdRequired);
    assert_eq!(classic(&bench).pending().len(), 1);
    assert!(matches!(&bench.reloaded().groups[GROUP], Group::Classic(_)));
}

#[test]
fn members_of_both_protocols_leave_by_request() {
    let mut bench = bench(classic_group("consumer", &[("a", None, &[0, 1]), ("b", Some("i"), &[2, 3])]));
    bench.beat(join("c", &["foo"])).unwrap();
    let leaving = |member: &str, instance: Option<&str>| Leaving {
        member_id: member.into(),
        instance_id: instance.map(Into::into),
        reason: None,
    };
    let members = vec![leaving("a", None), leaving("", Some("i")), leaving("x", None), leaving("a", Some("i"))];
    let op = LeaveGroup { group: GROUP.into(), members };
    let reply =
        submit(&mut bench, "members leave by the classic protocol", |machine, now| leave(machine, now, op)).unwrap();
    let errors: Vec<ErrorCode> = reply.members.iter().map(|(_, _, error)| *error).collect();
    assert_eq!(errors, [ErrorCode::None, ErrorCode::None, ErrorCode::UnknownMemberId, ErrorCode::FencedInstanceId]);
    assert_eq!(told(&bench.beat(alive("c", 6)).unwrap()), [0, 1, 2, 3]);
}
