//! What the storage engine costs by itself: one append and one read, without a server around it.
//!
//! `cargo bench --bench log` prints nanoseconds per call and per GB for a few batch sizes.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ottla::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, TopicPartition, Uuid};
use ottla::log::background::Background;
use ottla::log::config::LogConfig;
use ottla::log::health::DirHealth;
use ottla::log::loader::OpenOptions;
use ottla::log::log::{AppendOrigin, Log};
use ottla::log::read_info::ReadUpTo;
use ottla::record::builder::BatchBuilder;
use ottla::record::compression::Compression;

const NOW: Millis = Millis(1_700_000_000_000);
/// Bytes written per case: enough to average over, little enough to stay in memory.
const BYTES: usize = 400 << 20;

fn main() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory for the log");
    println!("{:<34}{:>14}{:>14}{:>14}", "batch", "append ns", "append s/GB", "read ns");
    for (name, value_len, records) in
        [("1 x 100 B", 100, 1), ("150 x 100 B", 100, 150), ("62 x 1 KiB", 1024, 62), ("1000 x 1 KiB", 1024, 1000)]
    {
        let directory = directory.path().join(name.replace(' ', ""));
        std::fs::create_dir_all(&directory).expect("a directory for the case");
        one(name, &batch(value_len, records), &directory);
    }
}

fn batch(value_len: usize, records: usize) -> Bytes {
    let mut builder = BatchBuilder::new();
    let value = vec![b'v'; value_len];
    (0..records).for_each(|_| {
        builder.append(NOW, None, Some(&value), &[]);
    });
    builder.build(Offset(0), LeaderEpoch::NONE, Compression::None).expect("an uncompressed batch can be built")
}

fn one(name: &str, batch: &Bytes, directory: &std::path::Path) {
    let options = OpenOptions {
        name: TopicPartition::new("bench", PartitionIndex(0)),
        topic_id: Uuid([7; 16]),
        dir: directory.to_path_buf(),
        config: LogConfig::default(),
        recovery_point: Offset(0),
        log_start: Offset(0),
        clean: true,
        health: DirHealth::new(directory.to_path_buf()),
        background: Arc::new(Background::start().expect("a background thread")),
    };
    let log = Log::open(options, NOW).expect("an empty log opens");
    let calls = (BYTES / batch.len()).min(1_000_000);
    let begun = Instant::now();
    for _ in 0..calls {
        let info = log.append_as_leader(batch.clone(), LeaderEpoch(0), AppendOrigin::Client, NOW);
        log.update_high_watermark(info.expect("an append succeeds").end());
    }
    let append = begun.elapsed().as_nanos() as f64 / calls as f64;
    let end = log.log_end_offset().0;
    let reads = 200_000;
    let begun = Instant::now();
    for index in 0..reads {
        let from = Offset(index * 7919 % end);
        let read = log.read(from, 1 << 20, ReadUpTo::HighWatermark, true).expect("a read succeeds");
        std::hint::black_box(read.records.len());
    }
    let read = begun.elapsed().as_nanos() as f64 / reads as f64;
    let seconds_per_gb = append / batch.len() as f64;
    println!("{name:<34}{append:>14.0}{seconds_per_gb:>14.3}{read:>14.0}");
}
