//! The command line: each subcommand parses its arguments, calls the rooms below, and prints.
//!
//! ```text
//!  ottla [OPTIONS] [COMMAND]
//!    server       server        a node in this process; the default
//!    topic        topic/        one file per operation
//!    group        group/        the same
//!    cluster      cluster       who is there
//!    transaction  transaction/  the same
//!    produce      produce/      lines or JSON in, batches out
//!    consume      consume/      batches in, lines or JSON out
//!    config       config        what a server's settings come to
//!    dump-log     dump_log      what is in a partition's files
//!    completions  completions
//! ```
//!
//! A new subcommand is a module here, an arm of [`Command`], and an arm of `run`. Knows no wire format; `peer` and `record` do.
//! What a command prints goes to standard output, everything said about it to standard error. Exit codes are in [`exit`].

pub mod exit;

mod cluster;
mod completions;
mod config;
mod consume;
mod date;
mod dump_log;
mod group;
mod options;
mod outcomes;
mod output;
mod produce;
mod progress;
mod runtime;
mod server;
mod settings_args;
mod text;
mod topic;
mod transaction;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use exit::Exit;
use options::Options;
use runtime::on_runtime;

/// A Kafka-compatible log server, and the tools to use it.
#[derive(Debug, Parser)]
#[command(name = "ottla", version, after_help = exit::HELP, max_term_width = 110, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
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

/// Runs what the process's arguments ask for.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure; clap knows which is which.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() };
        }
    };
    let json = cli.options.json;
    match run(cli) {
        Ok(()) => Exit::Ok.into(),
        Err(error) => exit::report(&error, json).into(),
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let options = &cli.options;
    match cli.command {
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
        Some(Command::Completions(args)) => completions::run(&args, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_may_stand_before_and_behind_the_command() {
        let before = Cli::try_parse_from(["ottla", "-b", "a:1", "--json", "topic", "list"]).unwrap();
        let behind = Cli::try_parse_from(["ottla", "topic", "list", "--json", "-b", "a:1"]).unwrap();
        for cli in [before, behind] {
            assert!(cli.options.json);
            assert_eq!(cli.options.bootstrap_server, "a:1");
        }
    }
}
