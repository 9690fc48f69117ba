//! The process's own log: text or JSON on standard error, its levels changeable while it runs.

use std::io::IsTerminal;
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, reload};

use crate::server::log_levels::Reload;

/// The environment variable that chooses the format: `text` (the default) or `json`.
pub const FORMAT_VARIABLE: &str = "OTTLA_LOG_FORMAT";
/// The environment variable that sets the levels, in `tracing`'s directive syntax.
pub const LEVEL_VARIABLE: &str = "OTTLA_LOG";

/// Starts logging and returns how to change the levels later, and the root level in force.
/// Levels come from `OTTLA_LOG`, else from the apache/kafka image's `KAFKA_LOG4J_ROOT_LOGLEVEL`, else they are `info`.
pub fn start() -> (Reload, String) {
    let kafka_root = std::env::var("KAFKA_LOG4J_ROOT_LOGLEVEL").ok().map(|level| level.to_lowercase());
    let directives = std::env::var(LEVEL_VARIABLE).ok().or(kafka_root).unwrap_or_else(|| "info".to_owned());
    // openraft tells of every try to reach a voter that is down; the quorum's own files tell what matters of it once.
    let filter = EnvFilter::try_new(quiet(&directives)).unwrap_or_else(|_| EnvFilter::new(quiet("info")));
    let root = filter.max_level_hint().map_or_else(|| "INFO".to_owned(), |level| level.to_string().to_uppercase());
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    let json = std::env::var(FORMAT_VARIABLE).is_ok_and(|format| format.eq_ignore_ascii_case("json"));
    let started = if json {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr)).try_init()
    };
    if let Err(error) = started {
        eprintln!("the log was already set up by someone else: {error}");
    }
    let reload: Reload = Arc::new(move |directives| {
        let filter = EnvFilter::try_new(quiet(directives)).map_err(|e| e.to_string())?;
        handle.reload(filter).map_err(|e| e.to_string())
    });
    (reload, root)
}

fn quiet(directives: &str) -> String {
    if directives.contains("openraft") { directives.to_owned() } else { format!("{directives},openraft=off") }
}
