//! Histories of what clients did and saw, and the checkers that find in them what a log must never do.
//!
//! ```text
//!   clients, in any language ── JSON lines ──▶ event::read ──▶ index ──▶ one checker per family ──▶ anomalies
//! ```
//!
//! README.md says how to record one. The anomalies are those that Jepsen's checker for Kafka knows. What a log may do is not
//! told: records of one transaction between those of another, and offsets that hold nothing.
#![allow(dead_code)]

mod aborted_read;
mod cycle;
pub mod event;
pub mod index;
mod lost_write;
mod place;
mod position;
mod torn;

use std::collections::BTreeSet;
use std::fmt;

use event::{Event, Line};
use index::Index;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What was aborted, or refused, was read.
    AbortedRead,
    /// What was not committed yet was read.
    EarlyRead,
    /// What was acknowledged lies before what was read, and was not read.
    LostWrite,
    /// What was acknowledged was not read by those who read to the end.
    Unseen,
    /// A value lies at two places.
    Duplicate,
    /// Two values lie at one place.
    TwoValues,
    /// A value lies where nobody sent it.
    Phantom,
    /// A part of a transaction is there, another part is not.
    Torn,
    /// Transactions read from each other in a circle.
    Cycle,
    /// A reader went back.
    NonMonotonicPoll,
    /// A reader left something out.
    PollSkip,
    /// Nobody read a partition to its end: what the history shows is too little.
    NotDrained,
    /// The recorder wrote what cannot be.
    Malformed,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Of which kind.
    pub kind: Kind,
    /// What exactly.
    pub what: String,
}

impl Anomaly {
    fn new(kind: Kind, what: String) -> Anomaly {
        Anomaly { kind, what }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.what)
    }
}

/// Everything that is wrong in a history.
pub fn check(lines: &[Line]) -> Vec<Anomaly> {
    let index = Index::of(lines);
    let mut found: Vec<Anomaly> =
        index.malformed.iter().map(|what| Anomaly::new(Kind::Malformed, what.clone())).collect();
    aborted_read::check(&index, &mut found);
    lost_write::check(&index, &mut found);
    place::check(&index, &mut found);
    torn::check(&index, &mut found);
    cycle::check(&index, &mut found);
    position::check(lines, &index, &mut found);
    found
}

/// The kinds of what is wrong.
pub fn kinds(found: &[Anomaly]) -> BTreeSet<Kind> {
    found.iter().map(|anomaly| anomaly.kind).collect()
}

/// Fails if anything is wrong in a history but for what `allowed` says; returns how much it holds.
#[track_caller]
pub fn assert_clean(lines: &[Line], allowed: &[Kind]) -> Counts {
    let found: Vec<String> =
        check(lines).iter().filter(|anomaly| !allowed.contains(&anomaly.kind)).map(Anomaly::to_string).collect();
    let counts = Counts::of(lines);
    let shown = found.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} anomalies in {counts:?}:\n{shown}", found.len());
    counts
}

/// How much a history holds: one in which nothing happened shows nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records sent.
    pub sent: usize,
    /// Of them, acknowledged.
    pub acked: usize,
    /// Records read.
    pub read: usize,
    /// Transactions known to be committed.
    pub committed: usize,
    /// Transactions known to be aborted.
    pub aborted: usize,
    /// Transactions of which it is not known.
    pub unknown: usize,
}

impl Counts {
    /// Counts.
    pub fn of(lines: &[Line]) -> Counts {
        let mut counts = Counts::default();
        for line in lines {
            match &line.event {
                Event::Begin { .. } => counts.unknown += 1,
                Event::Send { .. } => counts.sent += 1,
                Event::Acked { .. } => counts.acked += 1,
                Event::Committed { .. } => counts.committed += 1,
                Event::Aborted { .. } => counts.aborted += 1,
                Event::Poll { records, .. } => counts.read += records.len(),
                _ => {}
            }
        }
        counts.unknown = counts.unknown.saturating_sub(counts.committed + counts.aborted);
        counts
    }
}
