//! The arguments of `ottla produce`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::records::Format;
use crate::base::ids::PartitionIndex;
use crate::cli::exit::{Exit, Failure};
use crate::cli::options::key_value;
use crate::cli::text;
use crate::peer::produce::Acks;
use crate::record::compression::Compression;

/// Examples and exit codes.
pub(in crate::cli) const HELP: &str = "\
Examples:
  ottla produce lines < FILE                         one record per line
  echo 'user1:signed in' | ottla produce audit -K :  a key before each value
  ottla produce audit --input json < FILE            as `ottla consume --json` prints them

Records with a key go to the partition that the Java client's default partitioner chooses; those without
fill one partition's batch, then another's. A topic that does not exist is created if the broker does so
(auto.create.topics.enable).

Exit codes: 0 done; 1 the operation failed; 2 the command line is wrong; 3 no connection; \
4 what was named does not exist; 5 no answer in time.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ProduceArgs {
    /// The topic.
    pub topic: String,
    /// What to read; standard input if left out or -.
    pub file: Option<PathBuf>,
    /// What the input is.
    #[arg(long, value_enum, default_value = "lines")]
    input: Input,
    /// What stands between key and value on each line; escapes such as \t are read. Without it lines are values.
    #[arg(short = 'K', long, value_name = "TEXT")]
    key_separator: Option<String>,
    /// One key for all records.
    #[arg(short, long, value_name = "TEXT", conflicts_with = "key_separator")]
    key: Option<String>,
    /// A header for all records; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "KEY=VALUE", value_parser = key_value)]
    headers: Vec<(String, String)>,
    /// A value that stands for null (a tombstone in a compacted topic), or a key that does.
    #[arg(short = 'N', long, value_name = "TEXT")]
    null: Option<String>,
    /// One partition for all records.
    #[arg(short, long, value_name = "N", value_parser = partition)]
    pub partition: Option<PartitionIndex>,
    /// none, gzip, snappy, lz4 or zstd.
    #[arg(short = 'z', long, value_name = "CODEC", default_value = "none", value_parser = codec)]
    pub compression: Compression,
    /// When a record counts as written: 0 once sent, 1 once the leader has it, all once every replica in sync has it.
    #[arg(short = 'a', long, value_enum, default_value = "all")]
    acks: AcksArg,
    /// How large a batch may grow before compression (bytes).
    #[arg(long, value_name = "BYTES", default_value = "524288", value_parser = batch_bytes)]
    pub batch_bytes: usize,
    /// How long a record may wait for others when no more input is there.
    #[arg(long, value_name = "MS", default_value = "5")]
    pub linger_ms: u64,
    /// Do without an idempotent producer's identity: what is sent again may be written twice.
    #[arg(long)]
    pub no_idempotence: bool,
    /// Do not ask the broker to create the topic.
    #[arg(long)]
    pub no_create: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Input {
    /// A record per line.
    Lines,
    /// A JSON object per line: key, value, headers, partition, timestamp; key_base64 and value_base64 for bytes.
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AcksArg {
    #[value(name = "0", alias = "none")]
    None,
    #[value(name = "1", alias = "leader")]
    Leader,
    #[value(name = "all", alias = "-1")]
    All,
}

impl ProduceArgs {
    pub(super) fn acks(&self) -> Acks {
        match self.acks {
            AcksArg::None => Acks::None,
            AcksArg::Leader => Acks::Leader,
            AcksArg::All => Acks::All,
        }
    }

    /// How lines become records.
    pub(super) fn format(&self) -> Result<Format, Failure> {
        let usage = |option: &str, error: &str| Failure::new(Exit::Usage, format!("{option}: {error}"));
        let separator = match self.key_separator.as_deref().map(text::unescape).transpose() {
            Ok(Some(separator)) if separator.is_empty() => {
                return Err(usage("--key-separator", "it must not be empty"));
            }
            Ok(separator) => separator,
            Err(error) => return Err(usage("--key-separator", &error)),
        };
        if self.input == Input::Json && (separator.is_some() || self.null.is_some()) {
            return Err(usage("--input json", "keys and nulls are in the JSON: leave out --key-separator and --null"));
        }
        Ok(Format {
            json: self.input == Input::Json,
            separator,
            key: self.key.clone().map(String::into_bytes),
            null: self.null.clone().map(String::into_bytes),
            headers: self
                .headers
                .iter()
                .map(|(key, value)| (key.clone().into_bytes(), Some(value.clone().into_bytes())))
                .collect(),
        })
    }
}

fn partition(text: &str) -> Result<PartitionIndex, String> {
    match text.parse() {
        Ok(index) if index >= 0 => Ok(PartitionIndex(index)),
        _ => Err("give a partition's index, from 0 on".to_string()),
    }
}

fn codec(text: &str) -> Result<Compression, String> {
    Compression::from_name(&text.to_lowercase())
        .ok_or_else(|| "the codecs are none, gzip, snappy, lz4 and zstd".to_string())
}

fn batch_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if (1..=64 << 20).contains(&bytes) => Ok(bytes),
        _ => Err("give a number of bytes from 1 to 67108864".to_string()),
    }
}
