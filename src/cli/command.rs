//! The subcommands, and what each of them runs.

use clap::Subcommand;

use super::options::Options;
use super::runtime::on_runtime;
use super::{cluster, completions, config, consume, dump_log, exit, group, produce, server, topic, transaction};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a broker and its controller; what `ottla` alone does.
    #[command(after_help = server::HELP)]
    Server(server::ServerCommand),
    /// Create, list, describe, change and delete topics.
    #[command(after_help = exit::HELP)]
    Topic(topic::TopicArgs),
    /// List, describe, delete consumer groups, and put them at other offsets.
    #[command(after_help = exit::HELP)]
    Group(group::GroupArgs),
    /// Print the cluster's id and its live brokers; wait until there are enough of them.
    #[command(after_help = cluster::HELP)]
    Cluster(cluster::ClusterArgs),
    /// List and describe transactions, find those that hang and abort them.
    #[command(after_help = exit::HELP)]
    Transaction(transaction::TransactionArgs),
    /// Write records to a topic, from standard input or a file.
    #[command(after_help = produce::HELP)]
    Produce(produce::ProduceArgs),
    /// Read records from a topic.
    #[command(after_help = consume::HELP)]
    Consume(consume::ConsumeArgs),
    /// Print what a server's settings come to, check a file, explain a key.
    #[command(after_help = config::HELP)]
    Config(config::ConfigArgs),
    /// Print what is in the files of a partition, and what is wrong with them.
    #[command(after_help = dump_log::HELP)]
    DumpLog(dump_log::DumpLogArgs),
    /// Print a script that completes this command line in a shell.
    #[command(after_help = completions::HELP)]
    Completions(completions::CompletionsArgs),
}

/// Runs `command`, or what the binary does without one. `definition` is the whole command line's, for completions.
pub(super) fn run(options: &Options, command: Option<Command>, definition: clap::Command) -> anyhow::Result<()> {
    match command {
        None => server::run(options, &server::ServerCommand::default()),
        Some(Command::Server(args)) => server::run(options, &args),
        Some(Command::Topic(args)) => on_runtime(topic::run(options, args)),
        Some(Command::Group(args)) => on_runtime(group::run(options, args)),
        Some(Command::Cluster(args)) => on_runtime(cluster::run(options, args)),
        Some(Command::Transaction(args)) => on_runtime(transaction::run(options, args)),
        Some(Command::Produce(args)) => on_runtime(produce::run(options, args)),
        Some(Command::Consume(args)) => on_runtime(consume::run(options, args)),
        Some(Command::Config(args)) => config::run(options, args),
        Some(Command::DumpLog(args)) => dump_log::run(options.json, args),
        Some(Command::Completions(args)) => completions::run(&args, definition),
    }
}
