//! The simulator: whole clusters of the real code in one process, on a fake clock, network and disk, one seed per run.
//!
//! ```text
//!   cargo test --test sim                          as many seeds as there is time for, the same seed twice, six planted bugs
//!   OTTLA_SIM_SEED=4711 cargo test --test sim      one seed, told step by step; OTTLA_LOG=debug for what the nodes say
//!   OTTLA_SIM_SECONDS=600 ...                      for so long
//!   OTTLA_SIM_FROM=0 OTTLA_SIM_SEEDS=10000 ...     so many seeds from there on; with both, as many of them as there is time for
//! ```
//!
//! Each run is a process of its own, forked from this one before anything has happened in it: so each begins from the same state,
//! and what a run leaves behind dies with it.

mod checks;
mod client;
mod compaction;
mod entropy;
mod fleet;
mod groups;
mod links;
mod machine;
mod moves;
mod network;
mod node;
mod plant;
mod process;
mod quorum_checks;
mod renewal;
mod trace;
mod transactions;
mod world;

use std::cell::Cell;
use std::time::{Duration, Instant};

use fleet::{Job, Report};
use plant::Plant;

/// Seeds that once showed a bug, which must not come back.
const REGRESSIONS: &[u64] = &[
    // A follower whose disk was full for a while never followed again.
    17,
    // Recovery took a page for damage that was not written, since the next batch's offset begins in it, with zeros.
    154,
    // A node that started while the quorum was divided waited for an answer to its registration that never came.
    158, 1141,
    // A leader that was replaced and had not heard of it refused a sequence: a client must not take that for a loss.
    198, // A follower whose disk had failed a sync told its leader that it held what it was to have synced.
    633, // What a node that is down knows of the in-sync set counts as well.
    780,
    // A broker that was back led again by what it had known before, and its coordinator wrote in an epoch that was over.
    104,
    // A log whose topic id a power cut had taken was taken for the new topic's of the same name, with what a deleted one had held.
    2422, 2466, 2474, // The metadata log was cut before the snapshot that was to take its place was on disk.
    3118, 3124,
    // A broker that slept while the voters changed knew of none that led, and never found the one that did.
    3147, 1207,
    // What a checkpoint said of a deleted log was taken for the new one's of the same name, after a power cut.
    1266, // A follower whose log departed from its leader's never heard the high watermark that came with that.
    1931,
];
/// Seeds of every test run, where `OTTLA_SIM_SEEDS` or `OTTLA_SIM_SECONDS` does not ask for more.
const SEEDS: u64 = 150;
const SEEDS_MAX: u64 = 10_000;
/// Longest that they may take (s), where `OTTLA_SIM_SECONDS` says nothing else. A slow machine gets through fewer, and says so.
const SECONDS: u64 = 15;
/// After so many failures no more are looked for: the first is told whole, the others by a line each.
const FAILURES_MAX: usize = 10;
/// Fewer than this and the run shows nothing.
const SEEDS_MIN: usize = 5;
/// Seeds among which a planted bug must be found.
const SEEDS_TO_FIND: u64 = 600;
/// Longest that the search for one may take (s), on a machine that is busy with other things.
const SECONDS_TO_FIND: u64 = 240;

