//! `ottla topic alter`.

use clap::Args;
use serde_json::json;

use super::not_found;
use crate::base::error_code::ErrorCode;
use crate::cli::exit::{Exit, Failure};
use crate::cli::options::{Options, key_value};
use crate::cli::outcomes::Outcomes;
use crate::cli::output;
use crate::peer::admin::alter_configs::{ConfigChange, alter_topic_configs};
use crate::peer::admin::create_partitions::create_partitions;
use crate::peer::client::Client;
use crate::peer::error::PeerError;
use crate::peer::metadata::Wanted;

#[derive(Debug, Args)]
pub(super) struct AlterArgs {
    /// Names.
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// How many partitions it shall have in all; records stay where they are.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// Sets a topic configuration; may be repeated.
    #[arg(short, long = "config", value_name = "KEY=VALUE", value_parser = key_value)]
    configs: Vec<(String, String)>,
    /// Adds to a configuration that is a list, such as cleanup.policy=compact; may be repeated.
    #[arg(long = "append-config", value_name = "KEY=VALUE", value_parser = key_value)]
    append: Vec<(String, String)>,
    /// Takes out of a configuration that is a list; may be repeated.
    #[arg(long = "subtract-config", value_name = "KEY=VALUE", value_parser = key_value)]
    subtract: Vec<(String, String)>,
    /// Takes a topic configuration back, so that the broker's holds; may be repeated.
    #[arg(short, long = "delete-config", value_name = "KEY")]
    delete: Vec<String>,
    /// Check, but change nothing.
    #[arg(long, visible_alias = "dry-run")]
    validate_only: bool,
}

impl AlterArgs {
    fn changes(&self) -> Vec<ConfigChange> {
        let pairs = |pairs: &[(String, String)], of: fn(String, String) -> ConfigChange| {
            pairs.iter().map(|(key, value)| of(key.clone(), value.clone())).collect::<Vec<_>>()
        };
        let mut all = pairs(&self.configs, ConfigChange::Set);
        all.extend(pairs(&self.append, ConfigChange::Append));
        all.extend(pairs(&self.subtract, ConfigChange::Subtract));
        all.extend(self.delete.iter().cloned().map(ConfigChange::Delete));
        all
    }
}

pub(super) async fn run(options: &Options, args: AlterArgs) -> anyhow::Result<()> {
    let changes = args.changes();
    if changes.is_empty() && args.partitions.is_none() {
        let what =
            "nothing to change: give --partitions, --config, --append-config, --subtract-config or --delete-config";
        return Err(Failure::new(Exit::Usage, what).into());
    }
    let client = options.client()?;
    let cluster = client.metadata(Wanted::These(&args.topics), false).await?;
    for name in &args.topics {
        if let Err(error) = cluster.topic(name) {
            return Err(match error.code() {
                Some(ErrorCode::UnknownTopicOrPartition) => not_found(&client, name).await.into(),
                _ => error.into(),
            });
        }
    }
    let mut outcomes = Outcomes::new("topic", args.topics.len());
    for name in &args.topics {
        match alter(&client, name, args.partitions, &changes, args.validate_only).await {
            Ok(()) if options.json => output::json_line(&json!({
                "name": name,
                "changed": !args.validate_only,
                "partitions": args.partitions,
                "configs_changed": changes.len(),
            }))?,
            Ok(()) => {
                let verb = if args.validate_only { "Could change" } else { "Changed" };
                output::line(&format!("{verb} topic {name}"))?;
            }
            Err(error) => outcomes.fail(error, options.json),
        }
    }
    outcomes.result()
}

/// The configuration first: of the two changes it is the one that can be taken back.
async fn alter(
    client: &Client,
    name: &str,
    partitions: Option<i32>,
    changes: &[ConfigChange],
    validate_only: bool,
) -> Result<(), PeerError> {
    if !changes.is_empty() {
        alter_topic_configs(client, name, changes, validate_only).await?;
    }
    match partitions {
        Some(count) => create_partitions(client, name, count, validate_only).await,
        None => Ok(()),
    }
}
