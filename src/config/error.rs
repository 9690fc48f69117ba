//! What is wrong with a configuration: every mistake at once, each with key, value, place and remedy.

use std::fmt;

use super::source::Source;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The key.
    pub key: String,
    /// The value as given; `None` where it is a secret or there is none.
    pub value: Option<String>,
    /// Where it was given.
    pub source: Source,
    /// What is wrong, or what is allowed.
    pub problem: String,
    /// The nearest valid key, where the key itself is unknown.
    pub nearest: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value} ({}): {}", self.key, self.source, self.problem)?,
            None => write!(f, "{} ({}): {}", self.key, self.source, self.problem)?,
        }
        match &self.nearest {
            Some(key) => write!(f, "; the nearest key is {key}"),
            None => Ok(()),
        }
    }
}

/// All mistakes of one configuration. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "the configuration has {count} mistake{}:", if count == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}