/// As `OTTLA_SIM_SECONDS` says, or else as usual.
fn time_limit(usual: Option<u64>) -> Option<Duration> {
    setting("OTTLA_SIM_SECONDS").or(usual).map(Duration::from_secs)
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn main() {
    let mut failed = false;
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if std::env::args().any(|arg| arg == "--list") {
        return;
    }
    if let Some(seed) = setting("OTTLA_SIM_SEED") {
        let plant = setting("OTTLA_SIM_PLANT").map_or(Plant::None, |plant| Plant::ALL[plant as usize]);
        std::process::exit(fleet::tell(seed, plant));
    }
    let tests: [(&str, fn() -> Result<String, String>); 3] = [
        ("the_same_seed_twice_is_the_same_run", same_seed),
        ("every_planted_bug_is_found", planted),
        ("no_seed_breaks_a_rule", seeds),
    ];
    for (name, test) in tests {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let begun = Instant::now();
        let outcome = test();
        let took = begun.elapsed().as_secs();
        match outcome {
            Ok(what) => println!("test {name} ... ok ({what}; {took} s)"),
            Err(what) => {
                failed = true;
                println!("test {name} ... FAILED ({took} s)\n{what}");
            }
        }
    }
    if failed {
        std::process::exit(101);
    }
}

fn same_seed() -> Result<String, String> {
    let jobs = (0..8).flat_map(|seed| [Job { seed, plant: Plant::None }; 2]);
    let reports = fleet::run(jobs, None, |_| false);
    let mut by_seed: std::collections::BTreeMap<u64, Vec<&Report>> = std::collections::BTreeMap::new();
    reports.iter().for_each(|report| by_seed.entry(report.job.seed).or_default().push(report));
    for (seed, twice) in &by_seed {
        let [one, two] = twice[..] else { return Err(format!("seed {seed} did not run twice")) };
        if one.trace.is_empty() || one.trace != two.trace {
            return Err(format!("seed {seed}: {} and {}", one.text(), two.text()));
        }
    }
    Ok(format!("{} seeds", by_seed.len()))
}

fn planted() -> Result<String, String> {
    let mut found = Vec::new();
    for plant in Plant::ALL {
        let first = plant.shown_from();
        let jobs = (first..SEEDS_TO_FIND).chain(0..first).map(|seed| Job { seed, plant });
        // It must be a rule about records that is broken, not the way to a whole cluster.
        let is_found = |report: &Report| report.broken.as_ref().is_some_and(|what| !what.contains("not whole again"));
        let reports = fleet::run(jobs, Some(Duration::from_secs(SECONDS_TO_FIND)), is_found);
        match reports.iter().find(|report| is_found(report)) {
            Some(report) => found.push(format!("{plant:?} after {} runs: {}", reports.len(), report.short())),
            None => return Err(format!("{plant:?} was not found in {} runs", reports.len())),
        }
    }
    Ok(found.join("; "))
}

fn seeds() -> Result<String, String> {
    let from = setting("OTTLA_SIM_FROM").unwrap_or(0);
    let count = setting("OTTLA_SIM_SEEDS");
    let limit = time_limit(count.is_none().then_some(SECONDS));
    let usual = if setting("OTTLA_SIM_SECONDS").is_some() { SEEDS_MAX } else { SEEDS };
    let seeds = REGRESSIONS.iter().copied().chain(from..from + count.unwrap_or(usual));
    let failures = Cell::new(0);
    let enough = |report: &Report| {
        failures.set(failures.get() + usize::from(report.broken.is_some()));
        failures.get() >= FAILURES_MAX
    };
    let reports = fleet::run(seeds.map(|seed| Job { seed, plant: Plant::None }), limit, enough);
    let broken: Vec<_> = reports.iter().filter(|report| report.broken.is_some()).collect();
    if let Some(first) = broken.first() {
        let others: Vec<_> =
            broken[1..].iter().map(|report| format!("seed {}: {}\n", report.job.seed, report.short())).collect();
        return Err(format!(
            "{}\nto see it: OTTLA_SIM_SEED={} cargo test --test sim\n{} of {} seeds failed\n{}",
            first.text(),
            first.job.seed,
            broken.len(),
            reports.len(),
            others.concat()
        ));
    }
    if limit.is_some() && reports.len() < SEEDS_MIN {
        return Err(format!("only {} seeds in {limit:?}", reports.len()));
    }
    let acknowledged: usize = reports.iter().map(|report| report.acknowledged).sum();
    Ok(format!("{} seeds, {acknowledged} records acknowledged", reports.len()))
}
