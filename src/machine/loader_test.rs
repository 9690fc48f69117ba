//! Loading from a real log on disk: every kind of batch, in pieces, and what must stop it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::*;
use crate::base::ids::{
    LeaderEpoch, Millis, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicPartition, Uuid,
};
use crate::log::background::Background;
use crate::log::config::LogConfig;
use crate::log::health::DirHealth;
use crate::log::loader::OpenOptions;
use crate::log::log::AppendOrigin;
use crate::machine::codec::{EncodeError, Encoded};
use crate::machine::outcome::Outcome;
use crate::record::batch::{CONTROL, TRANSACTIONAL};
use crate::record::builder::BatchBuilder;
use crate::record::control::end_txn_value;

/// Writes down what it is told. A record is its value; values that begin with `?` are of an unknown kind, `!` cannot be read.
#[derive(Default)]
struct Scribe(Vec<String>);

#[derive(Clone, Debug)]
struct Line(String);

impl LogRecord for Line {
    fn encode(&self) -> Result<Encoded, EncodeError> {
        Err(EncodeError::Soft)
    }
    fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Option<Self>, DecodeError> {
        key.ok_or(DecodeError::NoKey)?;
        match value.map(String::from_utf8_lossy) {
            Some(value) if value.starts_with('?') => Ok(None),
            Some(value) if value.starts_with('!') => Err(DecodeError::Version { what: "Line", version: 9 }),
            value => Ok(Some(Self(value.unwrap_or_default().chars().take(8).collect()))),
        }
    }
}

impl Machine for Scribe {
    type Record = Line;
    type Effect = ();
    type Timer = ();
    fn replay(&mut self, at: ReplayAt, record: &Line) {
        let who = match at.writer {
            Writer::Machine => String::new(),
            Writer::Transaction(id, epoch) => format!(" by {id}/{epoch}"),
        };
        self.0.push(format!("{} e{} {}{who}", at.offset, at.epoch, record.0));
    }
    fn end_transaction(&mut self, at: Offset, end: TransactionEnd) {
        let TransactionEnd { producer_id, producer_epoch, result, .. } = end;
        self.0.push(format!("{at} {result:?} of {producer_id}/{producer_epoch}"));
    }
    fn on_timer(&self, _: Millis, (): &()) -> Outcome<Self, ()> {
        Outcome::reply(())
    }
}

fn log(dir: &Path) -> Arc<Log> {
    let options = OpenOptions {
        name: TopicPartition::new("__t", PartitionIndex(0)),
        topic_id: Uuid([7; 16]),
        dir: dir.to_path_buf(),
        config: LogConfig { segment_bytes: 3_000_000, max_message_bytes: 2_500_000, ..LogConfig::default() },
        recovery_point: Offset(0),
        log_start: Offset(0),
        clean: true,
        health: DirHealth::new(dir.to_path_buf()),
        background: Arc::new(Background::start().unwrap()),
    };
    Log::open(options, Millis(0)).unwrap()
}

fn append(log: &Log, builder: BatchBuilder, values: &[&str], codec: Compression) {
    let mut builder = builder;
    for value in values {
        builder.append(Millis(5), Some(b"k"), Some(value.as_bytes()), &[]);
    }
    put(log, builder.build(Offset(0), LeaderEpoch(3), codec).unwrap());
}

fn put(log: &Log, batch: Bytes) {
    log.append_as_leader(batch, LeaderEpoch(3), AppendOrigin::Coordinator, Millis(5)).unwrap();
}

fn transactional() -> BatchBuilder {
    BatchBuilder::new().producer(ProducerId(7), ProducerEpoch(1), Sequence::NONE).flags(TRANSACTIONAL)
}

fn marker(log: &Log, kind: ControlType) {
    let mut builder = transactional().flags(CONTROL);
    builder.append(Millis(5), Some(&kind.key()), Some(&end_txn_value(0)), &[]);
    put(log, builder.build(Offset(0), LeaderEpoch(3), Compression::None).unwrap());
}

#[test]
fn every_kind_of_batch_is_replayed_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    append(&log, BatchBuilder::new(), &["a", "?skipped", "b"], Compression::None);
    append(&log, transactional(), &["c"], Compression::Zstd);
    marker(&log, ControlType::Commit);
    // Larger than a piece, and more than one segment.
    let large = "x".repeat(2 * SHARD_LOAD_BYTES);
    append(&log, BatchBuilder::new(), &[&large], Compression::None);
    append(&log, transactional(), &["d"], Compression::None);
    marker(&log, ControlType::Abort);
    append(&log, BatchBuilder::new(), &[&large, "e"], Compression::Lz4);

    let mut scribe = Scribe::default();
    let loaded = load(&log, &mut scribe, &|| true).unwrap();
    assert_eq!((loaded.records, loaded.skipped), (7, 1));
    let expected = [
        "0 e3 a",
        "2 e3 b",
        "3 e3 c by 7/1",
        "4 Commit of 7/1",
        "5 e3 xxxxxxxx",
        "6 e3 d by 7/1",
        "7 Abort of 7/1",
        "8 e3 xxxxxxxx",
        "9 e3 e",
    ];
    assert_eq!(scribe.0, expected);
}

#[test]
fn what_cannot_be_understood_stops_it_and_so_does_whoever_gives_up() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    append(&log, BatchBuilder::new(), &["a", "!", "b"], Compression::None);
    let stopped = load(&log, &mut Scribe::default(), &|| true);
    assert!(matches!(stopped, Err(LoadError::Decode { at: Offset(1), .. })), "{stopped:?}");

    let asked = AtomicUsize::new(0);
    let given_up = load(&log, &mut Scribe::default(), &|| asked.fetch_add(1, Ordering::SeqCst) > 5);
    assert!(matches!(given_up, Err(LoadError::GivenUp)), "{given_up:?}");
}
