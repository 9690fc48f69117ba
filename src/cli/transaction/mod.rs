//! `ottla transaction`: one file per operation.

mod abort;
mod describe;
mod hanging;
mod list;

use clap::{Args, Subcommand};

use super::options::Options;

#[derive(Debug, Args)]
pub(super) struct TransactionArgs {
    #[command(subcommand)]
    command: TransactionCommand,
}

#[derive(Debug, Subcommand)]
enum TransactionCommand {
    /// List transactional ids and where their transactions stand, or the transactions that hang.
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Describe transactional ids: producer, epoch, timeout, the partitions that take part.
    Describe(describe::DescribeArgs),
    /// End a transaction that hangs: readers of what is committed wait on it, and no coordinator knows of it.
    Abort(abort::AbortArgs),
}

pub(super) async fn run(options: &Options, args: TransactionArgs) -> anyhow::Result<()> {
    match args.command {
        TransactionCommand::List(args) => list::run(options, args).await,
        TransactionCommand::Describe(args) => describe::run(options, args).await,
        TransactionCommand::Abort(args) => abort::run(options, args).await,
    }
}
