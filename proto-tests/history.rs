//! The checker of histories finds every anomaly that is planted in a history that was recorded and is otherwise clean.
//!
//! `history/clean.jsonl` was recorded by the programs of `clients/python/history.py`: two transactional writers, a consumer that
//! follows them, a loop that consumes one topic and produces to another, and readers of both to the end.

#[path = "history/mod.rs"]
mod history;

use std::collections::BTreeSet;

use history::event::{Event, Line, parse};
use history::index::{Fate, Index};
use history::{Counts, Kind, check, kinds};

fn clean() -> Vec<Line> {
    parse(include_str!("history/clean.jsonl"))
}

/// Changes a clean history, and tells what is wrong then.
#[track_caller]
fn planted(plant: impl FnOnce(&mut Vec<Line>), wanted: &[Kind]) {
    let mut lines = clean();
    plant(&mut lines);
    let found = check(&lines);
    let wanted: BTreeSet<Kind> = wanted.iter().copied().collect();
    let shown: Vec<String> = found.iter().take(8).map(ToString::to_string).collect();
    assert_eq!(kinds(&found), wanted, "{}", shown.join("\n"));
}

/// A value, its partition, its offset and its transaction.
#[derive(Debug, Clone, PartialEq)]
struct Written {
    value: i64,
    partition: String,
    offset: i64,
    txn: i64,
}

/// What was written with this fate, in the order of the values.
fn written(lines: &[Line], fate: Fate) -> Vec<Written> {
    let index = Index::of(lines);
    let of = index.sent.iter().filter(|(_, sent)| index.fate(sent) == fate);
    of.filter_map(|(value, sent)| {
        let (partition, offset, txn) = (sent.partition.to_string(), sent.offset?, sent.txn?);
        Some(Written { value: *value, partition, offset, txn })
    })
    .collect()
}

/// Changes the records of each poll.
fn each_poll(lines: &mut [Line], mut change: impl FnMut(&str, &mut Vec<(String, i64, i64)>)) {
    for line in lines {
        if let Event::Poll { records, .. } = &mut line.event {
            change(&line.p, records);
        }
    }
}

/// A record that lies in the middle of its partition, and that nobody's transaction has read.
fn middle(lines: &[Line]) -> Written {
    let all = written(lines, Fate::Durable);
    all[all.len() / 2].clone()
}

fn unread(lines: &mut [Line], values: &[i64]) {
    each_poll(lines, |_, records| records.retain(|(_, _, value)| !values.contains(value)));
}

#[test]
fn a_clean_history_is_clean_and_not_empty() {
    let lines = clean();
    planted(|_| {}, &[]);
    let counts = Counts::of(&lines);
    assert!(counts.committed >= 20 && counts.aborted >= 10 && counts.read >= 200, "{counts:?}");
    assert!(lines.iter().any(|line| matches!(&line.event, Event::Poll { txn: Some(_), .. })));
}

#[test]
fn lines_come_back_from_their_text() {
    let lines = clean();
    let text: String = lines.iter().map(|line| serde_json::to_string(line).expect("a line") + "\n").collect();
    assert_eq!(parse(&text), lines);
    // The last line of a client that was killed while writing it.
    assert_eq!(parse(&format!("{text}{{\"t\":1,\"p\":\"x")), lines);
}

#[test]
fn an_aborted_read_is_found() {
    planted(
        |lines| {
            let aborted = written(lines, Fate::Never).swap_remove(0);
            let next = aborted.offset;
            each_poll(lines, |_, records| {
                let at = records.iter().position(|(p, offset, _)| *p == aborted.partition && *offset > next);
                if let Some(at) = at.filter(|_| records.iter().all(|(p, o, _)| *p != aborted.partition || *o != next)) {
                    let behind = records[..at].iter().rposition(|(p, _, _)| *p == aborted.partition);
                    if behind.is_some_and(|behind| records[behind].1 < next) || next == 0 {
                        records.insert(at, (aborted.partition.clone(), next, aborted.value));
                    }
                }
            });
        },
        &[Kind::AbortedRead],
    );
}

