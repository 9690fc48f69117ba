//! `ottla group`: one file per operation.
//!
//! ```text
//!  list  describe  reset_offsets  delete      lag   how far a group is behind, in records and in seconds
//! ```

mod delete;
mod describe;
mod lag;
mod list;
mod reset_offsets;
mod reset_to;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure};
use super::options::Options;
use super::text;
use crate::peer::admin::list_groups::list_groups;
use crate::peer::client::Client;

#[derive(Debug, Args)]
pub(super) struct GroupArgs {
    #[command(subcommand)]
    command: GroupCommand,
}

#[derive(Debug, Subcommand)]
enum GroupCommand {
    /// List the groups of the cluster.
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Describe groups: members, what they read, how far behind they are.
    Describe(describe::DescribeArgs),
    /// Put a group that nobody is in at other offsets; shows what would be done unless --execute is given.
    ResetOffsets(reset_offsets::ResetArgs),
    /// Delete groups with their offsets.
    #[command(visible_alias = "rm")]
    Delete(delete::DeleteArgs),
}

pub(super) async fn run(options: &Options, args: GroupArgs) -> anyhow::Result<()> {
    match args.command {
        GroupCommand::List(args) => list::run(options, args).await,
        GroupCommand::Describe(args) => describe::run(options, args).await,
        GroupCommand::ResetOffsets(args) => reset_offsets::run(options, args).await,
        GroupCommand::Delete(args) => delete::run(options, args).await,
    }
}

/// What to say of a group that does not exist: with the name that was perhaps meant.
async fn not_found(client: &Client, options: &Options, name: &str) -> Failure {
    let all = list_groups(client, &mut options.retry()).await.unwrap_or_default();
    let fix = match text::nearest(name, all.iter().map(|group| group.id.as_str())) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "see `ottla group list`".to_string(),
    };
    Failure::new(Exit::NotFound, format!("group {name:?} does not exist; {fix}"))
}
