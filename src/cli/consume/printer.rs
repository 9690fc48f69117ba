//! The thread that opens what was fetched and prints it.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use tokio::sync::mpsc;

use super::format::Format;
use super::records::{Flow, walk};
use crate::base::ids::{Offset, PartitionIndex};
use crate::cli::progress::Progress;
use crate::peer::consumer::{Assigned, Delivery};

const BUFFER_BYTES: usize = 256 << 10;

/// From where on, and up to where, each partition's records are wanted.
pub(super) struct Positions(HashMap<(String, PartitionIndex), (Offset, Option<Offset>)>);

impl Positions {
    pub(super) fn of(assigned: &[Assigned]) -> Self {
        Self(assigned.iter().map(|a| ((a.topic.clone(), a.partition), (a.from, a.until))).collect())
    }
}

/// Prints records.
pub(super) struct Printer {
    pub format: Format,
    /// How many more records are wanted, if not all.
    pub left: Option<u64>,
    pub read_committed: bool,
    pub progress: Progress,
    pub positions: Positions,
}

impl Printer {
    /// Prints until there is no more to come, enough was printed, or nobody reads any more.
    pub(super) fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>) -> anyhow::Result<()> {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        let printed = self.print(&mut out, &mut deliveries);
        self.progress.done();
        let flushed = out.flush();
        // What is left in a buffer that nobody takes must not be tried again when it is dropped.
        let _ = out.into_parts();
        match printed.and_then(|()| Ok(flushed?)) {
            Err(error) if is_broken_pipe(&error) => Ok(()),
            other => other,
        }
    }

    fn print(&mut self, out: &mut impl Write, deliveries: &mut mpsc::Receiver<Delivery>) -> anyhow::Result<()> {
        let mut printed = 0u64;
        loop {
            let delivery = match deliveries.try_recv() {
                Ok(delivery) => delivery,
                Err(_) => {
                    // Whoever watches shall see what is there before this waits for more.
                    out.flush()?;
                    match deliveries.blocking_recv() {
                        Some(delivery) => delivery,
                        None => return Ok(()),
                    }
                }
            };
            let fetched = match delivery {
                Delivery::Batches(fetched) => fetched,
                Delivery::Skipped { topic, partition, wanted, now_from } => {
                    eprintln!(
                        "warning: partition {partition} of topic {topic:?} begins at offset {now_from}: offsets {wanted} to {} were deleted",
                        now_from.plus(-1)
                    );
                    continue;
                }
            };
            let wanted = self.positions.0.get(&(fetched.topic.clone(), fetched.partition)).copied();
            let (from, until) = wanted.unwrap_or((Offset(0), None));
            let (format, left) = (&self.format, &mut self.left);
            let mut next = from;
            let flow = walk(&fetched, from, until, self.read_committed, &mut |consumed| {
                format.write(out, consumed)?;
                next = consumed.offset.plus(1);
                printed += 1;
                if let Some(left) = left {
                    *left -= 1;
                    if *left == 0 {
                        return Ok(Flow::Stop);
                    }
                }
                Ok(Flow::GoOn)
            })?;
            // A batch that comes twice, after a leader has moved, is printed once.
            if let Some((from, _)) = self.positions.0.get_mut(&(fetched.topic, fetched.partition)) {
                *from = next.max(*from);
            }
            self.progress.at(printed);
            if flow == Flow::Stop {
                return Ok(());
            }
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}
