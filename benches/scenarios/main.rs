//! The load generator and its scenarios: Ottla, Apache Kafka and the physical limit in one run. See `benches/README.md`.
//!
//! `engine` drives `link`s, each with a role (`producer`, `consumer`, `member`), from one thread; `wire`, `group_wire` and
//! `batch` encode frames beforehand; `servers` starts what is measured and `procfs` says what it used; `case` pairs the
//! runs and `table` prints them. A scenario is a file: `produce` (S1-S3), `replicated` (S5), `consume` (S6), `latency` (S8),
//! `partitions` (S9), `start` (S12), `groups` (S13), `limits` (N4, N5), `java_perf`, `failover` (three nodes of `trio`). Times are printed, never
//! asserted; that every request is answered
//! without an error, and every record consumed once and in order, is.

mod batch;
mod case;
mod client;
mod cluster;
mod consume;
mod consumer;
mod engine;
mod failover;
mod group_wire;
mod groups;
mod java_perf;
mod latency;
mod limits;
mod link;
mod measured;
mod member;
mod null_server;
mod options;
mod partitions;
mod procfs;
mod produce;
mod producer;
mod replicated;
mod servers;
mod start;
mod table;
mod totals;
mod trio;
mod wire;

use std::process::ExitCode;

use case::Bench;
use options::Options;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, kind, directory] = arguments.as_slice()
        && command == "null-server"
    {
        let kind = null_server::Kind::parse(kind).expect("the generator names a null server that exists");
        return match null_server::serve(kind, directory.as_ref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        };
    }
    match Options::parse(arguments.into_iter()).and_then(run) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => fail(&format!("{} runs failed:\n{}", failures.len(), failures.join("\n"))),
        Err(error) => fail(&error),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}

fn run(options: Options) -> Result<Vec<String>, String> {
    if options.pin {
        pin_to_core_0()?;
    }
    std::fs::create_dir_all(&options.directory).map_err(|error| error.to_string())?;
    case::warm_memory(options.pick(0.6, 0.3));
    let mut bench = Bench::start(options)?;
    type Scenario = fn(&mut Bench);
    let scenarios: [(&str, Scenario); 12] = [
        ("limits", limits::run),
        ("S1", produce::s1),
        ("S2", produce::s2),
        ("S3", produce::s3),
        ("S6", consume::s6),
        ("S8", latency::s8),
        ("S9", partitions::s9),
        ("S13", groups::s13),
        ("java-perf", java_perf::run),
        ("S5", replicated::s5),
        ("S12", start::s12),
        ("failover", failover::run),
    ];
    for (name, scenario) in scenarios {
        if bench.options.wants(name) {
            scenario(&mut bench);
        }
    }
    if let Some(path) = &bench.options.json {
        let text = format!("{:#}\n", table::json(&bench.outcomes));
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(std::mem::take(&mut bench.failures))
}

fn pin_to_core_0() -> Result<(), String> {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(0);
    rustix::thread::sched_setaffinity(None, &cores).map_err(|error| format!("--pin: {error}"))
}
