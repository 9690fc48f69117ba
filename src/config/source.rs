//! Where settings come from: a properties text, a YAML text, the environment, flags. Every setting keeps its origin.
//!
//! Takes text and pairs; never opens a file and never reads the environment itself.

use std::fmt;
use std::sync::Arc;

pub use super::env::env_overrides;
pub use super::properties::parse_properties;
pub use super::yaml::parse_yaml;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nowhere: it is the definition's own.
    Default,
    /// Nowhere, and Kafka has no default or one that does not suit a start with nothing: it is Ottla's choice.
    Quickstart,
    /// Derived from other settings.
    Derived,
    /// A line of a file. Line 0: the file, but the line is not known.
    File {
        /// The file as it was named.
        name: Arc<str>,
        /// The line, from 1.
        line: u32,
    },
    /// An environment variable.
    Env(String),
    /// A command-line flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Quickstart => f.write_str("Ottla's own default"),
            Self::Derived => f.write_str("derived"),
            Self::File { name, line: 0 } => f.write_str(name),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A key with a value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key, as Kafka names it.
    pub key: String,
    /// The value as text.
    pub value: String,
    /// Where it was given.
    pub source: Source,
}

/// A text that is no properties file, or no YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}{}: {problem}", if *.line == 0 { String::new() } else { format!(":{}", .line) })]
pub struct SyntaxError {
    /// The file as it was named.
    pub origin: String,
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
    /// What is wrong.
    pub problem: String,
}

/// Reads a file's text: YAML when its name ends in `.yaml` or `.yml` or its first setting is written as `key: value`
/// without an equals sign, else Kafka's properties.
pub fn parse_file(text: &str, origin: &str) -> Result<Vec<Setting>, SyntaxError> {
    if is_yaml(text, origin) { parse_yaml(text, origin) } else { parse_properties(text, origin) }
}

fn is_yaml(text: &str, origin: &str) -> bool {
    let lower = origin.to_ascii_lowercase();
    if lower.ends_with(".yaml") || lower.ends_with(".yml") {
        return true;
    }
    if lower.ends_with(".properties") {
        return false;
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', '!']));
    first.is_some_and(|line| line == "---" || line.ends_with(':') || (line.contains(": ") && !line.contains('=')))
}

/// Something that the person who wrote the configuration should know; the server starts all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(pub String);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_file_is_told_by_name_then_by_content() {
        assert!(is_yaml("a=b", "x.yaml"));
        assert!(!is_yaml("a: b", "x.properties"));
        assert!(is_yaml("# note\n\nnode.id: 1\n", "config"));
        assert!(is_yaml("log:\n  dirs: x\n", "config"));
        assert!(!is_yaml("listeners=PLAINTEXT://:9092\n", "config"));
    }

    #[test]
    fn sources_name_their_place() {
        let file = |line| Source::File { name: "a.yaml".into(), line };
        assert_eq!(file(3).to_string(), "a.yaml:3");
        assert_eq!(file(0).to_string(), "a.yaml");
        let error = SyntaxError { origin: "a".into(), line: 2, problem: "bad".into() };
        assert_eq!(error.to_string(), "a:2: bad");
    }
}
