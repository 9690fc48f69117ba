//! Failover: how long a producer with default settings gets no acknowledgement when a node of three is killed or stopped, how
//! long a cluster of 10,000 partitions is without its controller, and when a single node is back.
//!
//! ```text
//!  load  ──●●●●●●●●●●●●●●●●●●●                  ●●●●●●●●●●   acknowledgements of one partition
//!                             │◀──── pause ────▶│            the longest of all partitions counts
//!                           kill -9
//! ```

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::case::{Bench, Sample};
use crate::client::Client;

use crate::options::Options;
use crate::servers::{Make, Server};
use crate::table::Outcome;
use crate::trio::{Partition, Trio, load_client};
use crate::wire::WireError;

const TOPIC: &str = "failover";
const PARTITIONS: i32 = 3;
/// Records per second: an acknowledgement is due every few milliseconds in each partition.
const PACE: u64 = 600;

/// The Java client under load.
struct Load {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    file: std::path::PathBuf,
    sent: i64,
}

impl Load {
    fn start(bootstrap: &str, options: &Options) -> Result<Load, WireError> {
        let mut command = load_client(bootstrap);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("java: {error}"))?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Load { child, input, output, file: options.directory.join("failover-acknowledged.jsonl"), sent: 0 })
    }

    /// Produces until `act` is over and for as long behind it as `after` says; the longest pause of any partition (ms).
    fn during(&mut self, after: Duration, act: impl FnOnce() -> Result<(), WireError>) -> Result<f64, WireError> {
        let stop = self.file.with_extension("stop");
        let _ = std::fs::remove_file(&stop);
        let command = json!({"op": "load", "topic": TOPIC, "partitions": PARTITIONS, "seconds": 300, "pace": PACE,
            "first": self.sent, "file": self.file, "stop": stop});
        writeln!(self.input, "{command}").map_err(|error| error.to_string())?;
        std::thread::sleep(Duration::from_secs(2));
        act()?;
        std::thread::sleep(after);
        std::fs::write(&stop, "").map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        if answer["failed"] != 0 {
            return Err(format!("records failed: {answer}"));
        }
        self.sent += answer["sent"].as_i64().unwrap_or(0);
        let gaps = answer["gaps"].as_array().into_iter().flatten().filter_map(|gap| gap["ms"].as_f64());
        Ok(gaps.fold(0.0, f64::max))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Leader,
    Controller,
}

/// Ends one node under load and starts it again when the pause is over; the pause (ms).
fn ended(trio: &mut Trio, load: &mut Load, who: Who, signal: &str, span: u64) -> Result<f64, WireError> {
    let topics = [TOPIC.to_owned()];
    let active = trio.controller(1)?;
    let victim = if who == Who::Controller { active } else { active % 3 + 1 };
    let pause = load.during(Duration::from_secs(span), || {
        trio.signal(victim, signal);
        trio.bury(victim);
        Ok(())
    })?;
    eprintln!("  {}: node {victim} {signal}: {pause:.0} ms", trio.make.name());
    trio.run(victim)?;
    trio.wait_in_sync(&topics, PARTITIONS as usize, 90)?;
    // Leaderships go back only in minutes: they are wanted back now, so that every node leads something.
    elect_preferred(trio)?;
    Ok(pause)
}

fn elect_preferred(trio: &Trio) -> Result<(), WireError> {
    let topics = [TOPIC.to_owned()];
    trio.wait("every node leads again", 60, |trio| {
        let _ = trio.elect_preferred(1);
        let mut leaders: Vec<i32> = trio.partitions(1, &topics)?.iter().map(|p| p.leader).collect();
        leaders.sort_unstable();
        Ok(leaders == [1, 2, 3])
    })
}

fn worst(pauses: &[f64]) -> f64 {
    pauses.iter().copied().fold(0.0, f64::max)
}

/// Three nodes: a leader killed, the controller killed, a node stopped.
fn three(make: Make, options: &Options) -> Result<Sample, WireError> {
    let mut trio = Trio::fresh(make, &options.directory.join(format!("failover-{}", make.name())))?;
    create(&trio, TOPIC, PARTITIONS)?;
    trio.wait_in_sync(&[TOPIC.to_owned()], PARTITIONS as usize, 60)?;
    let mut load = Load::start(&trio.bootstrap(), options)?;
    // The client's first seconds are its slowest, and so are a young Java server's.
    load.during(Duration::from_secs(options.pick(4, 2)), || Ok(()))?;
    // Apache Kafka's pauses are its session: they differ little, and each costs a minute.
    let (rounds, span) = if make == Make::Kafka { (1, 10) } else { (options.pick(3, 1), 3) };
    let mut pauses = |who, signal: &str, span| -> Result<f64, WireError> {
        let all: Result<Vec<f64>, WireError> =
            (0..rounds).map(|_| ended(&mut trio, &mut load, who, signal, span)).collect();
        Ok(worst(&all?))
    };
    Ok(Sample::default()
        .with("leader kill -9, pause ms", pauses(Who::Leader, "KILL", span)?)
        .with("controller kill -9, pause ms", pauses(Who::Controller, "KILL", span)?)
        .with("SIGTERM, pause ms", pauses(Who::Leader, "TERM", 2)?)
        .with("SIGTERM controller, pause ms", pauses(Who::Controller, "TERM", 2)?))
}

