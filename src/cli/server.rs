//! `ottla server`: a broker and its controller in this process, until it is asked to end.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use crate::node::broker;
use crate::node::settings::{self, ServerArgs};

/// What the help adds.
pub const HELP: &str = "\
Without arguments: broker and controller on localhost:9092, data in ./data. Every key is Kafka's own; KAFKA_* environment \
variables override the file (KAFKA_LOG_DIRS is log.dirs), --set overrides both. `ottla config` prints what comes of them.";

/// The arguments.
#[derive(Debug, Default, Args)]
pub struct ServerCommand {
    /// A server.properties or a YAML file
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, over everything else; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Warn of unknown keys instead of refusing them
    #[arg(long)]
    lenient_config: bool,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is not of the form KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Runs the server.
pub fn run(command: ServerCommand) -> anyhow::Result<()> {
    let args = ServerArgs { config: command.config, set: command.set, lenient: command.lenient_config };
    let (config, warnings) = settings::load(&args).map_err(|e| Failure::new(Exit::Usage, e.to_string()))?;
    broker::run(config, &warnings)?;
    Ok(())
}
