//! A machine's life as text that can be read aloud: what came in, what was written, what was answered.

use std::fmt::{Debug, Write};

use crate::base::ids::Offset;
use crate::machine::machine::Machine;
use crate::machine::outcome::{Outcome, Reply, Writer};

/// The text.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: String,
}

impl Transcript {
    /// Notes an operation and what was decided about it, whose first record stands at `first`.
    pub fn note<M: Machine, T: Debug, E: Debug>(
        &mut self,
        operation: &dyn Debug,
        first: Offset,
        decided: &Result<Outcome<M, T>, E>,
    ) {
        self.line(format_args!("-> {operation:?}"));
        match decided {
            Err(error) => self.line(format_args!("<- refused: {error:?}")),
            Ok(outcome) => {
                if outcome.writer != Writer::Machine {
                    self.line(format_args!("   in the name of {:?}", outcome.writer));
                }
                for (at, record) in outcome.records.iter().enumerate() {
                    self.line(format_args!("   {} {record:?}", first.plus(at as i64)));
                }
                for record in &outcome.soft {
                    self.line(format_args!("   soft {record:?}"));
                }
                for timer in &outcome.timers {
                    self.line(format_args!("   {timer:?}"));
                }
                match &outcome.reply {
                    Reply::Now(reply) => self.line(format_args!("<- {reply:?}")),
                    Reply::Parked(waiter) => self.line(format_args!("<- parked as {}", waiter.0)),
                }
                for effect in &outcome.after_commit {
                    self.line(format_args!("   then {effect:?}"));
                }
            }
        }
    }

    /// What was noted.
    pub fn as_str(&self) -> &str {
        &self.lines
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.lines, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::Millis;
    use crate::machine::machine::ReplayAt;

    struct Names;

    impl Machine for Names {
        type Record = &'static str;
        type Effect = ();
        type Timer = u8;
        fn replay(&mut self, _: ReplayAt, _: &&'static str) {}
        fn on_timer(&self, _: Millis, _: &u8) -> Outcome<Self, ()> {
            Outcome::reply(())
        }
    }

    #[test]
    fn reads_in_the_order_things_happened() {
        let mut transcript = Transcript::default();
        transcript.note(&"join", Offset(4), &Ok::<_, ()>(Outcome::<Names, _>::records(vec!["member"], 7)));
        transcript.note(&"leave", Offset(5), &Err::<Outcome<Names, ()>, _>("unknown"));
        assert_eq!(transcript.as_str(), "-> \"join\"\n   4 \"member\"\n<- 7\n-> \"leave\"\n<- refused: \"unknown\"\n");
    }
}
