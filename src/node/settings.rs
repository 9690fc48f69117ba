//! Gathering the configuration: a file, the environment, flags; the later wins.

use std::path::PathBuf;

use crate::config::error::ConfigErrors;
use crate::config::server::{ServerConfig, Unknown};
use crate::config::source::{Setting, Source, SyntaxError, Warning, env_overrides, parse_file};

/// What `ottla server` is told on its command line.
#[derive(Debug, Clone, Default)]
pub struct ServerArgs {
    /// A `server.properties` or YAML file.
    pub config: Option<PathBuf>,
    /// Single settings, `key` and `value`, over everything else.
    pub set: Vec<(String, String)>,
    /// Unknown keys are warned of instead of refused.
    pub lenient: bool,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is neither properties nor YAML.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// Single settings are wrong; all of them are told.
    #[error(transparent)]
    Settings(#[from] ConfigErrors),
}

/// Reads what `args` and the environment say.
pub fn load(args: &ServerArgs) -> Result<(ServerConfig, Vec<Warning>), SettingsError> {
    let mut settings = Vec::new();
    if let Some(path) = &args.config {
        let text =
            std::fs::read_to_string(path).map_err(|source| SettingsError::Read { path: path.clone(), source })?;
        settings.extend(parse_file(&text, &path.display().to_string())?);
    }
    let (from_env, mut warnings) = env_overrides(std::env::vars());
    settings.extend(from_env);
    settings.extend(args.set.iter().map(|(key, value)| Setting {
        key: key.clone(),
        value: value.clone(),
        source: Source::Flag(format!("--set {key}")),
    }));
    let unknown = if args.lenient { Unknown::Warned } else { Unknown::Refused };
    let (config, more) = ServerConfig::load(settings, unknown)?;
    warnings.extend(more);
    Ok((config, warnings))
}
