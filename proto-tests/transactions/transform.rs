//! A consume-transform-produce loop: what is consumed counts as consumed exactly when what was made of it counts as produced.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::broker::Broker;
use crate::support::paths;
use crate::support::reader;
use crate::support::wire::{Batch, Wire, now};

const INPUT: &str = "numbers";
const OUTPUT: &str = "doubled";
const GROUP: &str = "doublers";
const PARTITIONS: i32 = 2;
const WORKERS: usize = 2;
/// How many numbers each partition is given at a time.
const PER_ROUND: usize = 600;
/// With so many to be consumed still, no more are given.
const ENOUGH: i64 = 1000;

/// What a server needs so that nobody waits long for the dead.
pub const PROPERTIES: [(&str, &str); 3] = [
    ("group.min.session.timeout.ms", "1000"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500"),
];

/// The topics, the workers, and what they were given to do.
pub struct Loop {
    workers: Vec<Child>,
    given: usize,
    seen: i64,
    dice: u64,
}

impl Loop {
    /// Starts to work. `seed` decides who is killed when.
    pub fn start(broker: &Broker, seed: u64) -> Loop {
        for topic in [INPUT, OUTPUT] {
            reader::create(&mut broker.wire(), topic, PARTITIONS, &[]);
        }
        let workers = (0..WORKERS).map(|which| worker(broker, which)).collect();
        Loop { workers, given: 0, seen: 0, dice: seed | 1 }
    }

    /// More to do; then, at no certain time, somebody is killed.
    pub fn round(&mut self, broker: &mut Broker) {
        self.give(broker);
        // Nobody is killed while still starting: work is under way by then.
        let end = Instant::now() + Duration::from_secs(90);
        let mut wire = broker.wire();
        let before = self.seen;
        while self.seen <= before {
            assert!(Instant::now() < end, "nothing is consumed after {before} numbers");
            self.revive(broker);
            std::thread::sleep(Duration::from_millis(20));
            // A coordinator that has just started may know of none yet.
            self.seen = before.max(consumed(&mut wire));
        }
        let pause = self.roll(400);
        std::thread::sleep(Duration::from_millis(pause));
        // The server every other time, mostly together with a worker.
        let victim = self.roll(6);
        self.seen = self.seen.max(consumed(&mut wire));
        println!("{} of {} numbers, then {victim} is killed", self.seen, self.given as i64 * i64::from(PARTITIONS));
        if victim < 3 {
            broker.kill();
        }
        if victim != 0 {
            let which = self.roll(WORKERS as u64) as usize;
            let _ = self.workers[which].kill();
        }
        if victim < 3 {
            broker.run();
        }
        self.revive(broker);
    }

    /// There is always work, and never so much that its end is far.
    fn give(&mut self, broker: &Broker) {
        if self.given as i64 * i64::from(PARTITIONS) - self.seen > ENOUGH {
            return;
        }
        let mut wire = broker.wire();
        let numbers: Vec<String> = (self.given..self.given + PER_ROUND).map(|n| n.to_string()).collect();
        let values: Vec<&[u8]> = numbers.iter().map(|n| n.as_bytes()).collect();
        for partition in 0..PARTITIONS {
            // A server that has just started may not lead its partitions yet; to ask for the end waits for that.
            reader::list(&mut wire, INPUT, partition, -1);
            reader::append(&mut wire, INPUT, partition, Batch::of(now(), &values).base64());
        }
        self.given += PER_ROUND;
    }

    /// Workers that are dead live again.
    fn revive(&mut self, broker: &Broker) {
        for which in 0..WORKERS {
            if self.workers[which].try_wait().expect("a worker can be waited for").is_some() {
                self.workers[which] = worker(broker, which);
            }
        }
    }

    /// Works until the group has consumed everything, and stops.
    pub fn finish(mut self, broker: &mut Broker) -> usize {
        let (mut wire, goal) = (broker.wire(), self.given as i64 * i64::from(PARTITIONS));
        let mut last = Instant::now();
        while self.seen < goal {
            let seen = consumed(&mut wire);
            if seen > self.seen {
                (self.seen, last) = (seen, Instant::now());
            }
            assert!(last.elapsed() < Duration::from_secs(60), "{seen} of {goal} numbers are consumed, and no more");
            self.revive(broker);
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(self.seen, goal, "more is consumed than there is");
        self.given
    }

    fn roll(&mut self, below: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % below
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

fn worker(broker: &Broker, which: usize) -> Child {
    paths::setup();
    Command::new("env")
        .args(paths::java("Transform", 96))
        .args([&broker.bootstrap(), INPUT, OUTPUT, GROUP, &format!("doubler-{which}")])
        .stdout(Stdio::null())
        .spawn()
        .expect("the worker starts")
}

/// How many numbers the group has consumed in transactions that are over.
fn consumed(wire: &mut Wire) -> i64 {
    let answer = wire.call("OffsetFetch", 7, json!({"groupId": GROUP, "topics": null, "requireStable": false}));
    let answer = answer.expect("the group's offsets");
    let topics = answer["topics"].as_array().into_iter().flatten();
    let partitions = topics.flat_map(|topic| topic["partitions"].as_array().into_iter().flatten());
    partitions.map(|partition| partition["committedOffset"].as_i64().unwrap_or(0).max(0)).sum()
}
