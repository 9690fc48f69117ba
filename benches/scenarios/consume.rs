//! S6: consume, at the tail while a producer writes as fast as it can, and again from the start; beside N2 and N3.

use crate::batch::Batch;
use crate::case::{self, Bench, Sample};
use crate::client::Topic;
use crate::consumer::Consumer;
use crate::engine::Engine;
use crate::link::Link;
use crate::measured::Measured;
use crate::null_server::Kind;
use crate::produce::{PARTITIONS, now_ms};
use crate::producer::{Pace, Producer};
use crate::servers::{Make, Server};
use crate::totals::Until;
use crate::wire::WireError;

const BATCH: usize = 64 << 10;
const AT_MOST: f64 = 60.0;

fn consumers(engine: &mut Engine, server: &Server, topic: &Topic, count: usize) -> Result<(), WireError> {
    for _ in 0..count {
        let consumer = Consumer::new(topic, None);
        let consumer = if matches!(server.make, Make::Null(_)) { consumer.of_null_server() } else { consumer };
        engine.add(Link::connect(server.address, Box::new(consumer))?)?;
    }
    Ok(())
}

/// Writes `bytes` in all while `count` consumers follow, and measures until each of them has everything.
fn tail(server: &Server, count: usize, bytes: u64) -> Result<Sample, WireError> {
    let topic = case::topic(server, PARTITIONS)?;
    let batch = Batch::build(1024, BATCH, now_ms());
    let requests = bytes / batch.bytes.len() as u64;
    let pace = Pace { at_most: requests, ..Pace::closed(5) };
    let mut engine = Engine::new()?;
    engine.add(Link::connect(server.address, Box::new(Producer::new(&topic, 0..PARTITIONS, 1, &batch, pace)))?)?;
    consumers(&mut engine, server, &topic, count)?;
    let due = requests * u64::from(batch.records) * count as u64;
    let until = Until::seconds(AT_MOST).or_consumed(due);
    let Measured { totals, usage, peak_mib } = Measured::of(engine, vec![server.pid], &until)?;
    if totals.consumed_records != due {
        return Err(format!("{} of {due} records came", totals.consumed_records));
    }
    case::end_topic(server, &topic)?;
    let (read, written) = (totals.consumed_bytes as f64 / 1e9, totals.bytes as f64 / 1e9);
    Ok(Sample::of(&usage)
        .with("MB/s out", read * 1e3 / usage.seconds)
        .with("MB/s in", written * 1e3 / usage.seconds)
        .with("broker CPU-s/GB out", usage.server / read)
        .with("broker CPU-s/GB in+out", usage.server / (read + written))
        .with("fetches/s", totals.fetches as f64 / usage.seconds)
        .with("peak RSS MiB", peak_mib))
}

fn read_sample(Measured { totals, usage, peak_mib }: &Measured) -> Sample {
    let read = totals.consumed_bytes as f64 / 1e9;
    Sample::of(usage)
        .with("MB/s", read * 1e3 / usage.seconds)
        .with("broker CPU-s/GB", usage.server / read)
        .with("fetches/s", totals.fetches as f64 / usage.seconds)
        .with("peak RSS MiB", *peak_mib)
}

/// Writes `bytes`, then measures `count` consumers that read all of it from the page cache.
fn read_back(server: &Server, count: usize, bytes: u64) -> Result<Sample, WireError> {
    let topic = case::topic(server, PARTITIONS)?;
    let batch = Batch::build(1024, BATCH, now_ms());
    let mut requests = 0;
    if !matches!(server.make, Make::Null(_)) {
        requests = bytes / batch.bytes.len() as u64;
        let pace = Pace { at_most: requests, ..Pace::closed(5) };
        let mut engine = Engine::new()?;
        engine.add(Link::connect(server.address, Box::new(Producer::new(&topic, 0..PARTITIONS, 1, &batch, pace)))?)?;
        engine.run(&Until::seconds(AT_MOST).or_bytes(requests * batch.bytes.len() as u64))?;
        engine.drain()?;
    }
    let mut engine = Engine::new()?;
    consumers(&mut engine, server, &topic, count)?;
    let due = requests * u64::from(batch.records) * count as u64;
    let until = if due == 0 { Until::seconds(1.5) } else { Until::seconds(AT_MOST).or_consumed(due) };
    let measured = Measured::of(engine, vec![server.pid], &until)?;
    let read = measured.totals.consumed_records;
    if due > 0 && read != due {
        return Err(format!("{read} of {due} records came"));
    }
    case::end_topic(server, &topic)?;
    Ok(read_sample(&measured))
}

pub fn s6(bench: &mut Bench) {
    let pairs = bench.options.pick(3, 1);
    for (count, bytes) in [(1, 800_000_000), (4, 300_000_000), (16, 100_000_000)] {
        let bytes = bench.options.pick(bytes, bytes / 2);
        let title = format!(
            "tail consume by {count} consumers while 1 KiB records (64 KiB batches) are produced, 6 partitions"
        );
        bench.case("S6", &title, pairs, None, &|server, _| tail(server, count, bytes));
    }
    let bytes = bench.options.pick(1_200_000_000, 600_000_000);
    for (count, null) in [(1, Kind::N2), (1, Kind::N3), (4, Kind::N2)] {
        let title = format!("consume {} MB of 1 KiB records from the start, by {count} consumers", bytes / 1_000_000);
        bench.case("S6", &title, pairs, Some(null), &|server, _| read_back(server, count, bytes));
    }
}
