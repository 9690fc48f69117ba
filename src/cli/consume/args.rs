//! The arguments of `ottla consume`.

use clap::Args;

use super::format::{Format, FormatError};
use crate::base::clock::SystemClock;
use crate::base::ids::{Millis, Offset, PartitionIndex};
use crate::cli::date;
use crate::cli::exit::{Exit, Failure};
use crate::cli::text;
use crate::peer::fetch::Isolation;

/// Formats, examples and exit codes.
pub(in crate::cli) const HELP: &str = "\
A format is printed as it stands, without a newline of its own, except for:
  %k key     %K its length, -1 if null    %t topic       %T timestamp (ms since 1970)
  %v value   %V its length, -1 if null    %p partition   %d timestamp (RFC 3339, UTC)
  %h headers as key=value,key=value       %o offset      %%  a percent sign
  %s and %S are %v and %V; \\n \\t \\r \\0 \\\\ and \\xHH are escapes.

Examples:
  ottla consume audit                             everything, then what comes
  ottla consume audit --from end -n 1             the next record
  ottla consume audit --from -10 -e               the last ten of each partition
  ottla consume audit --from @-1h -e --json       what the last hour brought
  ottla consume audit -f '%p/%o %k: %v\\n'         in a format of one's own

Exit codes: 0 done; 1 the operation failed; 2 the command line is wrong; 3 no connection; \
4 what was named does not exist; 5 no answer in time.";

#[derive(Debug, Args)]
pub(in crate::cli) struct ConsumeArgs {
    /// Topics.
    #[arg(required = true, value_name = "TOPIC")]
    pub topics: Vec<String>,
    /// Where to start: beginning, end, an offset, -N for N before the end, @TIME for the first record of that time on.
    /// TIME is in milliseconds since 1970, a date such as 2026-11-21 or 2026-11-21T08:45:00 (UTC), or -SPAN such as -15m.
    #[arg(short = 'o', long, value_name = "WHERE", default_value = "beginning", allow_hyphen_values = true, value_parser = start)]
    pub from: Start,
    /// One partition; may be repeated. All if left out.
    #[arg(short, long = "partition", value_name = "N", value_delimiter = ',', value_parser = partition)]
    pub partitions: Vec<PartitionIndex>,
    /// How many records to read at most.
    #[arg(short = 'n', long, value_name = "N")]
    pub count: Option<u64>,
    /// End at what is the end of each partition now.
    #[arg(short, long)]
    pub exit_at_end: bool,
    /// How to print a record; see below.
    #[arg(short, long, value_name = "FORMAT", conflicts_with_all = ["json", "print_headers", "key_separator"])]
    format: Option<String>,
    /// Print the key and this before each value; escapes such as \t are read.
    #[arg(short = 'K', long, value_name = "TEXT")]
    key_separator: Option<String>,
    /// Print the headers and a tab before each record.
    #[arg(long)]
    print_headers: bool,
    /// What to print for a null key or value.
    #[arg(short = 'N', long, value_name = "TEXT", default_value = "")]
    null: String,
    /// Leave out records of transactions that are open or were aborted.
    #[arg(long)]
    pub read_committed: bool,
    /// How much to ask of a broker at a time (bytes).
    #[arg(long, value_name = "BYTES", default_value = "16777216", hide_short_help = true, value_parser = clap::value_parser!(i32).range(1..))]
    pub fetch_bytes: i32,
}

/// Where to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Start {
    /// At the first record that is still there.
    Beginning,
    /// At the next record.
    End,
    /// At an offset.
    At(Offset),
    /// So many before the end.
    BeforeEnd(i64),
    /// At the first record of that time or later.
    Since(Millis),
}

impl ConsumeArgs {
    pub(super) fn isolation(&self) -> Isolation {
        if self.read_committed { Isolation::ReadCommitted } else { Isolation::ReadUncommitted }
    }

    /// How records are printed.
    pub(super) fn format(&self, json: bool) -> Result<Format, Failure> {
        let usage = |option: &str, error: String| Failure::new(Exit::Usage, format!("{option}: {error}"));
        if json {
            return Ok(Format::Json);
        }
        let null = self.null.clone().into_bytes();
        if let Some(format) = &self.format {
            return Format::parse(format, null).map_err(|error: FormatError| usage("--format", error.to_string()));
        }
        let separator = self.key_separator.as_deref().map(text::unescape).transpose();
        let separator = separator.map_err(|error| usage("--key-separator", error))?;
        Ok(Format::plain(self.print_headers, separator, null))
    }
}

fn start(text: &str) -> Result<Start, String> {
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let found = match text {
        "beginning" | "start" | "earliest" => Some(Start::Beginning),
        "end" | "latest" => Some(Start::End),
        _ => match (text.strip_prefix('@'), text.strip_prefix('-')) {
            (Some(time), _) => date::parse(time, SystemClock::shared().wall()).map(Start::Since),
            (None, Some(before)) => number(before).map(Start::BeforeEnd),
            (None, None) => number(text).map(|n| Start::At(Offset(n))),
        },
    };
    found.ok_or_else(|| {
        "give beginning, end, an offset, -N (before the end) or @TIME, such as @2026-11-21T08:45:00 or @-15m"
            .to_string()
    })
}

fn partition(text: &str) -> Result<PartitionIndex, String> {
    match text.parse() {
        Ok(index) if index >= 0 => Ok(PartitionIndex(index)),
        _ => Err("give a partition's index, from 0 on".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_in_every_form() {
        assert_eq!(start("beginning"), Ok(Start::Beginning));
        assert_eq!(start("latest"), Ok(Start::End));
        assert_eq!(start("42"), Ok(Start::At(Offset(42))));
        assert_eq!(start("-10"), Ok(Start::BeforeEnd(10)));
        assert_eq!(start("@1700000000000"), Ok(Start::Since(Millis(1_700_000_000_000))));
        assert!(matches!(start("@-1h"), Ok(Start::Since(_))));
        for wrong in ["", "-", "--1", "@", "@soon", "1.5", "+5"] {
            assert!(start(wrong).is_err(), "{wrong:?}");
        }
    }
}
