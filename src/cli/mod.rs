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
//! A new subcommand is a module here, and in `command` an arm of its enum and one of its `run`. Knows no wire format; `peer` and `record` do.
//! What a command prints goes to standard output, everything said about it to standard error. Exit codes are in [`exit`].

pub mod exit;

mod cluster;
mod command;
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

use clap::{CommandFactory, Parser};

use command::Command;
use exit::Exit;
use options::Options;

/// A Kafka-compatible log server, and the tools to use it.
#[derive(Debug, Parser)]
#[command(name = "ottla", version, after_help = exit::HELP, max_term_width = 110, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
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
    match command::run(&cli.options, cli.command, Cli::command()) {
        Ok(()) => Exit::Ok.into(),
        Err(error) => exit::report(&error, json).into(),
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
