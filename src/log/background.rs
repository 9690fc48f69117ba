//! One thread for work on files that nobody waits for: sealing rolled segments, removing deleted ones.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;

type Job = Box<dyn FnOnce() + Send>;

/// The thread and its queue.
pub struct Background {
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Background {
    /// Starts the thread.
    pub fn start() -> std::io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let thread = std::thread::Builder::new().name("ottla-files".into()).spawn(move || {
            for job in queue {
                job();
            }
        })?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Queues a job. After `finish` it runs at once, on the caller's thread.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        let refused = match &*self.jobs.lock() {
            Some(jobs) => jobs.send(Box::new(job)).err().map(|unsent| unsent.0),
            None => Some(Box::new(job) as Job),
        };
        if let Some(job) = refused {
            job();
        }
    }

    /// Does what is queued and ends the thread.
    pub fn finish(&self) {
        drop(self.jobs.lock().take());
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the file thread ended by a panic");
        }
    }
}
