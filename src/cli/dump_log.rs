//! `ottla dump-log`: prints the files of a partition.

use std::io::{BufWriter, stdout};
use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use super::output;
use crate::node::dump_log::{self, DumpOptions};

/// What the help adds.
pub const HELP: &str = "\
Exit codes: 0 nothing is wrong; 1 something is, or a file cannot be read; 2 the command line is wrong.";

/// The arguments.
#[derive(Debug, Args)]
pub struct DumpLogArgs {
    /// Files, or partition directories
    #[arg(required_unless_present = "files", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The same, separated by commas, as Kafka's tool takes them
    #[arg(long, value_delimiter = ',', value_name = "PATHS")]
    files: Vec<PathBuf>,
    /// Print each record's key and value
    #[arg(long)]
    print_data_log: bool,
    /// Print each record, compressed ones too
    #[arg(long)]
    deep_iteration: bool,
    /// Compare indexes with their log instead of printing them
    #[arg(long)]
    index_sanity_check: bool,
    /// The largest batch that is not taken for damage (bytes)
    #[arg(long, value_name = "BYTES", default_value_t = 100 << 20)]
    max_message_size: usize,
}

/// Dumps.
pub fn run(json: bool, args: DumpLogArgs) -> anyhow::Result<()> {
    let options = DumpOptions {
        paths: [args.paths, args.files].concat(),
        deep: args.deep_iteration,
        data: args.print_data_log,
        index_sanity_only: args.index_sanity_check,
        json,
        batch_bytes_max: args.max_message_size,
    };
    let mut out = BufWriter::new(stdout().lock());
    match dump_log::run(&options, &mut out) {
        Ok(0) => Ok(()),
        Ok(problems) => {
            Err(Failure::new(Exit::Failed, format!("{} found", output::counted(problems, "problem"))).into())
        }
        // Whoever reads may have had enough.
        Err(error) if error.source.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(Exit::Failed, error.to_string()).into()),
    }
}
