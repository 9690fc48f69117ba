//! `ottla consume`: by assignment of partitions, without a group.
//!
//! ```text
//!  this thread: where to start and to end, then fetches from the leaders ──► bounded channel ──┐
//!  thread:                     standard output ◄── format ◄── records ◄── checked, unpacked ◄──┘
//! ```

mod args;
mod format;
mod plan;
mod printer;
mod records;

use std::io::IsTerminal;

use tokio::sync::{mpsc, oneshot};

pub(super) use args::{ConsumeArgs, HELP};

use super::exit::Failure;
use super::options::Options;
use super::progress::{Progress, Unit};
use crate::peer::consumer::consume;
use crate::peer::fetch::FetchOptions;

/// Fetched partitions that may wait for the printer.
const QUEUED_DELIVERIES: usize = 8;

pub(super) async fn run(options: &Options, args: ConsumeArgs) -> anyhow::Result<()> {
    let format = args.format(options.json)?;
    let client = options.client()?;
    let assigned = plan::plan(&client, options, &args).await?;
    let total = assigned.iter().map(|a| a.until.map(|until| until.since(a.from).max(0) as u64)).sum::<Option<u64>>();
    let total = match (total, args.count) {
        (Some(total), Some(count)) => Some(total.min(count)),
        (total, count) => total.or(count),
    };
    // Records on the same terminal show well enough that it goes on.
    let wanted = total.is_some() && !options.json && !std::io::stdout().is_terminal();
    let fetching = FetchOptions {
        isolation: args.isolation(),
        max_bytes: args.fetch_bytes,
        partition_max_bytes: args.fetch_bytes.min(8 << 20),
        max_wait: options.timeout.min(FetchOptions::default().max_wait),
        ..FetchOptions::default()
    };
    if args.count == Some(0) {
        return Ok(());
    }
    let printer = printer::Printer {
        format,
        left: args.count,
        read_committed: args.read_committed,
        progress: Progress::new(total, Unit::Records, wanted),
        positions: printer::Positions::of(&assigned),
    };
    let (out, deliveries) = mpsc::channel(QUEUED_DELIVERIES);
    let (end, ended) = oneshot::channel::<()>();
    let printing = std::thread::Builder::new().name("printer".to_string()).spawn(move || {
        // Dropped when the thread ends, which is how this one learns of it.
        let _end = end;
        printer.run(deliveries)
    })?;
    let read = tokio::select! {
        read = consume(&client, assigned, fetching, out) => read,
        _ = ended => Ok(()),
    };
    let printed =
        printing.join().map_err(|_| Failure::new(super::exit::Exit::Failed, "the printer ended without a result"))?;
    printed?;
    Ok(read?)
}
