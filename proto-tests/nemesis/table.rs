//! The list of faults: by number, what is done and what must hold beyond that which holds after every one of them.
//!
//! After every fault: each record that was acknowledged to any of three client libraries is there once, in its producer's order and at
//! the offset that the producer was told; every record that a reader was ever shown is still there, at the same offset; no
//! reader was shown a gap; all replicas are in sync again, hold the same bytes and are committed to their end; nobody panicked.

/// One fault.
pub struct Fault {
    /// Its number in the list of faults.
    pub number: u8,
    /// What is done.
    pub done: &'static str,
    /// What must hold besides.
    pub holds: &'static str,
}

const fn fault(number: u8, done: &'static str, holds: &'static str) -> Fault {
    Fault { number, done, holds }
}

/// All of them.
pub const FAULTS: &[Fault] = &[
    fault(1, "kill -9 of the leader, again and again", "others lead within the 15 s that a fault may take"),
    fault(2, "kill -9 of all nodes at once", "what was in the page cache is there"),
    fault(
        4,
        "the ISR shrinks to the leader, which is killed and loses what it never synced, and is the first to be back",
        "it does not lead; an eligible replica does, and nothing acknowledged is lost",
    ),
    fault(
        5,
        "all in sync are down, one that is not in sync nor eligible comes up alone",
        "nobody leads, producing is refused, its log stays as it was",
    ),
    fault(6, "SIGSTOP of a leader past its session, and SIGCONT", "it acknowledges nothing in between nor afterwards"),
    fault(
        7,
        "the sleeper had requests, fetch answers and a change of the ISR under way",
        "what it asks for by an old epoch is refused",
    ),
    fault(
        8,
        "the leader is cut from its followers, not from clients nor controllers",
        "NOT_ENOUGH_REPLICAS, and a high watermark that stands still",
    ),
    fault(9, "what a follower sends to its leader is lost", "it leaves the ISR, and the ISR changes only a few times"),
    fault(10, "the leader is cut from all controllers, not from followers", "another leads after the session"),
    fault(11, "1, 5 and 20 % loss and up to 200 ms jitter between brokers", "records go on being acknowledged"),
    fault(12, "a follower comes back after epochs without a record", "it is in sync again, with the leader's epochs"),
    fault(13, "two failovers, the second as soon as the first leader is back", "replicas and their epochs are equal"),
    fault(14, "a follower sleeps through an epoch of the same leader", "replicas and their epochs are equal"),
    fault(15, "the same node is killed twice, the second time while it catches up", "no record is cut off"),
    fault(16, "elections one after the other without a record between them", "replicas and their epochs are equal"),
    fault(17, "the epoch checkpoint is deleted", "the one made from the log is the same"),
    fault(
        19,
        "every replica of the old leader's partitions is read while it finds out that it no longer leads",
        "no reader is shown what was cut off",
    ),
    fault(20, "leaderships move back and forth while brokers stop for moments", "no committed record is cut off"),
    fault(
        23,
        "the last follower but the leader is killed while records wait for it",
        "the answer is an error; a repetition stores no record twice",
    ),
    fault(
        25,
        "the last batch of a killed follower is cut at many places",
        "it ends at the last whole batch and catches up",
    ),
    fault(
        27,
        "a bit turns in the middle of a sealed segment: of a follower, then of the leader",
        "no replica takes it over, no reader is shown it; what follows it is not thrown away",
    ),
    fault(
        28,
        "an index, a time index, a transaction index, a producer snapshot is cut, spoilt, deleted",
        "reads, times and aborted transactions are answered as before",
    ),
    fault(33, "one fsync fails, later ones succeed", "the directory is offline until a restart; others lead"),
    fault(34, "reads from one of two directories fail", "the other directory's partitions are served as before"),
    fault(
        35,
        "a broker's data volume is full",
        "records are refused, not half taken; deletes work; it starts while it is full",
    ),
    fault(
        36,
        "the volume of the active controller is full",
        "another leads the quorum; its log and vote are whole afterwards",
    ),
    // Not fenced: slow is told from stuck by waiting alone, and fencing would take along what is served well. A follower that is held
    // up leaves the ISR for its lag; a leader that is acknowledges nothing meanwhile.
    fault(37, "fsyncs take seconds", "the other partitions are served; the broker is not fenced for it"),
    fault(
        57,
        "the group's coordinator is killed while members join, and under load",
        "the group settles; what was committed is there",
    ),
    fault(
        61,
        "the active controller is killed amid creates, deletes, new partitions and settings",
        "each happened as a whole or not at all; every broker tells the same",
    ),
    fault(62, "a topic is deleted and made anew while a broker is down", "the old records are gone from it as well"),
    fault(63, "a broker with old metadata starts during a reassignment", "it leads only once it has caught up"),
    fault(64, "a replica is taken away and given back while its broker sleeps", "it is in sync only with all records"),
    fault(65, "a reassignment: its leader dies; it is cancelled half way; its target is full", "it ends or is undone"),
    fault(
        66,
        "a broker's id on an empty directory; a second process with the id of a running one",
        "the second does not get in; the empty one is in sync only with all records",
    ),
    fault(67, "one controller holds a record that nobody can apply", "that node stops, the others go on"),
    fault(68, "all packets of an idle member are dropped", "its connections are reaped, its partitions go to others"),
    fault(
        73,
        "SIGTERM under load",
        "its leaderships have moved before it ends, within 30 s, and it leaves its clean mark",
    ),
    fault(
        76,
        "a directory cannot be made, another not renamed: one of two disks fails",
        "that directory is given up, the other one serves; a new replica is made there",
    ),
    fault(
        77,
        "the file system of one of two directories turns read-only while it is written",
        "that directory is given up and led elsewhere; a start meanwhile serves the other one",
    ),
];

/// The fault of this number.
pub fn of(number: u8) -> &'static Fault {
    FAULTS.iter().find(|fault| fault.number == number).unwrap_or_else(|| panic!("fault {number} is not in the table"))
}

/// Where faults are brought about.
const GROUPS: [(&str, &str); 6] = [
    ("processes", include_str!("processes.rs")),
    ("epochs", include_str!("epochs.rs")),
    ("networks", include_str!("networks.rs")),
    ("disks", include_str!("disks.rs")),
    ("files", include_str!("files.rs")),
    ("metadata", include_str!("metadata.rs")),
];

#[test]
fn every_fault_of_the_list_is_brought_about() {
    let list: Vec<u8> = [1, 2, 19, 20, 23, 25, 27, 28, 57, 73, 76, 77]
        .into_iter()
        .chain(4..=17)
        .chain(33..=37)
        .chain(61..=68)
        .collect();
    let told: std::collections::BTreeSet<u8> = FAULTS.iter().map(|fault| fault.number).collect();
    assert_eq!(told, list.into_iter().collect());
    assert_eq!(told.len(), FAULTS.len(), "each is there once");
    let calls = regex::Regex::new(r"faults\(&\[([0-9, ]+)\]").expect("an expression");
    for fault in FAULTS {
        let places: Vec<&str> = GROUPS
            .iter()
            .filter(|(_, text)| {
                let numbers = calls
                    .captures_iter(text)
                    .flat_map(|call| call[1].split(',').map(str::to_owned).collect::<Vec<_>>());
                numbers.map(|n| n.trim().parse::<u8>().expect("a number")).any(|n| n == fault.number)
            })
            .map(|(name, _)| *name)
            .collect();
        assert!(!places.is_empty(), "nothing brings fault {} about", fault.number);
        println!("{:>3} ({}) {}\n      {}", fault.number, places.join(", "), fault.done, fault.holds);
    }
}
