//! S12: start. An empty directory, then restarts after a clean stop and after kill -9, with more and more partitions.

use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::case::{Bench, Sample};
use crate::client::{Client, Topic};
use crate::engine::Engine;
use crate::link::Link;
use crate::options::Options;
use crate::procfs;
use crate::produce::now_ms;
use crate::producer::{Pace, Producer};
use crate::servers::{Make, Server};
use crate::totals::Until;
use crate::wire::WireError;

/// How long a broker that has started may refuse some partitions.
const SETTLE_MAX: Duration = Duration::from_secs(60);

fn empty(make: &Make, options: &Options) -> Result<Sample, WireError> {
    let make = *make;
    let directory = options.directory.join(format!("start-{}", make.name()));
    // The first start writes configuration and, for Kafka, formats; the data is taken away again before the clock runs.
    let mut server = Server::fresh(make, &directory, options.pin)?;
    server.stop();
    if make == Make::Ottla {
        let _ = std::fs::remove_dir_all(server.data_directory());
    }
    let seconds = server.start(None)?;
    let at_ready = procfs::memory_mib(server.pid).0;
    std::thread::sleep(Duration::from_secs(2));
    let before = procfs::cpu_seconds(server.pid);
    std::thread::sleep(Duration::from_secs(2));
    let idle = (procfs::cpu_seconds(server.pid) - before) / 2.0;
    let (resident, _) = procfs::memory_mib(server.pid);
    Ok(Sample::default()
        .with("ready ms", seconds * 1e3)
        .with("RSS when ready MiB", at_ready)
        .with("idle RSS MiB", resident)
        .with("idle CPU share of a core", idle))
}

/// Writes `bytes` into `topic` in 64 KiB batches, at least one small batch per partition.
fn fill(server: &Server, topic: &Topic, bytes: u64) -> Result<(), WireError> {
    Client::connect(server.address)?.wait_served(topic)?;
    let write = |batch: Batch, requests: u64| {
        let mut engine = Engine::new()?;
        let pace = Pace { at_most: requests, ..Pace::closed(5) };
        let producer = Producer::new(topic, 0..topic.partitions, 1, &batch, pace);
        engine.add(Link::connect(server.address, Box::new(producer))?)?;
        engine.run(&Until::seconds(120.0).or_bytes(requests * batch.bytes.len() as u64))?;
        engine.drain()
    };
    // A broker that has just come up may change its mind once more about who leads: clients ask again, and so does this one.
    let deadline = Instant::now() + SETTLE_MAX;
    while let Err(error) = write(Batch::build(100, 1 << 10, now_ms()), topic.partitions as u64) {
        if Instant::now() > deadline {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    if bytes > 0 {
        let batch = Batch::build(1024, 64 << 10, now_ms());
        let requests = bytes / batch.bytes.len() as u64;
        write(batch, requests)?;
    }
    Ok(())
}

fn restart(make: Make, partitions: i32, bytes: u64, options: &Options) -> Result<Sample, WireError> {
    let directory = options.directory.join(format!("start-{}", make.name()));
    let mut server = Server::fresh(make, &directory, options.pin)?;
    let topic = Client::connect(server.address)?.create_topic("start", partitions, &[])?;
    fill(&server, &topic, bytes)?;
    let (with_topics, _) = procfs::memory_mib(server.pid);
    let stopped = server.stop();
    let clean = server.start(Some(&topic))?;
    // Something behind the recovery point, so that there is something to recover.
    fill(&server, &topic, bytes / 10)?;
    server.kill();
    let unclean = server.start(Some(&topic))?;
    let (resident, _) = procfs::memory_mib(server.pid);
    Ok(Sample::default()
        .with("clean stop ms", stopped * 1e3)
        .with("clean restart ms", clean * 1e3)
        .with("kill -9 restart ms", unclean * 1e3)
        .with("RSS after filling MiB", with_topics)
        .with("RSS after restart MiB", resident))
}

pub fn s12(bench: &mut Bench) {
    // The shared brokers are not needed any more and would take memory and CPU.
    (bench.ours, bench.peer) = (None, None);
    let pairs = bench.options.pick(3, 1);
    let makes = bench.options.makes();
    bench.case_on("S12", "start on an empty directory", pairs, &makes, &empty);
    let sizes: &[(i32, u64)] =
        bench.options.pick(&[(10, 1 << 20), (100, 2 << 30), (1000, 64 << 20)], &[(10, 1 << 20), (100, 512 << 20)]);
    for &(partitions, bytes) in sizes {
        let title = format!("restart with {partitions} partitions, {} MiB", bytes >> 20);
        bench.case_on("S12", &title, 1, &makes, &|make, options| restart(*make, partitions, bytes, options));
    }
}
