//! The life of a group under load: members join one by one, one leaves, one dies, one sleeps past its session timeout.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::check;
use crate::load::{self, Load, PARTITIONS, Watch};
use crate::support::broker::{Broker, under_test};
use crate::support::client::Library;
use crate::support::member::{Member, PROPERTIES, Protocol, SESSION, Setting, until, until_shared};
use crate::support::paths::Scratch;

/// A server with short timeouts, and a directory for the members of one test.
pub fn stage(library: Library, protocol: Protocol, more: Value) -> (Broker, Scratch, Setting) {
    stage_with(library, protocol, more, &[])
}

/// The same with further server properties.
pub fn stage_with(
    library: Library,
    protocol: Protocol,
    more: Value,
    properties: &[(&str, &str)],
) -> (Broker, Scratch, Setting) {
    let broker = Broker::start(under_test(), &[&PROPERTIES, properties].concat());
    let scratch = Scratch::new("groups");
    let group = format!("{library:?}-{protocol:?}").to_lowercase();
    let dir = scratch.path().to_path_buf();
    let setting = Setting { library, protocol, bootstrap: broker.bootstrap(), group, dir, more };
    (broker, scratch, setting)
}

/// Fails with everything that is wrong with this group.
pub fn judge(setting: &Setting, broker: &Broker, watch: Watch, members: &mut [&mut Member]) {
    let mut wrong = watch.stop();
    wrong.extend(check::one_owner_at_a_time(members));
    if setting.protocol == Protocol::Classic {
        wrong.extend(check::one_owner_a_generation(members));
    }
    wrong.extend(check::all_consumed(members, &load::ends(broker)));
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{}:\n{}", setting.group, wrong.join("\n"));
}

/// The whole of it.
pub fn life(library: Library, protocol: Protocol, more: Value) {
    let (broker, _scratch, setting) = stage(library, protocol, more);
    let all = PARTITIONS as usize;
    let load = Load::start(&broker);
    let watch = Watch::start(&broker, &setting.group);

    let mut one = Member::start(&setting, "one");
    until_shared("one member", &mut [&mut one], all);
    let mut two = Member::start(&setting, "two");
    until_shared("a second joined", &mut [&mut one, &mut two], all);
    let mut three = Member::start(&setting, "three");
    until_shared("a third joined", &mut [&mut one, &mut two, &mut three], all);
    let expected = if protocol == Protocol::Classic { "classic" } else { "consumer" };
    assert_eq!(load::state(&broker, &setting.group), Some(("Stable".to_string(), expected.to_string())));

    let start = Instant::now();
    two.leave();
    until_shared("the second left", &mut [&mut one, &mut three], all);
    println!("{}: shared anew {:?} after a member was asked to leave", setting.group, start.elapsed());

    let start = Instant::now();
    three.kill();
    until_shared("the third was killed", &mut [&mut one], all);
    let took = start.elapsed();
    assert!(took > SESSION / 2, "{}: the partitions of a silent member were taken after {took:?}", setting.group);

    let mut four = Member::start(&setting, "four");
    until_shared("a fourth joined", &mut [&mut one, &mut four], all);
    four.pause();
    until_shared("the fourth sleeps", &mut [&mut one], all);
    std::thread::sleep(Duration::from_secs(1));
    four.resume();
    until_shared("the fourth woke", &mut [&mut one, &mut four], all);

    load.stop();
    load::until_no_lag(&broker, &setting.group);
    one.leave();
    until_shared("the first left", &mut [&mut four], all);
    four.leave();
    assert_eq!(load::state(&broker, &setting.group).map(|s| s.0), Some("Empty".to_string()));
    judge(&setting, &broker, watch, &mut [&mut one, &mut two, &mut three, &mut four]);
    resume(&broker, &setting);
}

/// A member of later days starts where the group ended.
fn resume(broker: &Broker, setting: &Setting) {
    let before = load::ends(broker);
    load::round(&mut broker.wire());
    let after = load::ends(broker);
    let mut late = Member::start(setting, "late");
    until("a late member reads on", &mut [&mut late], Duration::from_secs(60), |m| {
        m[0].consumed().len() == PARTITIONS as usize
    });
    load::until_no_lag(broker, &setting.group);
    for (partition, offsets) in late.consumed() {
        let expected: Vec<i64> = (before[&partition]..after[&partition]).collect();
        assert_eq!(offsets.into_iter().collect::<Vec<_>>(), expected, "{partition} of {}", setting.group);
    }
    late.leave();
}

/// No fields beyond those that all members have.
pub fn plain() -> Value {
    json!({})
}
