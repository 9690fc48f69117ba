//! Syncing many logs at once: while one round of fsyncs runs, requests gather for the next. No timer, no extra wait.
//!
//! A round over few logs syncs their files, several at a time; a round over many logs of one file system is one `syncfs`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::error::{FlushError, StorageError};
use super::log::Log;
use crate::base::ids::Offset;

/// Logs in one round from which one `syncfs` is cheaper than syncing their files.
const SYNCFS_FROM: usize = 16;
/// Files synced at a time.
const PARALLEL_MAX: usize = 8;

/// Told once the sync is done, on the flusher's thread.
pub type Done = Box<dyn FnOnce(Result<(), FlushError>) + Send>;

struct Request {
    log: Arc<Log>,
    end: Offset,
    done: Done,
}

/// The flusher: a handle to its thread, which ends when the last handle is gone.
#[derive(Clone)]
pub struct Flusher {
    requests: Sender<Request>,
}

impl Flusher {
    /// Starts the thread.
    pub fn start() -> std::io::Result<Self> {
        let (requests, queue) = channel();
        std::thread::Builder::new().name("ottla-flusher".into()).spawn(move || run(&queue))?;
        Ok(Self { requests })
    }

    /// No thread: whoever holds the queue does the rounds when it likes.
    pub fn by_hand() -> (Self, FlushRequests) {
        let (requests, queue) = channel();
        (Self { requests }, FlushRequests(queue))
    }

    /// Asks for everything before `end` in `log` to be on disk, then calls `done`.
    pub fn request(&self, log: Arc<Log>, end: Offset, done: Done) {
        let refused = self.requests.send(Request { log, end, done });
        if let Err(unsent) = refused {
            let Request { log, end, done } = unsent.0;
            done(log.flush_to(end));
        }
    }
}

/// Requests that are met by hand.
pub struct FlushRequests(Receiver<Request>);

impl FlushRequests {
    /// Syncs one log after the other for everything that waits. Returns how many were synced.
    pub fn run_round(&self) -> usize {
        self.0.try_iter().map(|Request { log, end, done }| done(log.flush_to(end))).count()
    }
}

fn run(queue: &Receiver<Request>) {
    while let Ok(first) = queue.recv() {
        let mut round = vec![first];
        round.extend(queue.try_iter());
        sync_round(round);
    }
}

fn sync_round(round: Vec<Request>) {
    let mut ends: HashMap<*const Log, (Arc<Log>, Offset)> = HashMap::new();
    for request in &round {
        let entry = ends.entry(Arc::as_ptr(&request.log)).or_insert_with(|| (Arc::clone(&request.log), request.end));
        entry.1 = entry.1.max(request.end);
    }
    let mut by_dir: HashMap<PathBuf, Vec<(Arc<Log>, Offset)>> = HashMap::new();
    for (log, end) in ends.into_values() {
        by_dir.entry(log.parent_dir().to_path_buf()).or_default().push((log, end));
    }
    let mut outcomes: HashMap<*const Log, Result<(), FlushError>> = HashMap::new();
    for logs in by_dir.into_values() {
        let synced = if logs.len() > SYNCFS_FROM { sync_file_system(&logs) } else { sync_files(&logs) };
        outcomes.extend(logs.iter().map(|(log, _)| Arc::as_ptr(log)).zip(synced));
    }
    for request in round {
        let outcome = outcomes.get(&Arc::as_ptr(&request.log)).cloned().unwrap_or(Ok(()));
        (request.done)(outcome);
    }
}

fn sync_files(logs: &[(Arc<Log>, Offset)]) -> Vec<Result<(), FlushError>> {
    if let [(log, end)] = logs {
        return vec![log.flush_to(*end)];
    }
    let mut synced = Vec::with_capacity(logs.len());
    for chunk in logs.chunks(PARALLEL_MAX) {
        std::thread::scope(|scope| {
            let threads: Vec<_> = chunk.iter().map(|(log, end)| scope.spawn(|| log.flush_to(*end))).collect();
            synced.extend(threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(broken_off()))));
        });
    }
    synced
}

fn broken_off() -> FlushError {
    FlushError(StorageError::of("sync", "a log")(std::io::Error::other("the sync did not come to an end")))
}

fn sync_file_system(logs: &[(Arc<Log>, Offset)]) -> Vec<Result<(), FlushError>> {
    // All of them lie in one log directory.
    let synced = logs.first().map_or(Ok(()), |(log, _)| log.health().sync_file_system());
    logs.iter()
        .map(|(log, end)| match &synced {
            // The data is down; what is left to each log is its own book-keeping, and finds nothing dirty.
            Ok(()) => log.flush_to(*end),
            Err(error) => {
                log.health().fail_for_good(error);
                Err(FlushError(error.clone()))
            }
        })
        .collect()
}
