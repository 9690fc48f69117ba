//! Bytes as what a crash left of a segment: a good log, of which the input replaces a part. Opening must not panic, must not
//! lose a batch before the first damage, and what it serves must be whole.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use ottla::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, TopicPartition, Uuid};
use ottla::log::background::Background;
use ottla::log::config::LogConfig;
use ottla::log::health::DirHealth;
use ottla::log::loader::OpenOptions;
use ottla::log::log::Log;
use ottla::log::read_info::ReadUpTo;
use ottla::record::batch::batches;
use ottla::record::builder::BatchBuilder;
use ottla::record::compression::Compression;

const NOW: Millis = Millis(1_700_000_000_000);
static BACKGROUND: LazyLock<Arc<Background>> = LazyLock::new(|| Arc::new(Background::start().expect("a thread")));
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let batch = |i: i64| {
        let mut builder = BatchBuilder::new();
        builder.append(NOW, Some(b"k"), Some(&vec![i as u8; 40 + 30 * i as usize]), &[]);
        builder.build(Offset(i), LeaderEpoch(0), Compression::None).expect("built")
    };
    (0..8).flat_map(batch).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((place, damage)) = data.split_first_chunk::<2>() else { return };
    let at = usize::from(u16::from_le_bytes(*place)) % (GOOD.len() + 1);
    let mut content = GOOD[..at].to_vec();
    content.extend_from_slice(damage);
    // Half of the inputs leave what lies behind the damage in place.
    if damage.first().is_some_and(|b| b & 1 == 1) {
        content.extend_from_slice(&GOOD[content.len().min(GOOD.len())..]);
    }
    let temp = tempfile::tempdir().expect("a directory");
    std::fs::write(temp.path().join("00000000000000000000.log"), &content).expect("a file");
    let same = content.iter().zip(GOOD.iter()).take_while(|(a, b)| a == b).count();
    let untouched = batches(&GOOD[..same]).filter(|b| b.is_ok()).count() as i64;
    let options = OpenOptions {
        name: TopicPartition::new("t", PartitionIndex(0)),
        topic_id: Uuid([7; 16]),
        dir: temp.path().to_path_buf(),
        config: LogConfig::default(),
        recovery_point: Offset(0),
        log_start: Offset(0),
        clean: false,
        health: DirHealth::new(temp.path().to_path_buf()),
        background: BACKGROUND.clone(),
    };
    let Ok(log) = Log::open(options, NOW) else { return };
    let end = log.log_end_offset();
    assert!(end.0 >= untouched, "{end} of {untouched}");
    let mut next = Offset(0);
    while next < end {
        let read = log.read(next, 1 << 20, ReadUpTo::LogEnd, true).expect("readable");
        let bytes = read.records.to_bytes().expect("readable");
        let before = next;
        for view in batches(&bytes).map_while(Result::ok) {
            view.verify_crc().expect("whole");
            assert!(view.header.base_offset >= next);
            next = view.header.next_offset();
        }
        assert!(next > before, "stuck at {next} before {end}");
    }
});
