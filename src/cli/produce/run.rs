//! The course of `ottla produce`: find the topic, read on one thread, write on the other, tell how it went.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use super::args::ProduceArgs;
use super::records;
use super::source::Source;
use super::totals;
use crate::base::clock::SystemClock;
use crate::base::error_code::ErrorCode;
use crate::cli::exit::{Exit, Failure};
use crate::cli::options::Options;
use crate::cli::output::counted;
use crate::cli::progress::{Progress, Unit};
use crate::cli::topic::not_found;
use crate::peer::client::{Client, Retry};
use crate::peer::metadata::Topic;
use crate::peer::produce::Acks;
use crate::peer::producer::accumulator::{Accumulator, Identity};
use crate::peer::producer::driver::{DriverOptions, drive, identity};
use crate::peer::producer::partitioner::Partitioner;

/// How long a topic may take to appear after the broker was asked to create it.
const CREATION_MAX: Duration = Duration::from_secs(5);
/// Packed batches that may wait for the network.
const QUEUED_BATCHES: usize = 16;

pub(in crate::cli) async fn run(options: &Options, args: ProduceArgs) -> anyhow::Result<()> {
    let client = options.client()?;
    let source = Source::open(args.file.as_deref())?;
    let topic = find_topic(&client, options, &args).await?;
    if let Some(partition) = args.partition
        && !topic.partitions.iter().any(|p| p.index == partition)
    {
        let last = topic.partitions.len().saturating_sub(1);
        let what = format!(
            "partition {partition} of topic {:?} does not exist: it has the partitions 0 to {last}",
            topic.name
        );
        return Err(Failure::new(Exit::NotFound, what).into());
    }
    let acks = args.acks();
    let identity = match acks {
        Acks::All if !args.no_idempotence => identity(&client, &mut options.retry()).await?,
        _ => None,
    };
    produce(&client, options, &args, &topic, source, identity).await
}

async fn find_topic(client: &Client, options: &Options, args: &ProduceArgs) -> anyhow::Result<Topic> {
    let create = !args.no_create;
    let mut retry = Retry::within(options.timeout.min(CREATION_MAX));
    match client.topic(&args.topic, create, &mut retry).await {
        Ok(topic) => Ok(topic),
        Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
            Err(not_found(client, &args.topic).await.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn produce(
    client: &Client,
    options: &Options,
    args: &ProduceArgs,
    topic: &Topic,
    source: Source,
    identity: Option<Identity>,
) -> anyhow::Result<()> {
    let interactive = source.is_terminal();
    if interactive && std::io::stderr().is_terminal() {
        eprintln!("One record per line; Ctrl-D ends.");
    }
    let clock = SystemClock::shared();
    let started = clock.monotonic();
    let read_bytes = Arc::new(AtomicU64::new(0));
    let progress = Progress::new(source.size(), Unit::Bytes, !interactive && !options.json);
    let (batches, queue) = mpsc::channel(QUEUED_BATCHES);
    let packer = records::Packer {
        format: args.format()?,
        partition: args.partition,
        partitioner: Partitioner::new(topic.partitions.len() as u32),
        accumulator: Accumulator::new(args.batch_bytes, args.compression, identity),
        linger: Duration::from_millis(args.linger_ms),
        batches,
        read_bytes: Arc::clone(&read_bytes),
    };
    let reading = std::thread::Builder::new().name("reader".to_string()).spawn(move || packer.run(source))?;
    let (written, mut telling) = mpsc::unbounded_channel();
    let driver = DriverOptions { acks: args.acks(), idempotent: identity.is_some(), delivery_timeout: options.timeout };
    let mut totals = totals::Totals::default();
    let mut driving = std::pin::pin!(drive(client, topic, driver, queue, written));
    let result = loop {
        tokio::select! {
            result = &mut driving => break result,
            Some(written) = telling.recv() => {
                totals.add(&written);
                progress.at(read_bytes.load(Ordering::Relaxed));
            }
        }
    };
    while let Ok(written) = telling.try_recv() {
        totals.add(&written);
    }
    progress.done();
    if let Err(error) = result {
        // The reader may be waiting for a terminal or a pipe: the process ends without it.
        let told = format!("{} of topic {:?} were written before this", counted(totals.records, "record"), topic.name);
        return Err(anyhow::Error::from(error).context(told));
    }
    let read = reading.join().map_err(|_| anyhow::anyhow!("the reader of the input ended without a result"))?;
    if let Err(error) = read {
        let told = format!("{} were written before this", counted(totals.records, "record"));
        return Err(error.context(told));
    }
    totals.print(options, topic, clock.monotonic().since(started))
}