#[test]
fn a_refused_write_that_is_read_is_found() {
    planted(
        |lines| {
            let value = middle(lines).value;
            let line = lines.iter_mut().find(|l| matches!(l.event, Event::Acked { value: v, .. } if v == value));
            line.expect("it was acknowledged").event = Event::Refused { value };
        },
        &[Kind::AbortedRead],
    );
}

#[test]
fn a_read_before_the_commit_is_asked_for_is_found() {
    planted(
        |lines| {
            let txn = middle(lines).txn;
            // Both lines of the commit come at the very end.
            let is_end =
                |line: &Line| matches!(line.event, Event::Commit { txn: t } | Event::Committed { txn: t } if t == txn);
            let ends: Vec<Line> = lines.iter().filter(|line| is_end(line)).cloned().collect();
            lines.retain(|line| !is_end(line));
            lines.extend(ends);
        },
        &[Kind::EarlyRead],
    );
}

#[test]
fn a_lost_write_is_found() {
    planted(
        |lines| {
            // A whole transaction, so that nothing is torn; readers did not come by it.
            let txn = middle(lines).txn;
            let values: Vec<i64> =
                written(lines, Fate::Durable).iter().filter(|w| w.txn == txn).map(|w| w.value).collect();
            unread(lines, &values);
        },
        // Whoever reads on behind it leaves it out.
        &[Kind::LostWrite, Kind::PollSkip],
    );
}

#[test]
fn what_nobody_sees_in_the_end_is_found() {
    planted(
        |lines| {
            // The last transaction of the loop, which alone writes to its partitions: nobody reads behind it.
            let loops = written(lines, Fate::Durable).into_iter().filter(|w| w.partition.starts_with("invoices"));
            let loops: Vec<Written> = loops.collect();
            let last = loops.iter().map(|w| w.txn).max().expect("one");
            let values: Vec<i64> = loops.iter().filter(|w| w.txn == last).map(|w| w.value).collect();
            unread(lines, &values);
        },
        &[Kind::Unseen],
    );
}

#[test]
fn a_duplicate_is_found() {
    planted(
        |lines| {
            let one = middle(lines);
            // The reader that drains reads it again behind everything.
            let index = Index::of(lines);
            let end = index.highest[one.partition.as_str()] + 1;
            let at = index.drained[one.partition.as_str()];
            let (t, p) = (lines[at].t, lines[at].p.clone());
            let event = Event::Poll { records: vec![(one.partition, end, one.value)], txn: None };
            lines.insert(at, Line { t, p, event });
        },
        &[Kind::Duplicate],
    );
}

#[test]
fn two_values_at_one_offset_are_found() {
    planted(
        |lines| {
            // What was acknowledged with an offset of its own gets another's: that value lies at two places as well.
            let all = written(lines, Fate::Durable);
            let one = middle(lines);
            let other = all.iter().find(|w| w.partition == one.partition && w.value != one.value).expect("another");
            let line = lines.iter_mut().find(|l| matches!(l.event, Event::Acked { value, .. } if value == one.value));
            line.expect("its line").event = Event::Acked { value: one.value, offset: Some(other.offset) };
        },
        &[Kind::TwoValues, Kind::Duplicate],
    );
}

#[test]
fn a_value_that_nobody_sent_there_is_found() {
    planted(
        |lines| {
            let one = middle(lines);
            let line = lines.iter_mut().find(|l| matches!(l.event, Event::Send { value, .. } if value == one.value));
            let partition = "elsewhere-0".to_string();
            line.expect("its line").event = Event::Send { value: one.value, at: partition.clone(), txn: Some(one.txn) };
            let last = lines.len() - 1;
            let (t, p) = (lines[last].t, lines[last].p.clone());
            lines.push(Line { t, p, event: Event::Drained { at: vec![partition] } });
        },
        // The acknowledgement counts for the place it was sent to, the readers tell of another.
        &[Kind::Duplicate, Kind::Phantom],
    );
}

