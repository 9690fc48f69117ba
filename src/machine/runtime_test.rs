//! Tests of the runtime on a log that commits when told to.

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::base::clock::ManualClock;
use crate::base::ids::LeaderEpoch;
use crate::machine::machine::ReplayAt;
use crate::machine::outcome::Writer;
use crate::machine::timer::TimerChange;

/// Counts, and answers whoever is parked when a timer is due.
#[derive(Default)]
struct Counter {
    sum: i64,
    parked: Vec<WaiterId>,
}

#[derive(Debug, Clone)]
enum Record {
    Add(i64),
    Park(WaiterId),
}

impl Machine for Counter {
    type Record = Record;
    type Effect = (WaiterId, i64);
    type Timer = ();
    fn replay(&mut self, _: ReplayAt, record: &Record) {
        match record {
            Record::Add(n) => self.sum += n,
            Record::Park(waiter) => self.parked.push(*waiter),
        }
    }
    fn on_timer(&self, _: Millis, (): &()) -> Outcome<Self, ()> {
        let outcome = Outcome::records(vec![Record::Add(1)], ());
        self.parked.iter().fold(outcome, |outcome, waiter| outcome.then((*waiter, self.sum + 1)))
    }
}

struct Answers;

impl Effects<Counter> for Answers {
    fn perform(&self, (waiter, sum): (WaiterId, i64), waiters: &Waiters) {
        waiters.answer(waiter, sum);
    }
}

#[derive(Default)]
struct Committed {
    end: AtomicI64,
    lost: AtomicBool,
    changed: Notify,
    asked: AtomicUsize,
}

impl Committed {
    fn up_to(&self, end: i64) {
        self.end.store(end, Ordering::SeqCst);
        self.changed.notify_waiters();
    }
    fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }
}

impl Commits for Committed {
    fn is_committed(&self, end: Offset) -> bool {
        self.end.load(Ordering::SeqCst) >= end.0
    }
    fn until(&self, end: Offset) -> Waiting<'_, Result<(), Lost>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            loop {
                let mut notified = std::pin::pin!(self.changed.notified());
                notified.as_mut().enable();
                if self.lost.load(Ordering::SeqCst) {
                    return Err(Lost::Moved);
                }
                if self.is_committed(end) {
                    return Ok(());
                }
                notified.await;
            }
        })
    }
}

/// Only knows where it ends.
struct Count(i64);

impl MachineLog<Record> for Count {
    fn append(&mut self, _: Writer, records: &[Record]) -> Result<Offset, NotAppended> {
        self.0 += records.len() as i64;
        Ok(Offset(self.0 - records.len() as i64))
    }
    fn append_marker(&mut self, _: TransactionEnd) -> Result<Offset, NotAppended> {
        self.0 += 1;
        Ok(Offset(self.0 - 1))
    }
    fn epoch(&self) -> LeaderEpoch {
        LeaderEpoch(0)
    }
    fn end(&self) -> Offset {
        Offset(self.0)
    }
    fn committed(&self) -> Offset {
        Offset(0)
    }
}

fn runtime() -> (Arc<Runtime<Counter>>, Arc<Committed>, Arc<ManualClock>) {
    let (commits, clock) = (Arc::new(Committed::default()), ManualClock::at(Millis(1000)));
    let log = Box::new(Count(0));
    let patience = Duration::from_millis(200);
    let runtime = Runtime::new(Counter::default(), log, commits.clone(), Arc::new(Answers), clock.clone(), patience);
    (runtime, commits, clock)
}

fn add(n: i64) -> impl FnOnce(&Counter, Call) -> Result<Outcome<Counter, i64>, ()> {
    move |machine, _| Ok(Outcome::records(vec![Record::Add(n)], machine.sum + n))
}

fn park(at: i64) -> impl FnOnce(&Counter, Call) -> Result<Outcome<Counter, i64>, ()> {
    move |_, call| {
        let outcome = Outcome::parked(call.waiter).soft(Record::Park(call.waiter));
        Ok(outcome.timer(TimerChange::Set((), Millis(at))))
    }
}

