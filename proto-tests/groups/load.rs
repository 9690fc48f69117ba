//! Records for members to consume, and a watch on what their group commits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::broker::Broker;
use crate::support::reader;
use crate::support::wire::{Batch, Wire, now};

/// The topic of the load.
pub const TOPIC: &str = "load";
/// Its partitions.
pub const PARTITIONS: i32 = 12;

/// A thread that appends to all partitions, a few records at a time, until it is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Makes the topic and starts to append.
    pub fn start(broker: &Broker) -> Load {
        let mut wire = broker.wire();
        reader::create(&mut wire, TOPIC, PARTITIONS, &[]);
        // A broker tells of a topic before it leads its partitions; to ask for the ends waits for that.
        ends(broker);
        Load::resume(broker)
    }

    /// Starts to append to the topic, which is there.
    pub fn resume(broker: &Broker) -> Load {
        let mut wire = broker.wire();
        ends(broker);
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let thread = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                round(&mut wire);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Load { stop, thread: Some(thread) }
    }

    /// No more records.
    pub fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("it runs").join().expect("the load ends well");
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Three records for each partition.
pub fn round(wire: &mut Wire) {
    for p in 0..PARTITIONS {
        reader::append(wire, TOPIC, p, Batch::of(now(), &[b"a", b"b", b"c"]).base64());
    }
}

/// The end of each partition of the load.
pub fn ends(broker: &Broker) -> BTreeMap<String, i64> {
    let mut wire = broker.wire();
    (0..PARTITIONS).map(|p| (format!("{TOPIC}-{p}"), reader::list(&mut wire, TOPIC, p, -1))).collect()
}

/// What a group has committed: offset by partition. Empty while the coordinator is not there.
pub fn committed(wire: &mut Wire, group: &str) -> BTreeMap<String, i64> {
    let answer = wire.call("OffsetFetch", 7, json!({"groupId": group, "topics": null, "requireStable": false}));
    let answer = answer.unwrap_or_else(|e| panic!("the offsets of {group}: {e}"));
    let mut all = BTreeMap::new();
    for topic in answer["topics"].as_array().into_iter().flatten() {
        for p in topic["partitions"].as_array().into_iter().flatten() {
            let name = format!("{}-{}", topic["name"].as_str().unwrap_or_default(), p["partitionIndex"]);
            all.insert(name, p["committedOffset"].as_i64().unwrap_or(-1));
        }
    }
    all.retain(|_, offset| *offset >= 0);
    all
}

/// A thread that looks at committed offsets all the time: they never move back.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Watch {
    /// Starts to look.
    pub fn start(broker: &Broker, group: &str) -> Watch {
        let (mut wire, group) = (broker.wire(), group.to_string());
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let thread = std::thread::spawn(move || {
            let (mut last, mut wrong) = (BTreeMap::new(), Vec::new());
            while !asked.load(Ordering::Relaxed) {
                let next = committed(&mut wire, &group);
                for (partition, before) in &last {
                    let after = next.get(partition).copied().unwrap_or(-1);
                    if after < *before {
                        wrong.push(format!("{partition}: committed {before}, then {after}"));
                    }
                }
                last = next;
                std::thread::sleep(Duration::from_millis(50));
            }
            wrong
        });
        Watch { stop, thread: Some(thread) }
    }

    /// Stops looking; what moved back.
    pub fn stop(mut self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("it runs").join().expect("the watch ends well")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Waits until the group has committed the end of every partition.
pub fn until_no_lag(broker: &Broker, group: &str) {
    let (mut wire, goal) = (broker.wire(), ends(broker));
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let now = committed(&mut wire, group);
        if now == goal {
            return;
        }
        assert!(Instant::now() < end, "{group} lags: committed {now:?}, ends {goal:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The state of a group by ListGroups: Stable, Empty, ... and its type, or none.
pub fn state(broker: &Broker, group: &str) -> Option<(String, String)> {
    let answer =
        broker.wire().call("ListGroups", 5, json!({"statesFilter": [], "typesFilter": []})).expect("an answer");
    let text = |v: &Value| v.as_str().unwrap_or_default().to_string();
    let found = answer["groups"].as_array()?.iter().find(|g| g["groupId"] == group)?;
    Some((text(&found["groupState"]), text(&found["groupType"])))
}
