//! Loggers' levels, as BROKER_LOGGER resources name them (KIP-412).

/// The levels that a logger can be set to, under log4j's names.
pub const LEVELS: [&str; 6] = ["DEBUG", "ERROR", "FATAL", "INFO", "TRACE", "WARN"];

/// The name of the logger that all others inherit from.
pub const ROOT: &str = "root";

/// True for a level's name; as in Kafka, only in upper case.
pub fn is_level(name: &str) -> bool {
    LEVELS.contains(&name)
}
