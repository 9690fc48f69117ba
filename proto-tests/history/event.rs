//! The lines of a history, and the file that holds them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// One line: who did what, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Microseconds since 1970; all clients of a history share one clock.
    pub t: i64,
    /// The client, by a name of its own. A client that is started again has another name.
    pub p: String,
    /// What it did.
    #[serde(flatten)]
    pub event: Event,
}

/// What a client does. A partition is named `topic-0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "lowercase")]
pub enum Event {
    /// A transaction begins. Its number is the history's, not the server's.
    Begin { txn: i64 },
    /// A record is about to be sent. Without a line that says more, it may have been written or not.
    Send {
        value: i64,
        at: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        txn: Option<i64>,
    },
    /// It was acknowledged, at this offset if the server said so.
    Acked {
        value: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<i64>,
    },
    /// It is certain that it was not written and never will be.
    Refused { value: i64 },
    /// The transaction's commit is about to be asked for. Without a line that says more, it may have been committed or not.
    Commit { txn: i64 },
    /// It is committed.
    Committed { txn: i64 },
    /// It is aborted; so is one whose commit nobody asked for.
    Aborted { txn: i64 },
    /// The client reads these partitions from now on, from these offsets where it knows them, and forgets where it was.
    Assign {
        at: Vec<(String, Option<i64>)>,
        #[serde(default)]
        isolation: Isolation,
    },
    /// Records were read: partition, offset, value.
    Poll {
        records: Vec<(String, i64, i64)>,
        /// The transaction that the reading belongs to, because its offsets are committed in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        txn: Option<i64>,
    },
    /// The client has read these partitions up to an end behind which nothing will come.
    Drained { at: Vec<String> },
}

/// What a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Whole transactions that are committed.
    #[default]
    ReadCommitted,
    /// Everything.
    ReadUncommitted,
}

/// A file that lines are appended to, by many threads and by many processes.
pub struct Recorder(Mutex<File>);

impl Recorder {
    /// Opens or creates the file.
    pub fn open(path: &Path) -> Recorder {
        let file = OpenOptions::new().create(true).append(true).open(path).expect("a history file");
        Recorder(Mutex::new(file))
    }

    /// Appends one line. It is in the file when this returns, so that no death of the client takes it back.
    pub fn note(&self, process: &str, event: Event) {
        let t = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64);
        let mut text = serde_json::to_string(&Line { t, p: process.to_string(), event }).expect("a line");
        text.push('\n');
        let mut file = self.0.lock().expect("nobody failed while writing");
        file.write_all(text.as_bytes()).expect("the history takes a line");
    }
}

/// The lines of a file in the order of their time. A line that has no end is of a client that was killed while writing it.
pub fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).expect("a history file");
    parse(&text)
}

/// The lines of a text.
pub fn parse(text: &str) -> Vec<Line> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let line = |text: &str| serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in the history's line {text}"));
    let mut lines: Vec<Line> = whole.lines().map(line).collect();
    lines.sort_by_key(|line| line.t);
    lines
}
