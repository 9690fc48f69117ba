//! `ottla topic`: one file per operation.

mod alter;
mod create;
mod delete;
mod describe;
mod list;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::options::Options;
use super::text;
use crate::peer::client::Client;
use crate::peer::metadata::Wanted;

#[derive(Debug, Args)]
pub(super) struct TopicArgs {
    #[command(subcommand)]
    command: TopicCommand,
}

#[derive(Debug, Subcommand)]
enum TopicCommand {
    /// Create topics.
    Create(create::CreateArgs),
    /// List the topics of the cluster.
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Describe topics: partitions, leaders, replicas, configuration.
    Describe(describe::DescribeArgs),
    /// Change topics: more partitions, another configuration.
    Alter(alter::AlterArgs),
    /// Delete topics with all their records.
    #[command(visible_alias = "rm")]
    Delete(delete::DeleteArgs),
}

pub(super) async fn run(options: &Options, args: TopicArgs) -> anyhow::Result<()> {
    match args.command {
        TopicCommand::Create(args) => create::run(options, args).await,
        TopicCommand::List(args) => list::run(options, args).await,
        TopicCommand::Describe(args) => describe::run(options, args).await,
        TopicCommand::Alter(args) => alter::run(options, args).await,
        TopicCommand::Delete(args) => delete::run(options, args).await,
    }
}

/// What to say of a topic that does not exist: with the name that was perhaps meant.
pub(super) async fn not_found(client: &Client, name: &str) -> Failure {
    let all = client.metadata(Wanted::All, false).await;
    let near = all.as_ref().ok().and_then(|all| text::nearest(name, all.topics.keys().map(String::as_str)));
    let fix = match near {
        Some(near) => format!("did you mean {near:?}? Or create it: ottla topic create {name}"),
        None => format!("create it with `ottla topic create {name}`, or see `ottla topic list`"),
    };
    Failure::new(Exit::NotFound, format!("topic {name:?} does not exist; {fix}"))
}