fn create(trio: &Trio, name: &str, partitions: i32) -> Result<(), WireError> {
    trio.wait("a topic is made", 60, |trio| Ok(matches!(trio.create_topic(1, name, partitions), Ok(0 | 36))))
}

/// Three nodes with many partitions, whose active controller is killed.
fn many(make: Make, partitions: usize, options: &Options) -> Result<Sample, WireError> {
    let mut trio = Trio::fresh(make, &options.directory.join(format!("failover-{}", make.name())))?;
    create(&trio, TOPIC, PARTITIONS)?;
    let topics: Vec<String> = (0..partitions / 500).map(|n| format!("many-{n}")).collect();
    let began = Instant::now();
    for topic in &topics {
        create(&trio, topic, 500)?;
    }
    trio.wait_in_sync(&topics, partitions, 180)?;
    let made = began.elapsed().as_secs_f64();
    eprintln!("  {}: {partitions} partitions in {made:.1} s", make.name());
    let mut load = Load::start(&trio.bootstrap(), options)?;
    load.during(Duration::from_secs(1), || Ok(()))?;
    elect_preferred(&trio)?;
    let (mut decides, mut leads) = (0.0, 0.0);
    let pause = load.during(Duration::from_secs(1), || {
        let active = trio.controller(1)?;
        let other = active % 3 + 1;
        let killed = Instant::now();
        trio.signal(active, "KILL");
        trio.bury(active);
        // Decided by the new controller, through a broker that has to find it.
        trio.wait("a topic is made", 60, |trio| {
            Ok(matches!(trio.create_topic(other, "after-the-failover", 1), Ok(0 | 36 | 38)))
        })?;
        decides = killed.elapsed().as_secs_f64() * 1e3;
        trio.wait("all partitions are led by others", 120, |trio| {
            let told = trio.partitions(other, &topics)?;
            let moved = |p: &Partition| p.leader > 0 && p.leader != active as i32;
            Ok(told.len() == partitions && told.iter().all(moved))
        })?;
        leads = killed.elapsed().as_secs_f64() * 1e3;
        Ok(())
    })?;
    eprintln!("  {}: {decides:.0} ms, {leads:.0} ms, pause {pause:.0} ms", make.name());
    Ok(Sample::default()
        .with("controller decides again ms", decides)
        .with("all partitions led again ms", leads)
        .with("producer's pause ms", pause)
        .with("making the partitions s", made))
}

/// A single node that is killed: from the start of its process until it leads its partitions again.
fn alone(make: Make, options: &Options) -> Result<Sample, WireError> {
    let directory = options.directory.join(format!("failover-{}", make.name()));
    let mut server = Server::fresh(make, &directory, options.pin)?;
    let topic = Client::connect(server.address)?.create_topic(TOPIC, 10, &[])?;
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    let seconds = server.start(Some(&topic))?;
    Ok(Sample::default().with("back after kill -9, ms", seconds * 1e3))
}

type Run<'a> = &'a dyn Fn(Make, &Options) -> Result<Sample, WireError>;

fn case(bench: &mut Bench, title: &str, run: Run) {
    let mut outcome = Outcome { scenario: "failover", title: title.into(), ours: vec![], peer: vec![], null: None };
    eprintln!("failover {title}");
    for _ in 0..bench.options.pairs.unwrap_or(1) {
        for make in [Make::Ottla, Make::Kafka] {
            let (wanted, samples) = match make {
                Make::Ottla => (bench.options.ours, &mut outcome.ours),
                _ => (bench.options.peer, &mut outcome.peer),
            };
            if !wanted {
                continue;
            }
            match run(make, &bench.options) {
                Ok(sample) => samples.push(sample),
                Err(error) => bench.failures.push(format!("failover {title}, {}: {error}", make.name())),
            }
        }
    }
    bench.report(outcome);
}

pub fn run(bench: &mut Bench) {
    (bench.ours, bench.peer) = (None, None);
    case(bench, "three nodes, default settings, Java producer, worst of each", &three);
    let partitions = bench.options.pick(10_000, 2_000);
    case(bench, &format!("controller kill -9 with {partitions} partitions of three replicas"), &|make, options| {
        many(make, partitions, options)
    });
    case(bench, "a single node, 10 partitions", &alone);
}
