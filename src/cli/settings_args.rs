//! The arguments that say where a server's settings come from: a file, single settings, the environment.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use crate::config::server::ServerConfig;
use crate::config::source::Warning;
use crate::node::settings::{self, ServerArgs};

/// Where settings come from. KAFKA_* environment variables are read besides.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SettingsArgs {
    /// A server.properties or a YAML file.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, over everything else; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Warn of unknown keys instead of refusing them.
    #[arg(long)]
    lenient_config: bool,
}

impl SettingsArgs {
    /// The settings of all sources together; every mistake at once where there are any.
    pub(super) fn load(&self) -> anyhow::Result<(ServerConfig, Vec<Warning>)> {
        let args = ServerArgs { config: self.config.clone(), set: self.set.clone(), lenient: self.lenient_config };
        Ok(settings::load(&args).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?)
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is not of the form KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_ends_its_key_at_the_first_equals_sign() {
        assert_eq!(setting("a = b=c"), Ok(("a".to_owned(), " b=c".to_owned())));
        assert!(setting("a").is_err());
    }
}