#[test]
fn a_torn_transaction_is_found() {
    planted(
        |lines| {
            let one = middle(lines);
            let event = |e: &Event| matches!(e, Event::Committed { txn } if *txn == one.txn);
            // Of a transaction whose end is not known, one record is there in the end and the others are not.
            lines.retain(|line| !event(&line.event));
            let values: Vec<i64> = values_of(lines, one.txn).into_iter().filter(|value| *value != one.value).collect();
            unread(lines, &values);
        },
        &[Kind::Torn],
    );
}

fn values_of(lines: &[Line], of: i64) -> Vec<i64> {
    let sent = lines.iter().filter_map(|line| match line.event {
        Event::Send { value, txn: Some(txn), .. } if txn == of => Some(value),
        _ => None,
    });
    sent.collect()
}

#[test]
fn transactions_that_read_from_each_other_are_found() {
    planted(
        |lines| {
            // A loop's transaction read from a writer's; now the writer's has read what the loop's wrote.
            let index = Index::of(lines);
            let by_loop = index.sightings.iter().find(|s| s.txn.is_some()).expect("a loop");
            let (reader, writer) =
                (by_loop.txn.expect("its transaction"), index.sent[&by_loop.value].txn.expect("one"));
            let back = written(lines, Fate::Durable).into_iter().find(|w| w.txn == reader).expect("a record");
            let read = Event::Poll { records: vec![(back.partition, back.offset, back.value)], txn: Some(writer) };
            let last = lines.last().expect("a line").t;
            lines.push(Line { t: last, p: "writer that reads".to_string(), event: read });
        },
        &[Kind::Cycle],
    );
}

#[test]
fn a_transaction_that_reads_from_itself_is_found() {
    planted(
        |lines| {
            let one = middle(lines);
            let read = Event::Poll { records: vec![(one.partition, one.offset, one.value)], txn: Some(one.txn) };
            let last = lines.last().expect("a line").t;
            lines.push(Line { t: last, p: "writer that reads".to_string(), event: read });
        },
        &[Kind::Cycle],
    );
}

#[test]
fn a_reader_that_goes_back_is_found() {
    planted(
        |lines| {
            let one = middle(lines);
            let index = Index::of(lines);
            let at = index.drained[one.partition.as_str()];
            let (t, p) = (lines[at].t, lines[at].p.clone());
            let event = Event::Poll { records: vec![(one.partition, one.offset, one.value)], txn: None };
            lines.insert(at, Line { t, p, event });
        },
        &[Kind::NonMonotonicPoll],
    );
}

#[test]
fn a_reader_that_leaves_something_out_is_found() {
    planted(
        |lines| {
            // One reader does not get it; others do.
            let one = middle(lines);
            let mut done = false;
            each_poll(lines, |_, records| {
                let last = records.iter().rposition(|(partition, _, _)| *partition == one.partition);
                let at = records.iter().position(|(_, _, value)| *value == one.value);
                if let (false, Some(at), true) = (done, at, last != at) {
                    records.remove(at);
                    done = true;
                }
            });
        },
        &[Kind::PollSkip],
    );
}

#[test]
fn a_history_that_was_not_read_to_its_end_shows_nothing() {
    planted(|lines| lines.retain(|line| !matches!(line.event, Event::Drained { .. })), &[Kind::NotDrained]);
}

#[test]
fn a_recorder_that_is_wrong_is_found() {
    planted(
        |lines| {
            let again = lines.iter().find(|line| matches!(line.event, Event::Begin { .. })).expect("one").clone();
            lines.push(again);
        },
        // The transaction begins anew, and nobody commits it.
        &[Kind::Malformed, Kind::AbortedRead],
    );
}
