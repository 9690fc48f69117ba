//! S9: the same bytes over more and more partitions, as fast as they go and at a fixed rate.

use crate::batch::Batch;
use crate::case::{self, Bench, Sample};
use crate::engine::Engine;
use crate::link::Link;
use crate::measured::Measured;
use crate::produce::{Load, now_ms};
use crate::producer::{Pace, Producer};
use crate::servers::Server;
use crate::totals::Until;
use crate::wire::WireError;

const VALUE_LEN: usize = 1024;
const BATCH_BYTES: usize = 4 << 10;
/// The fixed rate, bytes of batches per second.
const RATE: f64 = 50e6;

/// An open loop at `RATE`, every partition in turn.
fn fixed(server: &Server, partitions: i32, seconds: f64) -> Result<Sample, WireError> {
    let topic = case::topic(server, partitions)?;
    let batch = Batch::build(VALUE_LEN, BATCH_BYTES, now_ms());
    let mut engine = Engine::new()?;
    engine
        .add(Link::connect(server.address, Box::new(Producer::new(&topic, 0..partitions, 1, &batch, Pace::open())))?)?;
    engine.schedule(RATE / batch.bytes.len() as f64, 1);
    engine.run(&Until::seconds(2.0))?;
    let measured = Measured::of(engine, vec![server.pid], &Until::seconds(seconds))?;
    case::end_topic(server, &topic)?;
    let (gigabytes, Measured { totals, usage, peak_mib }) = (measured.gigabytes(), measured);
    Ok(Sample::of(&usage)
        .with("MB/s done", gigabytes * 1e3 / usage.seconds)
        .with("broker CPU-s/GB", usage.server / gigabytes)
        .with("ack p50 us", totals.ack.value_at_quantile(0.5) as f64)
        .with("ack p99 us", totals.ack.value_at_quantile(0.99) as f64)
        .with("peak RSS MiB", peak_mib))
}

pub fn s9(bench: &mut Bench) {
    let counts: &[i32] = bench.options.pick(&[1, 6, 64, 1_000, 10_000], &[6, 1_000]);
    let seconds = bench.options.pick(4.0, 2.0);
    // Every partition is written before the clock runs: the first write makes the files' first pages.
    let warm =
        |partitions: i32| Until::seconds(20.0).or_bytes((partitions as u64 * BATCH_BYTES as u64).max(50_000_000));
    for &partitions in counts {
        let load = Load {
            partitions,
            connections: 1,
            in_flight: 5,
            value_len: VALUE_LEN,
            batch_bytes: BATCH_BYTES,
            idempotent: false,
            warm: warm(partitions),
            measured: Until::seconds(seconds).or_bytes(1_000_000_000),
        };
        let title = format!("produce 1 KiB records, 4 KiB batches, {partitions} partitions in turn, 5 in flight");
        let pairs = bench.options.pick(2, 1);
        bench.case("S9", &title, pairs, None, &|server, _| load.run(server));
        let title =
            format!("produce 1 KiB records, 4 KiB batches, {partitions} partitions in turn, 50 MB/s in an open loop");
        bench.case("S9", &title, pairs, None, &|server, _| fixed(server, partitions, seconds));
    }
}
