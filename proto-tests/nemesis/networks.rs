//! Networks that are cut, in both directions or in one, and networks that lose and delay. Brokers and controllers are nodes of their
//! own here, so that a leader can be cut from the ones and not from the others.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::arena::{self, Arena, PARTITIONS, SETTINGS, TOPIC};
use crate::network::{Cut, Network};
use crate::support::client::Library;
use crate::support::cluster::Cluster;
use crate::support::member::{Member, Protocol, Setting};

const CONTROLLERS: [i32; 3] = [1, 2, 3];
const BROKERS: [i32; 3] = [4, 5, 6];
/// Where a client may run that is to be cut off.
const GUEST: i32 = 7;

fn planned(network: &Network) -> Cluster {
    let roles = ["controller", "controller", "controller", "broker", "broker", "broker"];
    let settings: Vec<_> = SETTINGS.into_iter().chain([("connections.max.idle.ms", "4000")]).collect();
    Cluster::plan(&roles, &settings, |id| network.place(id))
}

fn others(id: i32) -> [i32; 2] {
    let list: Vec<i32> = BROKERS.into_iter().filter(|other| *other != id).collect();
    [list[0], list[1]]
}

fn partition_epoch_changes(cluster: &Cluster, by: i32, partition: i32, span: Duration) -> usize {
    let end = Instant::now() + span;
    let mut changes = 0;
    let mut last = arena::isr(cluster, by, TOPIC, partition);
    while Instant::now() < end {
        let now = arena::isr(cluster, by, TOPIC, partition);
        if now != last {
            changes += 1;
            last = now;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    changes
}

#[test]
fn networks_that_are_cut() {
    let network = Network::create(GUEST);
    let mut arena = Arena::start(planned(&network));

    for how in [Cut::Route, Cut::Silence] {
        arena.faults(&[8, 19], |cluster, span| {
            let leader = arena::leader(cluster, 4, TOPIC, 0);
            for other in others(leader) {
                network.cut(leader, other, how);
            }
            // Clients reach it, and controllers do.
            cluster.wait_for("the leader is alone in sync", |cluster| {
                let isr = arena::in_sync(cluster, leader, TOPIC);
                (*isr.first()? == [i64::from(leader)] && *arena::leaders(cluster, leader, TOPIC).first()? == leader)
                    .then_some(())
            });
            let mark = arena::high_watermark(cluster, leader, TOPIC, 0).expect("it leads");
            let end = Instant::now() + span.saturating_sub(Duration::from_secs(2));
            let mut refused = 0;
            while Instant::now() < end {
                let told = arena::produce(cluster, leader, TOPIC, 0, "alone", 300);
                assert!(matches!(told, Some((19 | 20 | 7, _))), "an answer by one of three: {told:?}");
                refused += usize::from(matches!(told, Some((19, _))));
                assert_eq!(arena::high_watermark(cluster, leader, TOPIC, 0), Some(mark), "it moved without a follower");
                // What is not committed is not shown.
                let shown = arena::fetch(cluster, leader, TOPIC, 0, mark, 1 << 20).expect("an answer");
                assert!(shown["records"].as_str().unwrap_or_default().is_empty(), "{shown}");
            }
            assert!(refused > 0, "NOT_ENOUGH_REPLICAS was never said");
            network.heal();
        });
    }

    arena.faults(&[9], |cluster, span| {
        let leader = arena::leader(cluster, 4, TOPIC, 1);
        let follower = others(leader)[0];
        network.cut_one_way(follower, leader, Cut::Silence);
        cluster.wait_for("the follower is out of sync", |cluster| {
            (!arena::in_sync(cluster, leader, TOPIC).get(1)?.contains(&i64::from(follower))).then_some(())
        });
        let changes = partition_epoch_changes(cluster, leader, 1, span);
        println!("  the ISR changed {changes} times meanwhile");
        assert!(changes <= 2, "the ISR changed {changes} times although the way was cut all the time");
        network.heal();
    });

    arena.faults(&[10], |cluster, span| {
        let leader = arena::leader(cluster, 4, TOPIC, 2);
        for controller in CONTROLLERS {
            network.cut(leader, controller, Cut::Silence);
        }
        let cut = Instant::now();
        let by = others(leader)[0];
        arena::others_lead(cluster, by, leader);
        println!("  another leads after {:?}: its session is 3 s", cut.elapsed());
        // It does not know, and it is not followed.
        let end = Instant::now() + span.saturating_sub(Duration::from_secs(3));
        while Instant::now() < end {
            let told = arena::produce(cluster, leader, TOPIC, 2, "from a leader of the past", 300);
            assert!(!matches!(told, Some((0, _))), "it acknowledged alone");
        }
        network.heal();
    });

    arena.repeated_faults(&[68], |cluster, times| {
        // Both join; then one of them is cut off from everybody, and sends nothing any more.
        let setting = |prefix: &[String]| member(cluster, times, prefix);
        let idle = Member::start(&setting(&network.place(GUEST).prefix), &format!("idle-{times}"));
        let mut members = [idle, Member::start(&setting(&[]), &format!("lively-{times}"))];
        cluster.wait_for("both own something", |_| {
            members.iter_mut().all(|member| !member.owned().is_empty()).then_some(())
        });
        for id in BROKERS {
            network.cut(GUEST, id, Cut::Silence);
        }
        cluster.wait_for("the other owns all", |_| (members[1].owned().len() == PARTITIONS as usize).then_some(()));
        cluster.wait_for("nothing is left of the connections", |cluster| {
            BROKERS.iter().all(|id| network.connections(*id, cluster.node(*id).port, GUEST) == 0).then_some(())
        });
        network.heal();
    });
}

#[test]
fn networks_that_lose() {
    let network = Network::create(GUEST);
    let mut arena = Arena::start(planned(&network));
    arena.faults(&[11], |cluster, span| {
        for percent in [1, 5, 20] {
            for id in BROKERS {
                network.lose(id, percent);
            }
            let before = committed_behind(cluster, -1);
            let changes = partition_epoch_changes(cluster, 4, 0, span / 2);
            let after = committed_behind(cluster, before);
            println!("  {percent} % lost: {} records, the ISR changed {changes} times", after - before);
            network.heal();
        }
        let before = committed_behind(cluster, -1);
        network.jitter(5, Duration::from_millis(200), span);
        let after = committed_behind(cluster, before);
        println!("  jitter of 200 ms: {} records", after - before);
        network.heal();
    });
}

/// Waits until more than `before` records of partition 0 are committed, as far as node 4 knows; how many are.
fn committed_behind(cluster: &Cluster, before: i64) -> i64 {
    cluster.wait_for("records are committed", |cluster| {
        arena::high_watermark(cluster, 4, TOPIC, 0).filter(|now| *now > before)
    })
}

fn member(cluster: &Cluster, times: usize, prefix: &[String]) -> Setting {
    Setting {
        library: Library::Franz,
        protocol: Protocol::Classic,
        bootstrap: cluster.bootstrap(),
        group: format!("half-open-{times}"),
        dir: cluster.node_dir(1),
        more: json!({"topic": TOPIC, "reset": "latest", "session_ms": 6000, "prefix": prefix}),
    }
}
