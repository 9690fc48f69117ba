//! S1, S2, S3: produce in a closed loop, from large batches to single records, beside N1 and N0.

use crate::batch::Batch;
use crate::case::{self, Bench, Sample};
use crate::client::Client;
use crate::engine::Engine;
use crate::link::Link;
use crate::measured::Measured;
use crate::null_server::Kind;
use crate::options::Options;
use crate::producer::{Answer, Pace, Producer};
use crate::servers::{Make, Server};
use crate::totals::Until;
use crate::wire::WireError;

/// Partitions of every produce scenario.
pub const PARTITIONS: i32 = 6;

/// A closed-loop produce load.
#[derive(Clone, Copy)]
pub struct Load {
    pub connections: usize,
    pub partitions: i32,
    pub in_flight: usize,
    pub value_len: usize,
    pub batch_bytes: usize,
    pub idempotent: bool,
    pub warm: Until,
    pub measured: Until,
}

impl Load {
    pub fn run(&self, server: &Server) -> Result<Sample, WireError> {
        let topic = case::topic(server, self.partitions)?;
        let batch = Batch::build(self.value_len, self.batch_bytes, now_ms());
        let mut engine = Engine::new()?;
        for index in 0..self.connections {
            let answer = if server.make == Make::Null(Kind::N0) { Answer::Echo } else { Answer::Kafka };
            // One connection takes all partitions in turn; many share them out.
            let first = index as i32 % self.partitions;
            let own = if self.connections == 1 { 0..self.partitions } else { first..first + 1 };
            let mut producer = Producer::new(&topic, own, 1, &batch, Pace::closed(self.in_flight)).answered_by(answer);
            if self.idempotent && !matches!(server.make, Make::Null(_)) {
                producer = producer.idempotent(Client::connect(server.address)?.producer_id()?);
            }
            engine.add(Link::connect(server.address, Box::new(producer))?)?;
        }
        engine.run(&self.warm)?;
        let measured = Measured::of(engine, vec![server.pid], &self.measured)?;
        case::end_topic(server, &topic)?;
        let (gigabytes, Measured { totals, usage, peak_mib }) = (measured.gigabytes(), measured);
        let mut sample = Sample::of(&usage);
        if self.batch_bytes > 1024 {
            sample = sample
                .with("MB/s", gigabytes * 1e3 / usage.seconds)
                .with("records/s", totals.records as f64 / usage.seconds)
                .with("broker CPU-s/GB", usage.server / gigabytes)
                .with("broker CPU-s/1M records", usage.server / totals.records as f64 * 1e6);
        }
        Ok(sample
            .with("requests/s", totals.requests as f64 / usage.seconds)
            .with("broker CPU-s/1M requests", usage.server / totals.requests as f64 * 1e6)
            .with("round trip p50 us", totals.ack.value_at_quantile(0.5) as f64)
            .with("round trip p99 us", totals.ack.value_at_quantile(0.99) as f64)
            .with("peak RSS MiB", peak_mib))
    }
}

pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// Length of a run: until 1.5 GB are written (so it stays in memory), or a few seconds have passed.
fn bulk(options: &Options) -> (Until, Until) {
    let measured = Until::seconds(options.pick(4.0, 2.0)).or_bytes(options.pick(1_500_000_000, 600_000_000));
    (Until::seconds(1.5).or_bytes(300_000_000), measured)
}

pub fn s1(bench: &mut Bench) {
    let (warm, measured) = bulk(&bench.options);
    let load = Load {
        partitions: PARTITIONS,
        connections: 1,
        in_flight: 5,
        value_len: 100,
        batch_bytes: 16 << 10,
        idempotent: false,
        warm,
        measured,
    };
    let title = "produce 100 B records, 16 KiB batches, acks=1, 6 partitions, 1 connection x 5 in flight";
    let pairs = bench.options.pick(5, 2);
    bench.case("S1", title, pairs, Some(Kind::N1), &|server, _| load.run(server));
}

pub fn s2(bench: &mut Bench) {
    let (warm, measured) = bulk(&bench.options);
    for (name, batch_bytes) in [("64 KiB", 64 << 10), ("256 KiB", 256 << 10), ("1 MiB", 1 << 20)] {
        let load = Load {
            partitions: PARTITIONS,
            connections: 1,
            in_flight: 5,
            value_len: 1024,
            batch_bytes,
            idempotent: false,
            warm,
            measured,
        };
        let title = format!("produce 1 KiB records, {name} batches, acks=1, 6 partitions, 1 connection x 5 in flight");
        let pairs = bench.options.pick(4, 2);
        bench.case("S2", &title, pairs, Some(Kind::N1), &|server, _| load.run(server));
    }
}

pub fn s3(bench: &mut Bench) {
    let seconds = bench.options.pick(2.5, 1.5);
    let connections: &[usize] = bench.options.pick(&[1, 10, 100], &[1, 100]);
    for &connections in connections {
        for in_flight in [1, 5] {
            let (warm, measured) = (Until::seconds(1.0), Until::seconds(seconds));
            let load = Load {
                partitions: PARTITIONS,
                connections,
                in_flight,
                value_len: 100,
                batch_bytes: 100,
                idempotent: false,
                warm,
                measured,
            };
            let title =
                format!("produce single 100 B records, acks=1, {connections} connections x {in_flight} in flight");
            let pairs = bench.options.pick(3, 1);
            bench.case("S3", &title, pairs, Some(Kind::N0), &|server, _| load.run(server));
        }
    }
}
