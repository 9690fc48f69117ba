//! One thread for work on files that nobody waits for: sealing rolled segments, removing deleted ones once their time has come.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::file_system;
use crate::base::ids::Millis;
use crate::base::limits::PENDING_REMOVALS_MAX;

type Job = Box<dyn FnOnce() + Send>;

struct Pending {
    delay: Millis,
    /// Set at the first tick: this room has no clock.
    due: Option<Millis>,
    job: Job,
}

/// The thread and its queue.
pub struct Background {
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pending: Mutex<VecDeque<Pending>>,
}

/// Jobs that are done by hand.
pub struct BackgroundJobs(Receiver<Job>);

impl BackgroundJobs {
    /// Does one job; false if there is none.
    pub fn run_one(&self) -> bool {
        self.0.try_recv().map(|job| job()).is_ok()
    }
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
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)), pending: Mutex::default() })
    }

    /// Starts the thread for the logs in `dir`; on a simulated disk, where nothing takes time, the caller does the jobs at once.
    pub fn for_dir(dir: &Path) -> std::io::Result<Self> {
        if !file_system::is_simulated(dir) {
            return Self::start();
        }
        Ok(Self { jobs: Mutex::default(), thread: Mutex::default(), pending: Mutex::default() })
    }

    /// No thread: whoever holds the queue does the jobs when it likes.
    pub fn by_hand() -> (Self, BackgroundJobs) {
        let (jobs, queue) = channel::<Job>();
        (
            Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::default(), pending: Mutex::default() },
            BackgroundJobs(queue),
        )
    }

    /// Queues a job. After `finish` it runs at once, on the caller's thread.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.queue(Box::new(job));
    }

    fn queue(&self, job: Job) {
        let refused = match &*self.jobs.lock() {
            Some(jobs) => jobs.send(job).err().map(|unsent| unsent.0),
            None => Some(job),
        };
        if let Some(job) = refused {
            job();
        }
    }

    /// Queues a job that runs once `delay` has passed, as far as `tick` tells, or at `finish`.
    pub fn run_after(&self, delay: Millis, job: impl FnOnce() + Send + 'static) {
        if delay <= Millis(0) {
            return self.run(job);
        }
        let crowded_out = {
            let mut pending = self.pending.lock();
            pending.push_back(Pending { delay, due: None, job: Box::new(job) });
            if pending.len() > PENDING_REMOVALS_MAX { pending.pop_front() } else { None }
        };
        if let Some(longest_waiting) = crowded_out {
            self.queue(longest_waiting.job);
        }
    }

    /// Queues what is due. `now` on a clock that never goes back; every second or so.
    pub fn tick(&self, now: Millis) {
        let mut due = Vec::new();
        {
            let mut pending = self.pending.lock();
            let mut later = VecDeque::with_capacity(pending.len());
            for mut one in pending.drain(..) {
                if now >= *one.due.get_or_insert(now.plus(one.delay)) {
                    due.push(one.job);
                } else {
                    later.push_back(one);
                }
            }
            *pending = later;
        }
        due.into_iter().for_each(|job| self.queue(job));
    }

    /// Does what is queued, due or not, and ends the thread.
    pub fn finish(&self) {
        let pending = std::mem::take(&mut *self.pending.lock());
        pending.into_iter().for_each(|one| self.queue(one.job));
        drop(self.jobs.lock().take());
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the file thread ended by a panic");
        }
    }
}
