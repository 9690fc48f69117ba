//! One machine on its log: decide, append, replay.

use crate::base::ids::{Millis, Offset};
use crate::machine::log::{MachineLog, NotAppended};
use crate::machine::machine::{Machine, ReplayAt, TransactionEnd};
use crate::machine::outcome::{Outcome, Reply, Writer};
use crate::machine::timer::{TimerChange, Timers};

/// After how long a timer is tried again whose records the log refused (ms), as Kafka tries its own.
const RETRY_MS: Millis = Millis(500);

/// An operation that was decided and appended.
#[derive(Debug, PartialEq, Eq)]
pub struct Submitted<T, E> {
    /// The answer; it may go out once `wait_for` is committed.
    pub reply: Reply<T>,
    /// Everything before it must be committed first. An operation without records waits as well, for all that was written
    /// before it: what it saw must not be taken back.
    pub wait_for: Offset,
    /// What follows then.
    pub after_commit: Vec<E>,
}

/// Why an operation has no outcome.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError<E> {
    /// The machine refused it.
    #[error("refused")]
    Refused(E),
    /// The log refused it. The machine is as it was.
    #[error(transparent)]
    NotAppended(#[from] NotAppended),
}

/// A machine, its log and its timers.
pub struct Shard<M: Machine, L> {
    machine: M,
    log: L,
    timers: Timers<M::Timer>,
}

impl<M: Machine, L: MachineLog<M::Record>> Shard<M, L> {
    /// Puts a loaded machine on the log that it was loaded from.
    pub fn new(machine: M, log: L) -> Self {
        Self { machine, log, timers: Timers::default() }
    }

    /// The state.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The log.
    pub fn log(&mut self) -> &mut L {
        &mut self.log
    }

    /// The moment of the next timer.
    pub fn next_timer(&self) -> Option<Millis> {
        self.timers.next()
    }

    /// Decides one operation and makes it so.
    pub fn submit<T, E>(
        &mut self,
        decide: impl FnOnce(&M) -> Result<Outcome<M, T>, E>,
    ) -> Result<Submitted<T, M::Effect>, SubmitError<E>> {
        let outcome = decide(&self.machine).map_err(SubmitError::Refused)?;
        Ok(self.make_so(outcome)?)
    }

    /// Runs the timer that is due first, if any is. One whose records the log refuses stays, to be tried again a little later.
    pub fn run_timer(&mut self, now: Millis) -> Result<Option<Submitted<(), M::Effect>>, NotAppended> {
        let Some(key) = self.timers.pop_due(now) else { return Ok(None) };
        let outcome = self.machine.on_timer(now, &key);
        let done = self.make_so(outcome);
        if done.is_err() {
            self.timers.change(TimerChange::Set(key, now.plus(RETRY_MS)));
        }
        done.map(Some)
    }

    /// Moves all timers by `span`: the clock that they were set by has jumped.
    pub fn shift_timers(&mut self, span: Millis) {
        self.timers.shift(span);
    }

    /// Writes the marker that ends a transaction and has the machine take it in; returns what must be committed before
    /// the end may be told.
    pub fn end_transaction(&mut self, end: TransactionEnd) -> Result<Offset, NotAppended> {
        let at = self.log.append_marker(end)?;
        self.machine.end_transaction(at, end);
        Ok(self.log.end())
    }

    fn make_so<T>(&mut self, outcome: Outcome<M, T>) -> Result<Submitted<T, M::Effect>, NotAppended> {
        let Outcome { records, writer, soft, reply, timers, after_commit } = outcome;
        let epoch = self.log.epoch();
        if !records.is_empty() {
            let first = self.log.append(writer, &records)?;
            for (at, record) in records.iter().enumerate() {
                self.machine.replay(ReplayAt { offset: first.plus(at as i64), epoch, writer }, record);
            }
        }
        let end = self.log.end();
        for record in &soft {
            self.machine.replay(ReplayAt { offset: end, epoch, writer: Writer::Machine }, record);
        }
        for change in timers {
            self.timers.change(change);
        }
        Ok(Submitted { reply, wait_for: end, after_commit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::memory::MemoryLog;

    #[derive(Default)]
    struct Sum(i64);

    impl Machine for Sum {
        type Record = i64;
        type Effect = ();
        type Timer = &'static str;
        fn replay(&mut self, _: ReplayAt, record: &i64) {
            self.0 += record;
        }
        fn on_timer(&self, _: Millis, _: &&'static str) -> Outcome<Self, ()> {
            Outcome::records(vec![-self.0], ())
        }
    }

    #[test]
    fn a_refused_append_leaves_the_machine_as_it_was() {
        let mut shard = Shard::new(Sum::default(), MemoryLog::new());
        let add = |n| move |_: &Sum| Ok::<_, ()>(Outcome::records(vec![n], ()));
        shard.submit(add(3)).unwrap();
        shard.log().refuse(true);
        assert!(matches!(shard.submit(add(4)), Err(SubmitError::NotAppended(_))));
        assert_eq!(shard.machine().0, 3);
    }

    #[test]
    fn a_question_waits_for_what_was_written_before_it() {
        let mut shard = Shard::new(Sum::default(), MemoryLog::new());
        shard.submit(|_| Ok::<_, ()>(Outcome::records(vec![1, 2], ()))).unwrap();
        let asked = shard.submit(|m| Ok::<_, ()>(Outcome::reply(m.0))).unwrap();
        assert_eq!((asked.reply, asked.wait_for), (Reply::Now(3), Offset(2)));
        assert_eq!(shard.log().committed(), Offset(0));
    }

    #[test]
    fn a_due_timer_decides_as_an_operation_does() {
        let mut shard = Shard::new(Sum::default(), MemoryLog::new());
        let timer = TimerChange::Set("reset", Millis(9));
        shard.submit(|_| Ok::<_, ()>(Outcome::records(vec![5], ()).timer(timer))).unwrap();
        assert_eq!(shard.run_timer(Millis(8)).unwrap(), None);
        shard.log().refuse(true);
        assert!(shard.run_timer(Millis(9)).is_err());
        shard.log().refuse(false);
        assert_eq!(shard.run_timer(Millis(9)).unwrap(), None);
        assert!(shard.run_timer(Millis(9).plus(RETRY_MS)).unwrap().is_some());
        assert_eq!((shard.machine().0, shard.next_timer()), (0, None));
    }
}
