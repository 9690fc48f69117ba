//! Bytes as every small file of a log: indexes, snapshot, checkpoints. None may panic; the first byte chooses.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use ottla::base::ids::{Millis, Offset};
use ottla::log::index::offset_index::OffsetIndex;
use ottla::log::index::time_index::TimeIndex;
use ottla::log::index::transaction_index::TransactionIndex;
use ottla::log::leader_epoch::LeaderEpochCache;
use ottla::log::{checkpoint, dir, partition_metadata, producer_snapshot};

fuzz_target!(|data: &[u8]| {
    let Some((which, content)) = data.split_first() else { return };
    if *which == 0 {
        if let Ok(state) = producer_snapshot::decode(content) {
            let again = producer_snapshot::decode(&producer_snapshot::encode(&state)).expect("encoded");
            assert_eq!(again.len(), state.len());
        }
        return;
    }
    let temp = tempfile::tempdir().expect("a directory");
    let file = |name: &str| {
        let path = temp.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    };
    look(*which, temp.path(), file);
});

fn look(which: u8, dir: &Path, file: impl Fn(&str) -> std::path::PathBuf) {
    let base = Offset(7);
    match which % 7 {
        1 => {
            let index = OffsetIndex::on_disk(file("00000000000000000007.index"), base);
            let _ = (index.lookup(Offset(1000)), index.is_sane(1 << 20), index.last_position());
        }
        2 => {
            let index = TimeIndex::on_disk(file("00000000000000000007.timeindex"), base);
            let _ = (index.last(), index.is_sane());
            index.truncate_to(Offset(100));
            index.maybe_push(Millis(5), Offset(101));
        }
        3 => {
            if let Some(index) = TransactionIndex::load(file("00000000000000000007.txnindex")) {
                let _ = index.overlapping(Offset(0), Offset(100), &mut Vec::new());
            }
        }
        4 => {
            if let Ok((cache, _)) = LeaderEpochCache::load(file(ottla::log::leader_epoch::FILE_NAME)) {
                cache.truncate_start(Offset(10));
                cache.truncate_end(Offset(100));
            }
        }
        5 => drop(checkpoint::read_offsets(&file(checkpoint::RECOVERY_POINTS))),
        6 => {
            file("partition.metadata");
            drop(partition_metadata::read(dir));
        }
        _ => {
            file("meta.properties");
            drop(dir::read_meta(dir));
        }
    }
}
