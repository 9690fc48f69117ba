//! Runs in processes of their own, as many at a time as there are cores.

use std::collections::VecDeque;
use std::io::{PipeReader, Read, Write};
use std::panic;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::entropy;
use crate::plant::Plant;
use crate::world::{self, Outcome};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn kill(process: i32, signal: i32) -> i32;
    fn _exit(code: i32) -> !;
}

const WITHOUT_WAITING: i32 = 1;
const KILL: i32 = 9;
/// Longest that runs are not looked at.
const LOOK_AFTER: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// A run takes well under a second; one that takes so long goes round in circles.
const STUCK: Duration = Duration::from_secs(120);

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    pub seed: u64,
    pub plant: Plant,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Report {
    pub job: Job,
    pub broken: Option<String>,
    pub trace: String,
    pub acknowledged: usize,
}

impl Report {
    pub fn text(&self) -> String {
        let broken = self.broken.as_deref().unwrap_or("no rule was broken");
        format!("seed {}: {broken} (trace {})", self.job.seed, self.trace)
    }

    pub fn short(&self) -> String {
        let text = self.broken.as_deref().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
        text.chars().take(140).collect()
    }
}

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// One run in this process. A panic anywhere in it is a broken rule, also where a runtime catches it.
fn here(job: Job) -> Outcome {
    entropy::seed_system(job.seed);
    panic::set_hook(Box::new(|info| {
        if let Ok(mut panics) = PANICS.lock() {
            panics.push(info.to_string());
        }
    }));
    // A thread of its own, whose maps' keys are drawn after the seed was set, whatever came before.
    let ran = std::thread::spawn(move || world::run(job.seed, job.plant)).join();
    let panics = PANICS.lock().map(|panics| panics.join("\n")).unwrap_or_default();
    let mut outcome = ran.unwrap_or_default();
    if !panics.is_empty() {
        outcome.broken = Some(format!("{}\n{panics}", outcome.broken.unwrap_or_else(|| "panicked".to_owned())));
    }
    outcome
}

/// One run, told as it goes.
pub fn tell(seed: u64, plant: Plant) -> i32 {
    if let Ok(filter) = std::env::var("OTTLA_LOG") {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .without_time()
            .with_writer(std::io::stderr)
            .try_init();
    }
    let begun = Instant::now();
    let outcome = here(Job { seed, plant });
    outcome.befell.iter().for_each(|what| println!("{what}"));
    println!("{} records acknowledged, {} batches committed", outcome.acknowledged, outcome.batches);
    println!("trace {:016x} of {} things, {} ms", outcome.trace.0, outcome.trace.1, begun.elapsed().as_millis());
    match outcome.broken {
        Some(what) => {
            println!("seed {seed}: {what}");
            101
        }
        None => 0,
    }
}

struct Running {
    job: Job,
    process: i32,
    pipe: PipeReader,
    begun: Instant,
}

/// Does all jobs, or as many as there is time for; stops at the first of which `last` is true. Reports come in the jobs' order.
pub fn run(jobs: impl Iterator<Item = Job>, limit: Option<Duration>, last: impl Fn(&Report) -> bool) -> Vec<Report> {
    let at_a_time = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let mut jobs = jobs.peekable();
    let mut running: VecDeque<Running> = VecDeque::new();
    let mut reports = Vec::new();
    let mut enough = false;
    loop {
        enough |= limit.is_some_and(|limit| begun.elapsed() > limit);
        while !enough && running.len() < at_a_time {
            let Some(job) = jobs.next() else { break };
            running.push_back(start(job));
        }
        if running.is_empty() {
            return reports;
        }
        let mut i = 0;
        while i < running.len() {
            match ended(&running[i]) {
                Some(killed) => {
                    let Some(done) = running.remove(i) else { break };
                    let report = report(done, killed);
                    enough |= last(&report);
                    reports.push(report);
                }
                None => i += 1,
            }
        }
        wait_for_any(&running);
    }
}

/// Returns when a run may have ended, or after a while.
fn wait_for_any(running: &VecDeque<Running>) {
    // No flag: what is told of every pipe is that its writer is gone.
    let mut pipes: Vec<_> = running.iter().map(|run| PollFd::new(&run.pipe, PollFlags::empty())).collect();
    // Interrupted is as good as ended: either way, look.
    let _ = poll(&mut pipes, Some(&LOOK_AFTER));
}

fn start(job: Job) -> Running {
    let (pipe, mut told) = std::io::pipe().expect("a pipe");
    // SAFETY: this process has one thread, so that the copy finds every lock free.
    let process = unsafe { fork() };
    assert!(process >= 0, "no process could be made");
    if process > 0 {
        return Running { job, process, pipe, begun: Instant::now() };
    }
    let outcome = here(job);
    let trace = format!("{:016x}/{}", outcome.trace.0, outcome.trace.1);
    let broken = outcome.broken.map(|what| format!("{what}\n{}", outcome.befell.join("\n"))).unwrap_or_default();
    let _ = write!(told, "{trace}\n{}\n{broken}", outcome.acknowledged);
    drop(told);
    // SAFETY: ends the copy without the end of what it was copied from.
    unsafe { _exit(0) }
}

/// Whether a run has ended, and if so, whether it had to be ended.
fn ended(running: &Running) -> Option<bool> {
    let mut status = 0;
    // SAFETY: a child of this process that nobody else waits for.
    let gone = unsafe { waitpid(running.process, &mut status, WITHOUT_WAITING) } == running.process;
    if gone {
        return Some(false);
    }
    if running.begun.elapsed() < STUCK {
        return None;
    }
    // SAFETY: as above.
    unsafe {
        kill(running.process, KILL);
        waitpid(running.process, &mut status, 0);
    }
    Some(true)
}

fn report(mut done: Running, killed: bool) -> Report {
    let mut text = String::new();
    let _ = done.pipe.read_to_string(&mut text);
    let mut lines = text.splitn(3, '\n');
    let trace = lines.next().unwrap_or_default().to_owned();
    let acknowledged = lines.next().and_then(|line| line.parse().ok());
    let broken = lines.next().unwrap_or_default();
    let broken = match acknowledged {
        None if killed => Some("the run came to no end".to_owned()),
        None => Some("the run broke off".to_owned()),
        Some(_) => (!broken.is_empty()).then(|| broken.to_owned()),
    };
    Report { job: done.job, broken, trace, acknowledged: acknowledged.unwrap_or(0) }
}