#[tokio::test]
async fn an_answer_waits_for_its_commitment_and_a_committed_one_does_not() {
    let (runtime, commits, _) = runtime();
    let pending = runtime.submit(add(3)).unwrap().now().expect_err("not committed yet");
    let waiting = tokio::spawn(pending.reply());
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    commits.up_to(1);
    assert_eq!(waiting.await.unwrap(), Ok(3));
    commits.up_to(2);
    assert_eq!(runtime.submit(add(4)).unwrap().now().ok(), Some(7));
}

#[tokio::test]
async fn a_lost_log_and_lost_patience_are_told_apart() {
    let (runtime, commits, _) = runtime();
    assert_eq!(runtime.submit(add(1)).unwrap().reply().await, Err(Lost::TimedOut));
    let waiting = tokio::spawn(runtime.submit(add(1)).unwrap().reply());
    tokio::task::yield_now().await;
    commits.lose();
    assert_eq!(waiting.await.unwrap(), Err(Lost::Moved));
}

#[tokio::test]
async fn a_timer_answers_the_parked_once_its_record_is_committed() {
    let (runtime, commits, clock) = runtime();
    let driver = tokio::spawn(Arc::clone(&runtime).drive());
    let parked = tokio::spawn(runtime.submit(park(1030)).unwrap().reply());
    clock.advance(Millis(30));
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(runtime.look(|m| m.sum), 1);
    assert!(!parked.is_finished());
    commits.up_to(1);
    assert_eq!(parked.await.unwrap(), Ok(1));
    runtime.close();
    driver.await.unwrap();
}

#[tokio::test]
async fn closing_tells_the_parked_and_refuses_the_next() {
    let (runtime, _, _) = runtime();
    let parked = tokio::spawn(runtime.submit(park(9000)).unwrap().reply());
    tokio::task::yield_now().await;
    runtime.close();
    assert_eq!(parked.await.unwrap(), Err(Lost::Moved));
    assert!(matches!(runtime.submit(add(1)), Err(Refused::Moved)));
}

#[tokio::test]
async fn a_parked_operation_that_never_commits_asks_nobody_to_wait() {
    let (runtime, commits, _) = runtime();
    let driver = tokio::spawn(Arc::clone(&runtime).drive());
    tokio::task::yield_now().await;
    drop(runtime.submit(park(9000)).unwrap());
    tokio::task::yield_now().await;
    assert_eq!(commits.asked.load(Ordering::SeqCst), 0);
    runtime.close();
    driver.await.unwrap();
}

/// A clock that somebody sets.
struct SetClock(AtomicI64);

impl crate::base::clock::Clock for SetClock {
    fn wall(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Millis {
        Millis(7)
    }
}

#[tokio::test]
async fn a_clock_that_is_set_moves_time_and_the_timers_with_it() {
    let clock = Arc::new(SetClock(AtomicI64::new(1000)));
    let (commits, log) = (Arc::new(Committed::default()), Box::new(Count(0)));
    let runtime =
        Runtime::new(Counter::default(), log, commits, Arc::new(Answers), clock.clone(), Duration::from_millis(200));
    let driver = tokio::spawn(Arc::clone(&runtime).drive());
    drop(runtime.submit(park(1060)).unwrap());
    clock.0.store(9_000_000, Ordering::SeqCst);
    let told = runtime.submit(|_, call| Ok::<_, ()>(Outcome::reply(call.now))).unwrap().now().ok();
    assert_eq!(told, Some(Millis(9_000_000)));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(runtime.look(|m| m.sum), 0, "no timer is due because of that");
    clock.0.store(9_000_500, Ordering::SeqCst);
    let told = runtime.submit(|_, call| Ok::<_, ()>(Outcome::reply(call.now))).unwrap().now().ok();
    assert_eq!(told, Some(Millis(9_000_000)), "a small step is not followed");
    runtime.close();
    driver.await.unwrap();
}
