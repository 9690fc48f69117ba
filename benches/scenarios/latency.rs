//! S8: end-to-end latency in an open loop, from the intended send to the record in a consumer's hands.

use crate::batch::Batch;
use crate::case::{self, Bench, Sample};
use crate::consumer::Consumer;
use crate::engine::Engine;
use crate::link::Link;
use crate::measured::Measured;
use crate::null_server::Kind;
use crate::produce::{Load, PARTITIONS, now_ms};
use crate::producer::{Pace, Producer};
use crate::servers::Server;
use crate::totals::Until;
use crate::wire::WireError;

/// A rate of requests, each one batch.
struct Rate {
    per_second: f64,
    value_len: usize,
    batch_bytes: usize,
    seconds: f64,
}

fn run(server: &Server, rate: &Rate) -> Result<Sample, WireError> {
    let topic = case::topic(server, PARTITIONS)?;
    let batch = Batch::build(rate.value_len, rate.batch_bytes, now_ms());
    let mut engine = Engine::new()?;
    let producer = Producer::new(&topic, 0..PARTITIONS, 1, &batch, Pace::open());
    engine.add(Link::connect(server.address, Box::new(producer))?)?;
    engine.add(Link::connect(server.address, Box::new(Consumer::new(&topic, Some(batch.slot_at))))?)?;
    // The first second connects, finds positions and compiles; at one message a second it is one message.
    engine.schedule(rate.per_second.max(50.0), 1);
    engine.run(&Until::seconds(1.0))?;
    engine.schedule(rate.per_second, 1);
    let Measured { totals, usage, .. } = Measured::of(engine, vec![server.pid], &Until::seconds(rate.seconds))?;
    case::end_topic(server, &topic)?;
    let at = |quantile: f64| totals.end_to_end.value_at_quantile(quantile) as f64;
    let mut sample = Sample::of(&usage).with("e2e p50 us", at(0.5)).with("e2e p99 us", at(0.99));
    if totals.end_to_end.len() >= 1000 {
        sample = sample.with("e2e p99.9 us", at(0.999));
    }
    Ok(sample
        .with("e2e max us", totals.end_to_end.max() as f64)
        .with("ack p50 us", totals.ack.value_at_quantile(0.5) as f64)
        .with("ack p99 us", totals.ack.value_at_quantile(0.99) as f64)
        .with("requests/s done", totals.requests as f64 / usage.seconds)
        .with("broker CPU share of a core", usage.server / usage.seconds))
}

pub fn s8(bench: &mut Bench) {
    let pairs = bench.options.pick(2, 1);
    for (per_second, seconds) in [(1.0, 8.0), (100.0, 4.0), (10_000.0, 4.0)] {
        let seconds = bench.options.pick(seconds, seconds / 2.0);
        let rate = Rate { per_second, value_len: 100, batch_bytes: 100, seconds };
        let title = format!("end to end, open loop, {per_second} msg/s of 100 B, each its own request, 1 consumer");
        bench.case("S8", &title, pairs, None, &|server, _| run(server, &rate));
    }
    // The capacity that the shares refer to: the peer's if it is there, so that both servers get the same rate.
    let probe = Load {
        partitions: PARTITIONS,
        connections: 1,
        in_flight: 5,
        value_len: 100,
        batch_bytes: 16 << 10,
        idempotent: false,
        warm: Until::seconds(2.0),
        measured: Until::seconds(2.0),
    };
    let Some(server) = bench.peer.as_ref().or(bench.ours.as_ref()) else { return };
    let capacity = match probe.run(server) {
        Ok(sample) => sample.values.iter().find(|(name, _)| *name == "requests/s").map_or(0.0, |(_, value)| *value),
        Err(error) => return bench.failures.push(format!("S8 capacity: {error}")),
    };
    let (whose, batch_bytes) = (server.make.name(), 16 << 10);
    for share in [0.3, 0.6] {
        let seconds = bench.options.pick(4.0, 2.0);
        let rate = Rate { per_second: capacity * share, value_len: 100, batch_bytes, seconds };
        let title = format!(
            "end to end, open loop, {:.0} % of {whose}'s S1 rate: {:.0} batches of 16 KiB/s",
            share * 100.0,
            rate.per_second
        );
        bench.case("S8", &title, pairs, None, &|server, _| run(server, &rate));
    }
    round_trip(bench);
}

/// N0's round trip, which the targets of S8 are multiples of.
fn round_trip(bench: &mut Bench) {
    let load = Load {
        partitions: PARTITIONS,
        connections: 1,
        in_flight: 1,
        value_len: 100,
        batch_bytes: 100,
        idempotent: false,
        warm: Until::seconds(0.5),
        measured: Until::seconds(1.0),
    };
    let directory = bench.options.directory.join("N0");
    let sample = Server::fresh(crate::servers::Make::Null(Kind::N0), &directory, bench.options.pin)
        .and_then(|server| load.run(&server));
    match sample {
        Ok(sample) => {
            let p50 =
                sample.values.iter().find(|(name, _)| *name == "round trip p50 us").map_or(0.0, |(_, value)| *value);
            println!("  N0 round trip, 1 connection: p50 {p50:.0} us");
        }
        Err(error) => bench.failures.push(format!("S8 N0: {error}")),
    }
}
