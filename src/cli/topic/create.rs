//! `ottla topic create`.

use clap::Args;
use serde_json::json;

use crate::base::error_code::ErrorCode;
use crate::cli::options::{Options, key_value};
use crate::cli::outcomes::Outcomes;
use crate::cli::output::{self, counted};
use crate::peer::admin::create_topics::{NewTopic, create_topics};
use crate::peer::error::PeerError;

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Names.
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// How many partitions; the broker's num.partitions if left out.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// How many replicas of each; the broker's default.replication.factor if left out.
    #[arg(short, long = "replication-factor", visible_alias = "replication", value_name = "N", value_parser = clap::value_parser!(i16).range(1..))]
    replication: Option<i16>,
    /// A topic configuration, such as retention.ms=3600000; may be repeated.
    #[arg(short, long = "config", value_name = "KEY=VALUE", value_parser = key_value)]
    configs: Vec<(String, String)>,
    /// A topic that exists already is no error.
    #[arg(long)]
    if_not_exists: bool,
    /// Check, but create nothing.
    #[arg(long, visible_alias = "dry-run")]
    validate_only: bool,
}

pub(super) async fn run(options: &Options, args: CreateArgs) -> anyhow::Result<()> {
    let client = options.client()?;
    let wanted = |name: &String| NewTopic {
        name: name.clone(),
        partitions: args.partitions,
        replication_factor: args.replication,
        configs: args.configs.clone(),
    };
    let topics: Vec<_> = args.topics.iter().map(wanted).collect();
    let answers = create_topics(&client, &topics, args.validate_only).await?;
    let mut outcomes = Outcomes::new("topic", topics.len());
    for (topic, answer) in topics.iter().zip(answers) {
        let name = &topic.name;
        match answer {
            Ok(created) if options.json => output::json_line(&json!({
                "name": name,
                "id": (!created.id.is_zero()).then(|| created.id.to_string()),
                "partitions": created.partitions,
                "replication_factor": created.replication_factor,
                "created": !args.validate_only,
            }))?,
            Ok(created) => {
                let verb = if args.validate_only { "Could create" } else { "Created" };
                let shape = match (created.partitions, created.replication_factor) {
                    (Some(partitions), Some(replicas)) => {
                        format!(": {}, replication factor {replicas}", counted(partitions as u64, "partition"))
                    }
                    _ => String::new(),
                };
                output::line(&format!("{verb} topic {name}{shape}"))?;
            }
            Err(refused) if args.if_not_exists && refused.code == ErrorCode::TopicAlreadyExists => {
                if options.json {
                    output::json_line(&json!({ "name": name, "created": false }))?;
                } else {
                    output::line(&format!("Topic {name} exists already"))?;
                }
            }
            Err(refused) => outcomes.fail(PeerError::Refused(refused), options.json),
        }
    }
    outcomes.result()
}
