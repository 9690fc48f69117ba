//! The main stories of committed offsets: as a transcript, and rule by rule.

use super::bench_test::{Bench, CHECK, RETENTION, id_of, known, simple, topic};
use super::commit::{CommitTopic, OffsetCommit};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Uuid};
use crate::machine::machine::TransactionResult;

#[test]
fn a_group_without_members_as_it_is_told() {
    let mut bench = Bench::new();
    bench.commit("g", vec![topic("t", &[(0, 10), (1, 20)])]).unwrap();
    bench.now = Millis(1000);
    bench.txn_commit("g", 7, vec![topic("t", &[(0, 11)])]).unwrap();
    assert_eq!(bench.fetch("g", true), ["t-0 UNSTABLE_OFFSET_COMMIT", "t-1 20"]);
    assert_eq!(bench.fetch("g", false), ["t-0 10", "t-1 20"]);
    bench.end(7, TransactionResult::Commit);
    assert_eq!(bench.fetch("g", true), ["t-0 11", "t-1 20"]);
    bench.delete("g", "t", &[1, 5]).unwrap();
    bench.delete_group("g").unwrap();
    assert_eq!(bench.fetch("g", true), [""; 0]);
    assert_eq!(bench.transcript.as_str(), include_str!("story_simple_group.txt"));
    assert_eq!(known(&bench.loaded()), known(bench.machine()));
}

#[test]
fn who_is_not_known_is_refused() {
    let mut bench = Bench::new();
    let member = |api_version| OffsetCommit { generation: 1, api_version, ..simple("g", vec![topic("t", &[(0, 1)])]) };
    assert_eq!(bench.commit_as("", &member(9)).unwrap_err(), ErrorCode::GroupIdNotFound);
    assert_eq!(bench.commit_as("", &member(8)).unwrap_err(), ErrorCode::IllegalGeneration);
    assert_eq!(bench.delete("g", "t", &[0]).unwrap_err(), ErrorCode::GroupIdNotFound);
    assert_eq!(bench.delete_group("g").unwrap_err(), ErrorCode::GroupIdNotFound);
    assert_eq!(bench.fetch("g", true), [""; 0], "a group that there is not has committed nothing");
}

#[test]
fn a_note_that_is_too_long_is_refused_alone() {
    let mut bench = Bench::new();
    let mut topic = topic("t", &[(0, 1), (1, 2), (2, 3)]);
    topic.partitions[1].metadata = "x".repeat(4097).into();
    // Kafka counts a letter, not its bytes.
    topic.partitions[2].metadata = "ü".repeat(4096).into();
    let codes = bench.commit("g", vec![topic]).unwrap();
    assert_eq!(codes, [[ErrorCode::None, ErrorCode::OffsetMetadataTooLarge, ErrorCode::None]]);
    assert_eq!(bench.fetch("g", true), ["t-0 1", "t-2 3"]);
}

#[test]
fn offsets_of_an_earlier_topic_of_the_same_name_are_not_told() {
    let mut bench = Bench::new();
    let anew = CommitTopic { id: Uuid([9; 16]), ..topic("t", &[(1, 2)]) };
    bench.commit("g", vec![topic("t", &[(0, 1)]), anew]).unwrap();
    assert_eq!(bench.fetch_one("g", "t", Uuid([9; 16]), 0), "t-0 -1");
    assert_eq!(bench.fetch_one("g", "t", Uuid([9; 16]), 1), "t-1 2");
    assert_eq!(bench.fetch_one("g", "t", id_of("t"), 0), "t-0 1");
    assert_eq!(bench.fetch_one("g", "t", Uuid::ZERO, 0), "t-0 1", "whoever does not say which");
}

#[test]
fn of_two_commits_the_later_counts_whenever_the_transaction_ends() {
    let mut bench = Bench::new();
    bench.txn_commit("g", 7, vec![topic("t", &[(0, 11)])]).unwrap();
    bench.commit("g", vec![topic("t", &[(0, 12)])]).unwrap();
    bench.txn_commit("g", 8, vec![topic("t", &[(0, 13)])]).unwrap();
    bench.end(7, TransactionResult::Commit);
    assert_eq!(bench.fetch("g", false), ["t-0 12"]);
    assert_eq!(bench.fetch("g", true), ["t-0 UNSTABLE_OFFSET_COMMIT"]);
    bench.end(8, TransactionResult::Abort);
    assert_eq!(bench.fetch("g", true), ["t-0 12"]);
    assert_eq!(known(&bench.loaded()), known(bench.machine()));
}

#[test]
fn offsets_that_nobody_needs_go_and_the_group_with_the_last_of_them() {
    let mut bench = Bench::new();
    bench.commit("old", vec![topic("t", &[(0, 1)])]).unwrap();
    let own = OffsetCommit { retention: Some(Millis(5 * CHECK)), ..simple("own", vec![topic("t", &[(0, 1)])]) };
    bench.commit_as("", &own).unwrap();
    bench.sleep(RETENTION / 2);
    assert_eq!(bench.fetch("own", true), [""; 0]);
    bench.commit("young", vec![topic("t", &[(0, 1)])]).unwrap();
    bench.txn_commit("old", 7, vec![topic("u", &[(0, 1)])]).unwrap();
    bench.sleep(RETENTION / 2 + CHECK);
    assert_eq!(bench.fetch("old", false), [""; 0]);
    assert_eq!(bench.fetch("young", true), ["t-0 1"]);
    assert!(bench.machine().groups().contains_key("old"), "a transaction may still commit something");
    bench.end(7, TransactionResult::Abort);
    bench.sleep(CHECK);
    assert_eq!(bench.machine().groups().keys().map(|id| &**id).collect::<Vec<_>>(), ["young"]);
    assert_eq!(known(&bench.loaded()), known(bench.machine()));
}

#[test]
fn more_than_fits_one_batch_goes_in_several() {
    let mut bench = Bench::new();
    let many: Vec<(i32, i64)> = (0..5000).map(|index| (index, 1)).collect();
    for group in ["a", "b"] {
        bench.commit(group, vec![topic("t", &many), topic("u", &[(0, 1)])]).unwrap();
    }
    bench.delete_topic("t");
    bench.sleep(0);
    assert_eq!((bench.fetch("a", true), bench.fetch("b", true)), (vec!["u-0 1".into()], vec!["u-0 1".into()]));
    bench.commit("a", vec![topic("v", &many)]).unwrap();
    bench.sleep(RETENTION + CHECK);
    assert!(bench.machine().offsets().is_empty() && bench.machine().groups().is_empty());
    assert_eq!(known(&bench.loaded()), known(bench.machine()));
}
