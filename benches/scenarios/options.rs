//! The command line.

use std::path::PathBuf;

use crate::servers::Make;

pub struct Options {
    /// Scenarios to run, in the order of the program; empty means the default set.
    pub scenarios: Vec<String>,
    pub quick: bool,
    pub ours: bool,
    pub peer: bool,
    /// Only cases whose title contains this.
    pub case: Option<String>,
    /// Pairs of runs per case, if not the case's own number.
    pub pairs: Option<usize>,
    /// Server on one core, generator on the other.
    pub pin: bool,
    pub json: Option<PathBuf>,
    /// Where the servers' data goes.
    pub directory: PathBuf,
}

pub const USAGE: &str = "\
cargo bench --bench scenarios -- [SCENARIO ...] [OPTIONS]

Scenarios: S1 S2 S3 S6 S8 S12 limits (the default set), S5 (three brokers), S9 (partitions), S13 (groups),
           java-perf (Java's own tools as load), failover (three nodes, killed)

  --quick         about 3 minutes instead of 15: fewer pairs, shorter runs
  --case TEXT     only the cases of these scenarios whose title contains TEXT
  --pairs N       pairs of runs per case (order ABBA)
  --ours-only     leave Apache Kafka out
  --peer-only     leave Ottla out
  --pin           server on core 1, generator on core 0
  --dir PATH      where data goes (default: target/bench-data)
  --json FILE     also write every sample to FILE, as JSON";

impl Options {
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"));
        let mut options = Options {
            scenarios: Vec::new(),
            quick: false,
            ours: true,
            peer: true,
            case: None,
            pairs: None,
            pin: false,
            json: None,
            directory: target.join("bench-data"),
        };
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--ours-only" => options.peer = false,
                "--peer-only" => options.ours = false,
                "--pin" => options.pin = true,
                "--case" => options.case = Some(value()?),
                "--pairs" => options.pairs = Some(value()?.parse().map_err(|_| "--pairs needs a number")?),
                "--json" => options.json = Some(value()?.into()),
                "--dir" => options.directory = value()?.into(),
                name if SCENARIOS.contains(&name) => options.scenarios.push(name.into()),
                other => return Err(format!("{other:?} is not known\n\n{USAGE}")),
            }
        }
        Ok(options)
    }

    pub fn wants(&self, scenario: &str) -> bool {
        if self.scenarios.is_empty() {
            return !matches!(scenario, "S5" | "S9" | "S13" | "java-perf" | "failover");
        }
        self.scenarios.iter().any(|wanted| wanted == scenario)
    }

    pub fn wants_case(&self, title: &str) -> bool {
        self.case.as_deref().is_none_or(|part| title.contains(part))
    }

    /// What is measured: Ottla and Apache Kafka, each unless it is left out.
    pub fn makes(&self) -> [Option<Make>; 2] {
        [self.ours.then_some(Make::Ottla), self.peer.then_some(Make::Kafka)]
    }

    /// `full`, or `quick` in a quick run.
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

const SCENARIOS: &[&str] = &["limits", "S1", "S2", "S3", "S5", "S6", "S8", "S9", "S12", "S13", "java-perf", "failover"];
