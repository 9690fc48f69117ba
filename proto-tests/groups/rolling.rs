//! Groups that change without stopping: cooperative joins, static members that come back, protocols that are exchanged.

use std::time::Duration;

use serde_json::{Value, json};

use crate::life::{judge, stage, stage_with};
use crate::load::{self, Load, PARTITIONS, Watch};
use crate::support::client::Library;
use crate::support::member::{Member, Protocol, Setting, until, until_shared};

const ALL: usize = PARTITIONS as usize;

/// Three members join one by one: a partition that a member keeps is never taken from it on the way.
pub fn cooperative(library: Library, protocol: Protocol, more: Value) {
    let (broker, _scratch, setting) = stage(library, protocol, more);
    let load = Load::start(&broker);
    let watch = Watch::start(&broker, &setting.group);
    let mut one = Member::start(&setting, "one");
    until_shared("one member", &mut [&mut one], ALL);
    let mut two = Member::start(&setting, "two");
    until_shared("a second joined", &mut [&mut one, &mut two], ALL);
    let mut three = Member::start(&setting, "three");
    until_shared("a third joined", &mut [&mut one, &mut two, &mut three], ALL);
    std::thread::sleep(Duration::from_secs(1));
    for (member, given) in [(&mut one, ALL), (&mut two, ALL / 2), (&mut three, ALL / 3)] {
        let owned = member.owned().clone();
        let tenures = member.tenures();
        assert_eq!(tenures.len(), given, "{} got each partition once: {tenures:?}", setting.group);
        let kept = tenures.iter().filter(|t| t.until.is_none()).count();
        assert_eq!(kept, owned.len(), "{}: what is held was held without a break: {tenures:?}", setting.group);
        assert_eq!(member.count("lost"), 0);
    }
    load.stop();
    load::until_no_lag(&broker, &setting.group);
    for m in [&mut one, &mut two, &mut three] {
        m.leave();
    }
    judge(&setting, &broker, watch, &mut [&mut one, &mut two, &mut three]);
}

/// Members with instance ids end and come back within the session timeout: the others hear nothing of it.
pub fn static_members(protocol: Protocol) {
    // Long enough for a client to come back on a busy machine, short enough to wait for its end.
    let long = [("group.consumer.session.timeout.ms", "45000"), ("group.consumer.max.session.timeout.ms", "60000")];
    let (broker, _scratch, setting) = stage_with(Library::Java, protocol, json!({"session_ms": 45000}), &long);
    let back = Duration::from_secs(40);
    let load = Load::start(&broker);
    let watch = Watch::start(&broker, &setting.group);
    let start = |name: &str, instance: &str| Member::start_with(&setting, name, json!({"instance": instance}));
    let changes = |m: &mut Member| m.count("assigned") + m.count("revoked") + m.count("lost");
    let mut a = start("a", "instance-a");
    until_shared("one member", &mut [&mut a], ALL);
    let mut b = start("b", "instance-b");
    until_shared("both", &mut [&mut a, &mut b], ALL);
    let (held, before) = (b.owned().clone(), changes(&mut a));

    b.leave();
    let mut again = start("b-again", "instance-b");
    until("the member that left is back", &mut [&mut again], back, |m| !m[0].owned().is_empty());
    assert_eq!(*again.owned(), held, "it holds what it held");
    again.kill();
    let mut third = start("b-third", "instance-b");
    let mut last = if protocol == Protocol::Classic {
        // Whoever comes with the instance id takes over from the one before, dead or alive.
        until("the member that was killed is back", &mut [&mut third], back, |m| !m[0].owned().is_empty());
        assert_eq!(*third.owned(), held, "it holds what it held");
        assert_eq!(changes(&mut a), before, "the other one heard nothing: {}", a.tail());
        let double = start("b-double", "instance-b");
        ends_with(&mut third, "FencedInstanceIdException");
        double
    } else {
        // Who did not say that it goes keeps its place until its session is over; nobody takes over.
        ends_with(&mut third, "UnreleasedInstanceIdException");
        assert_eq!(changes(&mut a), before, "the other one heard nothing: {}", a.tail());
        until_shared("its session is over", &mut [&mut a], ALL);
        start("b-fourth", "instance-b")
    };
    until_shared("it is in again", &mut [&mut a, &mut last], ALL);
    load.stop();
    load::until_no_lag(&broker, &setting.group);
    last.leave();
    a.leave();
    let wrong = watch.stop();
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn ends_with(member: &mut Member, error: &str) {
    until(error, &mut [&mut *member], Duration::from_secs(60), |m| m[0].count("failed") > 0);
    let failed = member.events().iter().find(|e| e["e"] == "failed").cloned().unwrap_or_default();
    assert_eq!(failed["error"], error, "{failed}");
}

/// A group goes from the classic protocol to the consumer protocol and back, one member after the other, under load.
pub fn migration(library: Library) {
    let (broker, _scratch, setting) = stage(library, Protocol::Classic, json!({}));
    let new = Setting { protocol: Protocol::Consumer, ..setting.clone() };
    let load = Load::start(&broker);
    let watch = Watch::start(&broker, &setting.group);
    let kind = || load::state(&broker, &setting.group).map(|s| s.1).unwrap_or_default();
    let mut gone: Vec<Member> = Vec::new();
    let mut here: Vec<Member> = Vec::new();
    for n in 0..3 {
        here.push(Member::start(&setting, &format!("classic-{n}")));
        until_shared("classic members", &mut here.iter_mut().collect::<Vec<_>>(), ALL);
    }
    assert_eq!(kind(), "classic");
    for (to, name) in [(&new, "consumer"), (&setting, "classic-again")] {
        for n in 0..3 {
            let mut old = here.remove(0);
            old.leave();
            gone.push(old);
            here.push(Member::start(to, &format!("{name}-{n}")));
            let what = format!("{name}-{n} took a place");
            until_shared(&what, &mut here.iter_mut().collect::<Vec<_>>(), ALL);
            // The first of the new protocol turns the group; the last one that leaves turns it back.
            let expected = if name == "consumer" || n < 2 { "consumer" } else { "classic" };
            assert_eq!(kind(), expected, "{what}");
        }
    }
    load.stop();
    load::until_no_lag(&broker, &setting.group);
    for mut m in here {
        m.leave();
        gone.push(m);
    }
    judge(&new, &broker, watch, &mut gone.iter_mut().collect::<Vec<_>>());
}
