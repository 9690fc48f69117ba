//! What a producer may send next.

use super::*;
use crate::base::ids::LeaderEpoch;
use crate::record::batch::{CONTROL, TRANSACTIONAL};

fn batch(epoch: i16, sequence: i32, count: i32, offset: i64) -> BatchHeader {
    BatchHeader {
        base_offset: Offset(offset),
        length: 0,
        leader_epoch: LeaderEpoch(0),
        crc: 0,
        attributes: 0,
        last_offset_delta: count - 1,
        base_timestamp: Millis(1),
        max_timestamp: Millis(1),
        producer_id: ProducerId(9),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        record_count: count,
    }
}

fn after(batches: &[BatchHeader]) -> ProducerState {
    let mut state = ProducerState::default();
    for b in batches {
        assert_eq!(state.check(b, Word::NotNeeded).unwrap(), Verdict::Append);
        state.update(b, Millis(1));
    }
    state
}

#[test]
fn a_batch_sent_again_is_answered_with_its_offset() {
    let sent: Vec<_> = (0..5).map(|i| batch(0, i * 10, 10, i64::from(i) * 10)).collect();
    let state = after(&sent);
    for b in &sent {
        match state.check(b, Word::NotNeeded).unwrap() {
            Verdict::Duplicate(before) => assert_eq!(before.first_offset(), b.base_offset),
            Verdict::Append => panic!("appended twice"),
        }
    }
    let state = after(&(0..6).map(|i| batch(0, i * 10, 10, i64::from(i) * 10)).collect::<Vec<_>>());
    assert!(
        matches!(state.check(&sent[0], Word::NotNeeded), Err(AppendError::OutOfOrderSequence { .. })),
        "older than five batches"
    );
}

#[test]
fn gaps_are_refused_and_sequences_wrap() {
    let state = after(&[batch(0, 0, 10, 0)]);
    assert!(matches!(state.check(&batch(0, 11, 1, 10), Word::NotNeeded), Err(AppendError::OutOfOrderSequence { .. })));
    assert_eq!(state.check(&batch(0, 10, 1, 10), Word::NotNeeded).unwrap(), Verdict::Append);
    let state = after(&[batch(0, i32::MAX - 1, 4, 0)]);
    assert_eq!(state.check(&batch(0, 2, 1, 4), Word::NotNeeded).unwrap(), Verdict::Append);
    assert!(
        matches!(state.check(&batch(0, i32::MAX - 1, 4, 4), Word::NotNeeded).unwrap(), Verdict::Duplicate(b) if b.first_offset() == Offset(0))
    );
}

#[test]
fn an_older_epoch_is_fenced_and_a_newer_one_starts_over() {
    let state = after(&[batch(3, 0, 10, 0)]);
    assert!(matches!(state.check(&batch(2, 10, 1, 10), Word::NotNeeded), Err(AppendError::ProducerFenced { .. })));
    assert!(matches!(state.check(&batch(4, 10, 1, 10), Word::NotNeeded), Err(AppendError::OutOfOrderSequence { .. })));
    assert_eq!(state.check(&batch(4, 0, 1, 10), Word::NotNeeded).unwrap(), Verdict::Append);
}

#[test]
fn an_open_transaction_bounds_what_is_stable_until_its_marker() {
    let mut first = batch(0, 0, 2, 5);
    first.attributes = TRANSACTIONAL;
    let mut state = after(&[first]);
    assert_eq!(state.first_unstable(), Some(Offset(5)));
    let mut marker = batch(0, -1, 1, 7);
    marker.attributes = TRANSACTIONAL | CONTROL;
    assert_eq!(state.end_transaction(&marker, 2, Millis(1)), Some(Offset(5)));
    assert_eq!(state.first_unstable(), None);
    state.expire(Millis(1_000_000), Millis(10));
    assert!(state.is_empty());
}

