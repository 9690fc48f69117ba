//! `ottla server`: a broker and its controller in this process, until it is asked to end.

use clap::Args;

use super::config;
use super::options::Options;
use super::settings_args::SettingsArgs;
use crate::node::broker;

/// What the help adds.
pub(super) const HELP: &str = "\
Without arguments: broker and controller on localhost:9092, data in ./data. Every key is Kafka's own; KAFKA_* environment \
variables override the file (KAFKA_LOG_DIRS is log.dirs), --set overrides both. `ottla config` prints what comes of them.";

#[derive(Debug, Default, Args)]
pub(super) struct ServerCommand {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Print every setting in force and where it was given, and start nothing; as `ottla config --all` does.
    #[arg(long)]
    print_config: bool,
}

/// Runs the server.
pub(super) fn run(options: &Options, command: &ServerCommand) -> anyhow::Result<()> {
    if command.print_config {
        return config::show(options.json, &command.settings, true);
    }
    let (config, warnings) = command.settings.load()?;
    broker::run(config, &warnings)?;
    Ok(())
}
