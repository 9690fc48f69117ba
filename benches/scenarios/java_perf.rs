//! Java's own perf tools as load: what an unchanged Java application gets. 64 KiB batches, acks=all, 6 partitions.
//!
//! The producer is Apache Kafka's ProducerPerformance. ConsumerPerformance needs a consumer group; the consumer here is
//! the same Java client with assigned partitions (`benches/java/ConsumeAssigned.java`).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::case::{self, Bench, Sample};
use crate::client::Topic;
use crate::procfs::{self, Snapshot, Usage};
use crate::produce::PARTITIONS;
use crate::servers::Server;
use crate::wire::WireError;

fn java(arguments: &[&str]) -> Result<String, WireError> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    let classes = format!("{}/*", target.join("kafka/libs").display());
    let logging = concat!(
        "-Dlog4j2.configurationFile=",
        env!("CARGO_MANIFEST_DIR"),
        "/proto-tests/kafka/log4j2-tools.properties"
    );
    let mut command = Command::new("java");
    command.args(["-Xmx512m", logging, "-cp", &classes]).args(arguments);
    let output = command.output().map_err(|error| format!("java: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("java {}: {}{text}", arguments[0], String::from_utf8_lossy(&output.stderr)));
    }
    Ok(text)
}

/// The number before `unit` in the last line that has it, as in `97.23 MB/sec`.
fn number_before(text: &str, unit: &str) -> Option<f64> {
    let (before, _) = text.rsplit_once(unit)?;
    before.trim_end().rsplit([' ', '(']).next()?.parse().ok()
}

/// The load is a process of its own here, so the shares of generator and strangers mean nothing.
fn unshared(usage: &Usage) -> Sample {
    Sample { client_share: 0.0, foreign_share: 0.0, ..Sample::of(usage) }
}

fn produce(server: &Server, topic: &Topic, records: u64, size: u64) -> Result<Sample, WireError> {
    let (count, len) = (records.to_string(), size.to_string());
    let bootstrap = format!("bootstrap.servers={}", server.address);
    procfs::reset_peak_memory(server.pid);
    let snapshot = Snapshot::take(server.pid);
    let text = java(&[
        "org.apache.kafka.tools.ProducerPerformance",
        "--topic",
        &topic.name,
        "--num-records",
        &count,
        "--record-size",
        &len,
        "--throughput",
        "-1",
        "--producer-props",
        &bootstrap,
        "acks=all",
        "batch.size=65536",
        "linger.ms=5",
        "buffer.memory=67108864",
    ])?;
    let usage = snapshot.until_now();
    if !text.contains(&format!("{count} records sent")) {
        return Err(format!("not all records were sent: {text}"));
    }
    let rate = number_before(&text, "MB/sec").ok_or_else(|| format!("no rate in: {text}"))?;
    let gigabytes = (records * size) as f64 / 1e9;
    Ok(unshared(&usage)
        .with("MB/s", rate * 1.048576)
        .with("broker CPU-s/GB", usage.server / gigabytes)
        .with("peak RSS MiB", procfs::memory_mib(server.pid).1))
}

fn consume(server: &Server, topic: &Topic, records: u64, size: u64) -> Result<Sample, WireError> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/java/ConsumeAssigned.java");
    procfs::reset_peak_memory(server.pid);
    let snapshot = Snapshot::take(server.pid);
    let text = java(&[program, &server.address.to_string(), &topic.name, &records.to_string()])?;
    let usage = snapshot.until_now();
    let rate = number_before(&text, "MB/sec").ok_or_else(|| format!("no rate in: {text}"))?;
    let gigabytes = (records * size) as f64 / 1e9;
    Ok(unshared(&usage)
        .with("MB/s", rate)
        .with("broker CPU-s/GB", usage.server / gigabytes)
        .with("peak RSS MiB", procfs::memory_mib(server.pid).1))
}

pub fn run(bench: &mut Bench) {
    let pairs = bench.options.pick(3, 1);
    let scale = bench.options.pick(1, 3);
    for (title, records, size) in [("100 B", 6_000_000 / scale, 100), ("1 KiB", 1_500_000 / scale, 1024)] {
        let full = format!("ProducerPerformance, {title} records, 64 KiB batches, acks=all, 6 partitions");
        bench.case("java-perf", &full, pairs, None, &|server, _| {
            let topic = case::topic(server, PARTITIONS)?;
            let sample = produce(server, &topic, records, size)?;
            case::end_topic(server, &topic)?;
            Ok(sample)
        });
    }
    let records = 1_500_000 / scale;
    bench.case("java-perf", "Java consumer, assigned partitions, 1 KiB records", pairs, None, &|server, _| {
        let topic = case::topic(server, PARTITIONS)?;
        produce(server, &topic, records, 1024)?;
        let sample = consume(server, &topic, records, 1024)?;
        case::end_topic(server, &topic)?;
        Ok(sample)
    });
}