#[test]
fn a_transactions_first_records_need_the_coordinators_word() {
    let mut first = batch(0, 0, 2, 5);
    first.attributes = TRANSACTIONAL;
    let mut state = ProducerState::default();
    let asked = FirstBatch {
        producer_id: first.producer_id,
        epoch: first.producer_epoch,
        sequence: first.base_sequence,
        bumps_epoch: false,
    };
    assert!(matches!(state.check(&first, Word::Needed(None)), Err(AppendError::TransactionState(_))));
    let guard = state.begin_verification(asked, Millis(1));
    assert_eq!(state.check(&first, Word::Needed(guard)).unwrap(), Verdict::Append);
    // The transaction ends before the append: it comes too late.
    let mut marker = batch(0, -1, 1, 5);
    marker.attributes = TRANSACTIONAL | CONTROL;
    state.end_transaction(&marker, 0, Millis(1));
    assert!(matches!(state.check(&first, Word::Needed(guard)), Err(AppendError::TransactionState(_))));
    let guard = state.begin_verification(asked, Millis(1));
    assert_eq!(state.check(&first, Word::Needed(guard)).unwrap(), Verdict::Append);
    state.update(&first, Millis(1));
    assert_eq!(state.begin_verification(asked, Millis(1)), None, "it is open here");
    assert!(matches!(state.check(&batch(0, 2, 1, 7), Word::NotNeeded), Err(AppendError::TransactionState(_))));
}

#[test]
fn a_marker_that_bumps_the_epoch_ends_only_what_is_older() {
    let mut first = batch(3, 0, 2, 5);
    first.attributes = TRANSACTIONAL;
    let mut state = after(&[first]);
    let marker = |epoch| {
        let mut marker = batch(epoch, -1, 1, 7);
        marker.attributes = TRANSACTIONAL | CONTROL;
        marker
    };
    assert!(matches!(state.check_marker(&marker(3), 0, true), Err(AppendError::ProducerFenced { .. })));
    assert!(state.check_marker(&marker(3), 0, false).is_ok());
    assert!(state.check_marker(&marker(4), 0, true).is_ok());
    state.end_transaction(&marker(4), 2, Millis(1));
    assert!(state.check_marker(&marker(4), 2, true).is_ok(), "the marker again");
    assert!(matches!(state.check_marker(&marker(4), 1, true), Err(AppendError::CoordinatorFenced { .. })));
    assert!(matches!(state.check(&batch(4, 1, 1, 8), Word::NotNeeded), Err(AppendError::OutOfOrderSequence { .. })));
    assert_eq!(state.check(&batch(4, 0, 1, 8), Word::NotNeeded).unwrap(), Verdict::Append);
}

fn of(id: i64, at: i64) -> BatchHeader {
    let mut one = batch(0, 0, 1, id);
    (one.producer_id, one.base_timestamp, one.max_timestamp) = (ProducerId(id), Millis(at), Millis(at));
    one
}

#[test]
fn a_partition_forgets_those_silent_for_longest_before_it_remembers_too_many() {
    let mut state = ProducerState::default();
    let count = PRODUCERS_PER_PARTITION_MAX as i64 + 1000;
    let mut open = of(0, 0);
    open.attributes = TRANSACTIONAL;
    state.update(&open, Millis(0));
    for id in 1..count {
        state.update(&of(id, id), Millis(0));
    }
    assert!(state.len() <= PRODUCERS_PER_PARTITION_MAX);
    let newest = |id| state.check(&of(id, id), Word::NotNeeded).unwrap();
    assert!(matches!(newest(count - 1), Verdict::Duplicate(_)), "who was heard last is known");
    assert_eq!(newest(1), Verdict::Append, "who was silent for longest is not");
    assert_eq!(state.first_unstable(), Some(Offset(0)), "an open transaction is never forgotten");
    state.forget_until(Millis(count));
    assert_eq!(state.len(), 1);
    assert!(state.producers.capacity() < 1000, "their room is given back");
}

#[test]
fn a_stamp_that_lies_ahead_keeps_no_producer_for_ever() {
    let mut state = ProducerState::default();
    state.update(&of(1, i64::MAX / 2), Millis(5));
    state.expire(Millis(10), Millis(100));
    assert_eq!(state.len(), 1);
    state.expire(Millis(109), Millis(100));
    assert_eq!(state.len(), 1);
    state.expire(Millis(110), Millis(100));
    assert!(state.is_empty());
}
