//! A case: one load, run on each server in turn, in pairs and in ABBA order, with its null baseline between the pairs.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Client, Topic};
use crate::null_server;
use crate::options::Options;
use crate::procfs::Usage;
use crate::servers::{Make, Server};
use crate::table::{self, Outcome};
use crate::wire::WireError;

/// What one run of a load measured: named values in the order in which they are to be shown.
#[derive(Default)]
pub struct Sample {
    pub values: Vec<(&'static str, f64)>,
    pub client_share: f64,
    pub foreign_share: f64,
    pub steal_share: f64,
}

impl Sample {
    pub fn of(usage: &Usage) -> Sample {
        Sample {
            values: Vec::new(),
            client_share: usage.client_share,
            foreign_share: usage.foreign_share,
            steal_share: usage.steal_share,
        }
    }

    pub fn with(mut self, name: &'static str, value: f64) -> Sample {
        self.values.push((name, value));
        self
    }
}

/// A load on a server, or on whatever a scenario runs its load on.
pub type On<'a, T> = &'a dyn Fn(&T, &Options) -> Result<Sample, WireError>;
pub type Run<'a> = On<'a, Server>;

/// The servers under test and what has been measured so far.
pub struct Bench {
    pub options: Options,
    pub ours: Option<Server>,
    pub peer: Option<Server>,
    pub outcomes: Vec<Outcome>,
    pub failures: Vec<String>,
}

impl Bench {
    /// Starts the brokers that the long-lived scenarios share.
    pub fn start(options: Options) -> Result<Bench, WireError> {
        std::fs::create_dir_all(&options.directory).map_err(|error| error.to_string())?;
        let wanted = ["S1", "S2", "S3", "S6", "S8", "S9", "S13", "java-perf"].iter().any(|name| options.wants(name));
        let broker = |make: Make, on: bool| {
            let directory = options.directory.join(make.name());
            (on && wanted).then(|| Server::fresh(make, &directory, options.pin)).transpose()
        };
        let ours = broker(Make::Ottla, options.ours)?;
        let peer = broker(Make::Kafka, options.peer)?;
        Ok(Bench { options, ours, peer, outcomes: Vec::new(), failures: Vec::new() })
    }

    /// Runs `pairs` pairs of `run` (or as many as the command line says) and prints what came of it.
    pub fn case(
        &mut self,
        scenario: &'static str,
        title: &str,
        pairs: usize,
        null: Option<null_server::Kind>,
        run: Run,
    ) {
        if !self.options.wants_case(title) {
            return;
        }
        let sides = [self.ours.take(), self.peer.take()];
        let mut outcome = Outcome::new(scenario, title);
        let mut null_samples = Vec::new();
        eprintln!("{scenario} {title}");
        for index in 0..self.options.pairs.unwrap_or(pairs) {
            self.pair(index, &sides, &mut outcome, run);
            // One null run between two pairs is enough: it has no warm-up to speak of.
            if let Some(kind) = null.filter(|_| index % 2 == 0) {
                match null_run(kind, &self.options, run) {
                    Ok(sample) => null_samples.push(sample),
                    Err(error) => self.failures.push(format!("{scenario} {title}, {}: {error}", kind.name())),
                }
            }
        }
        [self.ours, self.peer] = sides;
        outcome.null = null.map(|kind| (kind.name(), null_samples));
        self.report(outcome);
    }

    /// As `case`, on other servers than the shared ones: what is ours and what is the peer's, each if it is wanted.
    pub fn case_on<T>(
        &mut self,
        scenario: &'static str,
        title: &str,
        pairs: usize,
        sides: &[Option<T>; 2],
        run: On<T>,
    ) {
        if !self.options.wants_case(title) {
            return;
        }
        let mut outcome = Outcome::new(scenario, title);
        eprintln!("{scenario} {title}");
        for index in 0..self.options.pairs.unwrap_or(pairs) {
            self.pair(index, sides, &mut outcome, run);
        }
        self.report(outcome);
    }

    /// One run on each side, the second one first in every other pair.
    fn pair<T>(&mut self, index: usize, sides: &[Option<T>; 2], outcome: &mut Outcome, run: On<T>) {
        let order = if index.is_multiple_of(2) { [0, 1] } else { [1, 0] };
        for side in order {
            let Some(server) = &sides[side] else { continue };
            match (run(server, &self.options), side) {
                (Ok(sample), 0) => outcome.ours.push(sample),
                (Ok(sample), _) => outcome.peer.push(sample),
                (Err(error), _) => {
                    let whose = [Make::Ottla, Make::Kafka][side].name();
                    self.failures.push(format!("{} {}, {whose}: {error}", outcome.scenario, outcome.title));
                }
            }
        }
    }

    pub fn report(&mut self, outcome: Outcome) {
        print!("{}", table::text(&outcome));
        self.outcomes.push(outcome);
    }
}

fn null_run(kind: null_server::Kind, options: &Options, run: Run) -> Result<Sample, WireError> {
    let directory = options.directory.join(kind.name());
    let server = Server::fresh(Make::Null(kind), &directory, options.pin)?;
    run(&server, options)
}

static TOPICS: AtomicU32 = AtomicU32::new(0);

/// A new topic for one run; on a null server only a name.
pub fn topic(server: &Server, partitions: i32) -> Result<Topic, WireError> {
    let name = format!("bench-{}", TOPICS.fetch_add(1, Ordering::Relaxed));
    if matches!(server.make, Make::Null(_)) {
        return Ok(Topic { name, id: [0; 16], partitions });
    }
    Client::connect(server.address)?.create_topic(&name, partitions, &[])
}

/// Deletes the topic and gives the server a moment to give its disk space back, so that the next run starts alike.
pub fn end_topic(server: &Server, topic: &Topic) -> Result<(), WireError> {
    if matches!(server.make, Make::Null(_)) {
        return Ok(());
    }
    Client::connect(server.address)?.delete_topic(&topic.name)?;
    let deadline = Instant::now() + Duration::from_secs(5);
    while disk_bytes(&server.data_directory()) > 64 << 20 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Disk space that the files under `directory` really take.
pub fn disk_bytes(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// Touches `share` of the memory that is free and gives it back. On a virtual machine the first touch of a page costs
/// ten times a later one, and the page cache would pay it in the middle of a run.
pub fn warm_memory(share: f64) {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("MemFree:")).unwrap_or_default();
    let free_kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0.0);
    const CHUNK: usize = 64 << 20;
    let chunks = (free_kib * 1024.0 * share) as usize / CHUNK;
    let touch = |_| {
        let touch_one = |_| {
            let mut chunk = Vec::<u8>::with_capacity(CHUNK);
            chunk.resize(CHUNK, 1);
            std::hint::black_box(chunk)
        };
        (0..chunks / 2).map(touch_one).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        for thread in 0..2 {
            scope.spawn(move || drop(touch(thread)));
        }
    });
}
