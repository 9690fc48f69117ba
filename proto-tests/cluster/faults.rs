//! Everything that can happen to one node of three, under load, and how long producers notice it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::survival::{Loaded, now_ms};

/// One at a time: they measure.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn nothing_is_lost_by_kill_nine() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut loaded = Loaded::start(&[]);
    for victim in [1, 2, 3] {
        // It leads one partition and follows in two.
        let pause = loaded.under_load(6, |cluster| {
            cluster.kill(victim);
            let killed = now_ms();
            let other = victim % 3 + 1;
            cluster.wait_for("another leads", |cluster| {
                (!Loaded::leaders(cluster, other).contains(&victim)).then_some(())
            });
            println!("node {victim} killed: others lead after {} ms", now_ms() - killed);
            std::thread::sleep(Duration::from_secs(1));
            cluster.run(victim);
            cluster.wait_ready(victim);
        });
        println!("node {victim} killed and back: no acknowledgements for {pause} ms");
    }
    for round in 0..2 {
        let pause = loaded.under_load(6, |cluster| {
            let (active, _) = cluster.wait_for("a controller", |cluster| cluster.controller(1));
            cluster.kill(active);
            std::thread::sleep(Duration::from_secs(1));
            cluster.run(active);
            cluster.wait_ready(active);
        });
        println!("active controller killed and back, round {round}: no acknowledgements for {pause} ms");
    }
}

#[test]
fn nothing_is_lost_by_a_rolling_restart() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut loaded = Loaded::start(&[]);
    for id in [1, 2, 3] {
        let pause = loaded.under_load(6, |cluster| {
            let asked = now_ms();
            assert!(cluster.stop(id).success());
            println!("node {id} stopped in {} ms", now_ms() - asked);
            cluster.run(id);
            cluster.wait_ready(id);
        });
        println!("node {id} stopped and back: no acknowledgements for {pause} ms");
    }
    let pause = loaded.under_load(12, |cluster| {
        for id in [1, 2, 3] {
            assert!(cluster.stop(id).success());
            cluster.run(id);
            cluster.wait_ready(id);
        }
    });
    println!("all restarted one after the other: no acknowledgements for {pause} ms");
}

#[test]
fn nothing_is_lost_by_a_sleep_longer_than_a_session() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let overrides = [("broker.session.timeout.ms", "3000"), ("broker.heartbeat.interval.ms", "500")];
    let mut loaded = Loaded::start(&overrides);
    for sleeper in [1, 2, 3] {
        let pause = loaded.under_load(14, |cluster| {
            cluster.signal(sleeper, "STOP");
            let other = sleeper % 3 + 1;
            cluster.wait_for("another leads", |cluster| {
                (!Loaded::leaders(cluster, other).contains(&sleeper)).then_some(())
            });
            std::thread::sleep(Duration::from_secs(2));
            cluster.signal(sleeper, "CONT");
        });
        println!("node {sleeper} slept past its session of 3000 ms: no acknowledgements for {pause} ms");
    }
}
