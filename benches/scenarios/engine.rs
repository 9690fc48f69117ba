//! The loop that drives all connections of a load from one thread: epoll, and a timer for the open loop.
//!
//! One thread, so that a load costs one core at most and its cost is easy to state. In an open loop the schedule is
//! fixed beforehand: request n is due at `n * interval`, whatever the server does, and its latency counts from there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use crate::link::Link;
use crate::totals::{Totals, Until};
use crate::wire::WireError;

/// Key of the timer among the epoll events; links have their index.
const TIMER: u64 = u64::MAX;
/// A load that makes no progress for so long has failed.
const STALL: Duration = Duration::from_secs(20);

/// When the requests of an open loop are due.
struct Schedule {
    interval: f64,
    next: f64,
    turn: usize,
    /// The links that produce: those before this index.
    producers: usize,
}

pub struct Engine {
    epoll: OwnedFd,
    timer: OwnedFd,
    began: Instant,
    links: Vec<Link>,
    schedule: Option<Schedule>,
    /// When links want to be woken, the earliest first. An alarm that was set anew since is in here twice.
    alarms: BinaryHeap<Reverse<(u64, usize)>>,
    totals: Totals,
}

impl Engine {
    pub fn new() -> Result<Engine, WireError> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer =
            rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags).map_err(|error| error.to_string())?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN).map_err(|error| error.to_string())?;
        let (links, alarms) = (Vec::new(), BinaryHeap::new());
        Ok(Engine { epoll, timer, began: Instant::now(), links, schedule: None, alarms, totals: Totals::new() })
    }

    pub fn add(&mut self, link: Link) -> Result<(), WireError> {
        let key = EventData::new_u64(self.links.len() as u64);
        epoll::add(&self.epoll, &link.stream, key, EventFlags::IN).map_err(|error| error.to_string())?;
        self.links.push(link);
        Ok(())
    }

    /// From now on a request is due every `1 / per_second` seconds, dealt to the first `producers` links in turn.
    pub fn schedule(&mut self, per_second: f64, producers: usize) {
        let interval = 1e9 / per_second;
        self.schedule = Some(Schedule { interval, next: self.now() as f64 + interval, turn: 0, producers });
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// Runs until the phase ends and returns what it did. Answers still outstanding count for the next phase.
    pub fn run(&mut self, until: &Until) -> Result<Totals, WireError> {
        self.totals = Totals::new();
        let start = self.now();
        let end = start + (until.seconds * 1e9) as u64;
        for index in 0..self.links.len() {
            self.flush(index)?;
        }
        let mut moved = (Instant::now(), 0);
        while !until.reached(&self.totals) && self.now() < end {
            self.turn(Duration::from_nanos(end.saturating_sub(self.now())))?;
            let progress = self.totals.requests + self.totals.consumed_records;
            if progress != moved.1 {
                moved = (Instant::now(), progress);
            } else if moved.0.elapsed() > STALL {
                return Err(format!("no progress for {} s after {progress} answers", STALL.as_secs()));
            }
        }
        Ok(std::mem::replace(&mut self.totals, Totals::new()))
    }

    /// Lets what is in flight end; nothing new begins. Every acknowledgement is checked here too.
    pub fn drain(&mut self) -> Result<(), WireError> {
        self.schedule = None;
        for index in 0..self.links.len() {
            self.links[index].role.stop();
            // A role may have something to say at its end.
            self.flush(index)?;
        }
        let deadline = Instant::now() + STALL;
        while self.links.iter().any(|link| link.role.busy()) {
            if Instant::now() > deadline {
                return Err(format!("answers are missing {} s after the last request", STALL.as_secs()));
            }
            self.turn(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Waits for events, at most `at_most`, and handles them.
    fn turn(&mut self, at_most: Duration) -> Result<(), WireError> {
        self.issue_due()?;
        let now = self.now();
        let alarm = self.alarms.peek().map(|Reverse((at, _))| Duration::from_nanos(at.saturating_sub(now)));
        let at_most = at_most.min(Duration::from_millis(500)).min(alarm.unwrap_or(Duration::MAX));
        let timeout = Timespec { tv_sec: 0, tv_nsec: at_most.as_nanos() as _ };
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 128];
        let count = match epoll::wait(&self.epoll, &mut events[..], Some(&timeout)) {
            Ok(count) => count,
            Err(rustix::io::Errno::INTR) => 0,
            Err(error) => return Err(error.to_string()),
        };
        for event in &events[..count] {
            let (flags, key) = (event.flags, event.data.u64());
            if key == TIMER {
                let _ = rustix::io::read(&self.timer, &mut [0u8; 8][..]);
                continue;
            }
            let index = key as usize;
            if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                let began = self.began;
                self.links[index].receive(&|| began.elapsed().as_nanos() as u64, &mut self.totals)?;
                self.alarms.extend(self.links[index].role.alarm().map(|at| Reverse((at, index))));
            }
            self.flush(index)?;
        }
        Ok(())
    }

    /// Hands out the requests whose time has come and arms the timer for the next one.
    fn issue_due(&mut self) -> Result<(), WireError> {
        let now = self.now();
        let mut touched = Vec::new();
        while let Some(Reverse((at, index))) = self.alarms.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.alarms.pop();
            self.links[index].role.due(at);
            touched.push(index);
        }
        let Some(schedule) = &mut self.schedule else {
            for index in touched {
                self.flush(index)?;
            }
            return Ok(());
        };
        while schedule.next <= now as f64 {
            let index = schedule.turn;
            schedule.turn = (index + 1) % schedule.producers;
            self.links[index].role.due(schedule.next as u64);
            schedule.next += schedule.interval;
            if !touched.contains(&index) {
                touched.push(index);
            }
        }
        let wait = Duration::from_nanos((schedule.next as u64).saturating_sub(now).max(1));
        for index in touched {
            self.flush(index)?;
        }
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos() as _ };
        let when = Itimerspec { it_interval: zero, it_value: value };
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &when)
            .map_err(|error| error.to_string())?;
        Ok(())
    }

    fn flush(&mut self, index: usize) -> Result<(), WireError> {
        let now = self.now();
        let link = &mut self.links[index];
        let was_blocked = link.blocked;
        link.flush(now)?;
        if link.blocked != was_blocked {
            let out = if link.blocked { EventFlags::OUT } else { EventFlags::empty() };
            let key = EventData::new_u64(index as u64);
            epoll::modify(&self.epoll, &link.stream, key, EventFlags::IN | out).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
