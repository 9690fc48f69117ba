//! The levels of this broker's own loggers, as `BROKER_LOGGER` resources show and change them (KIP-412).
//!
//! A logger is a `tracing` target: a room of this program, such as `ottla::log`. `root` is everything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Puts a new filter in force; the argument is in `tracing`'s directive syntax.
pub type Reload = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// The name of the logger that all others inherit from.
pub const ROOT: &str = "root";

/// The loggers that exist: the root and one per room.
pub const LOGGERS: &[&str] = &[
    ROOT,
    "ottla::config",
    "ottla::controller",
    "ottla::coordinator",
    "ottla::log",
    "ottla::metadata",
    "ottla::node",
    "ottla::peer",
    "ottla::protocol",
    "ottla::replica",
    "ottla::security",
    "ottla::server",
];

/// The levels in force.
pub struct LogLevels {
    levels: Mutex<BTreeMap<String, String>>,
    reload: Reload,
}

impl LogLevels {
    /// Starts with the root at `root_level`.
    pub fn new(root_level: &str, reload: Reload) -> Self {
        let levels = BTreeMap::from([(ROOT.to_owned(), root_level.to_uppercase())]);
        Self { levels: Mutex::new(levels), reload }
    }

    /// Each logger with the level in force, its own or the root's.
    pub fn effective(&self) -> Vec<(String, String)> {
        let levels = self.levels.lock();
        let root = levels.get(ROOT).cloned().unwrap_or_else(|| "INFO".to_owned());
        LOGGERS.iter().map(|name| ((*name).to_owned(), levels.get(*name).unwrap_or(&root).clone())).collect()
    }

    /// Sets a logger's level, or takes its own level away (`None`).
    pub fn set(&self, logger: &str, level: Option<&str>) -> Result<(), String> {
        let mut levels = self.levels.lock();
        let mut next = levels.clone();
        match level {
            Some(level) => next.insert(logger.to_owned(), level.to_uppercase()),
            None => next.remove(logger),
        };
        let directives: Vec<String> = next
            .iter()
            .map(|(name, level)| {
                let level = tracing_level(level);
                if name == ROOT { level.to_owned() } else { format!("{name}={level}") }
            })
            .collect();
        (self.reload)(&directives.join(","))?;
        *levels = next;
        Ok(())
    }
}

/// Kafka's FATAL is our error; every other level has the same name.
fn tracing_level(level: &str) -> &'static str {
    match level {
        "FATAL" | "ERROR" => "error",
        "WARN" => "warn",
        "DEBUG" => "debug",
        "TRACE" => "trace",
        "OFF" => "off",
        _ => "info",
    }
}
