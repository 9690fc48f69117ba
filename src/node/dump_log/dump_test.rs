//! What the dump says of a log, sound and damaged.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::base::ids::{
    LeaderEpoch, Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicPartition, Uuid,
};
use crate::log::background::Background;
use crate::log::config::LogConfig;
use crate::log::health::DirHealth;
use crate::log::loader::OpenOptions;
use crate::log::log::{AppendOrigin, Log};
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;

const NOW: Millis = Millis(1_700_000_000_000);

fn fill(dir: &Path) {
    let background = Arc::new(Background::start().unwrap());
    let options = OpenOptions {
        name: TopicPartition::new("t", PartitionIndex(0)),
        topic_id: Uuid([7; 16]),
        dir: dir.to_path_buf(),
        config: LogConfig { segment_bytes: 6000, index_interval_bytes: 200, ..LogConfig::default() },
        recovery_point: Offset(0),
        log_start: Offset(0),
        clean: true,
        health: DirHealth::new(dir.to_path_buf()),
        background: background.clone(),
    };
    let log = Log::open(options, NOW).unwrap();
    for i in 0..60 {
        let mut builder = BatchBuilder::new().producer(ProducerId(5), ProducerEpoch(0), Sequence(2 * i));
        builder.append(NOW.plus(Millis(i64::from(i))), Some(b"key"), Some(b"value one"), &[(b"h", None)]);
        builder.append(NOW, None, Some(&[b'x'; 90]), &[]);
        let codec = Compression::ALL[(i % 5) as usize];
        let batch = builder.build(Offset(0), LeaderEpoch::NONE, codec).unwrap();
        log.append_as_leader(batch, LeaderEpoch(0), AppendOrigin::Client, NOW).unwrap();
    }
    log.close().unwrap();
    background.finish();
}

fn dumped(dir: &Path, options: DumpOptions) -> (String, u64) {
    let mut out = Vec::new();
    let options = DumpOptions { paths: vec![dir.to_path_buf()], batch_bytes_max: 1 << 20, ..options };
    let problems = run(&options, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), problems)
}

#[test]
fn a_sound_log_has_no_problems() {
    let temp = tempfile::tempdir().unwrap();
    fill(temp.path());
    let (text, problems) = dumped(temp.path(), DumpOptions { data: true, ..DumpOptions::default() });
    assert_eq!(problems, 0, "{text}");
    assert!(text.contains("baseOffset: 0 lastOffset: 1 count: 2 baseSequence: 0 lastSequence: 1 producerId: 5"));
    assert!(text.contains("| offset: 118 CreateTime: 1700000000059 keySize: 3 valueSize: 9 sequence: 118 headerKeys: [h] key: key payload: value one"));
    assert_eq!(text.matches("isvalid: true").count(), 60);
    assert!(text.contains("producerId: 5 producerEpoch: 0 coordinatorEpoch: -1 currentTxnFirstOffset: None"));
    let (json, problems) = dumped(temp.path(), DumpOptions { deep: true, json: true, ..DumpOptions::default() });
    assert_eq!(problems, 0);
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|l| l["kind"] == "record").count(), 120);
}

#[test]
fn damage_is_counted_and_shown() {
    let temp = tempfile::tempdir().unwrap();
    fill(temp.path());
    let log = temp.path().join("00000000000000000000.log");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[100] ^= 1;
    bytes.truncate(bytes.len() - 3);
    std::fs::write(&log, &bytes).unwrap();
    let index = temp.path().join("00000000000000000000.index");
    let mut bytes = std::fs::read(&index).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&index, &bytes).unwrap();
    let (text, problems) = dumped(temp.path(), DumpOptions::default());
    assert!(problems >= 3, "{text}");
    assert!(text.contains("isvalid: false") && text.contains("bytes before the end"));
}
