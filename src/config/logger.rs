//! Loggers' levels, as BROKER_LOGGER resources name them (KIP-412).

/// The levels that a logger can be set to, the loudest first, under log4j's names.
pub const LEVELS: [&str; 7] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF"];

/// The name of the logger that all others inherit from.
pub const ROOT: &str = "root";

/// Reads a level's name, in either case of letters.
pub fn level(name: &str) -> Option<&'static str> {
    LEVELS.into_iter().find(|level| level.eq_ignore_ascii_case(name.trim()))
}

/// The level as a directive of the `tracing` filter: its names are lower-case, and it knows no `fatal`.
pub fn directive(level: &str) -> &'static str {
    match level {
        "TRACE" => "trace",
        "DEBUG" => "debug",
        "INFO" => "info",
        "WARN" => "warn",
        "OFF" => "off",
        _ => "error",
    }
}
