//! S5: produce with acks=all to three replicas of each partition, all three brokers on this machine.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::batch::Batch;
use crate::case::{Bench, Sample};
use crate::client::Client;
use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::link::Link;
use crate::measured::Measured;
use crate::options::Options;
use crate::produce::{PARTITIONS, now_ms};
use crate::producer::{Pace, Producer};
use crate::servers::Make;
use crate::totals::Until;
use crate::wire::WireError;

struct Load {
    value_len: usize,
    batch_bytes: usize,
    in_flight: usize,
    warm: Until,
    measured: Until,
}

static TOPICS: AtomicU32 = AtomicU32::new(0);

/// One connection to each broker, which writes to what that broker leads.
fn run(cluster: &Cluster, load: &Load) -> Result<Sample, WireError> {
    let name = format!("replicated-{}", TOPICS.fetch_add(1, Ordering::Relaxed));
    let (topic, led) = cluster.topic(&name, PARTITIONS)?;
    let batch = Batch::build(load.value_len, load.batch_bytes, now_ms());
    let mut engine = Engine::new()?;
    for (node, partitions) in cluster.nodes.iter().zip(led).filter(|(_, partitions)| !partitions.is_empty()) {
        let producer = Producer::new(&topic, partitions.into_iter(), -1, &batch, Pace::closed(load.in_flight));
        engine.add(Link::connect(node.address, Box::new(producer))?)?;
    }
    engine.run(&load.warm)?;
    let measured = Measured::of(engine, cluster.pids(), &load.measured)?;
    Client::connect(cluster.nodes[0].address)?.delete_topic(&topic.name)?;
    // Three copies of what was written go before the next run begins.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (gigabytes, Measured { totals, usage, peak_mib }) = (measured.gigabytes(), measured);
    Ok(Sample::of(&usage)
        .with("MB/s", gigabytes * 1e3 / usage.seconds)
        .with("requests/s", totals.requests as f64 / usage.seconds)
        .with("brokers' CPU-s/GB", usage.server / gigabytes)
        .with("brokers' CPU-s/1M requests", usage.server / totals.requests as f64 * 1e6)
        .with("round trip p50 us", totals.ack.value_at_quantile(0.5) as f64)
        .with("round trip p99 us", totals.ack.value_at_quantile(0.99) as f64)
        .with("brokers' peak RSS MiB", peak_mib))
}

pub fn s5(bench: &mut Bench) {
    // The shared brokers would only take memory and CPU.
    (bench.ours, bench.peer) = (None, None);
    let cluster = |make: Option<Make>, options: &Options| {
        make.map(|make| Cluster::fresh(make, &options.directory.join("cluster"))).transpose()
    };
    let makes = bench.options.makes();
    let sides = match makes.map(|make| cluster(make, &bench.options)) {
        [Ok(ours), Ok(peer)] => [ours, peer],
        [Err(error), _] | [_, Err(error)] => return bench.failures.push(format!("S5: {error}")),
    };
    let seconds = bench.options.pick(4.0, 2.0);
    let warm = Until::seconds(2.0).or_bytes(200_000_000);
    let bulk = Until::seconds(seconds).or_bytes(bench.options.pick(800_000_000, 400_000_000));
    let loads = [
        (
            "single 100 B records",
            Load { value_len: 100, batch_bytes: 100, in_flight: 5, warm, measured: Until::seconds(seconds) },
        ),
        (
            "100 B records, 16 KiB batches",
            Load { value_len: 100, batch_bytes: 16 << 10, in_flight: 5, warm, measured: bulk },
        ),
        (
            "1 KiB records, 64 KiB batches",
            Load { value_len: 1024, batch_bytes: 64 << 10, in_flight: 5, warm, measured: bulk },
        ),
    ];
    let pairs = bench.options.pick(3, 1);
    for (what, load) in loads {
        let title =
            format!("produce {what}, acks=all, 3 brokers, 3 replicas, {PARTITIONS} partitions, 5 in flight to each");
        bench.case_on("S5", &title, pairs, &sides, &|cluster, _| run(cluster, &load));
    }
}
