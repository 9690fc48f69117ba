//! What the clients of an arena did and saw, told to the checker of histories.

use crate::history::event::{Event, Isolation, Line};
use crate::history::{self, Counts};
use crate::records::Shown;

/// Numbers of one client lie above those of the one before it.
const NUMBERS: i64 = 1_000_000_000_000;

/// The lines so far.
pub struct Story {
    tags: Vec<&'static str>,
    lines: Vec<Line>,
}

impl Story {
    /// Nothing has happened. The values of each client begin with its tag.
    pub fn new(tags: &[&'static str]) -> Story {
        Story { tags: tags.to_vec(), lines: Vec::new() }
    }

    /// The number of a value; none of what the tests write themselves.
    fn number(&self, value: &str) -> Option<i64> {
        let (at, rest) = self.tags.iter().enumerate().find_map(|(at, tag)| Some((at, value.strip_prefix(tag)?)))?;
        Some(at as i64 * NUMBERS + rest.parse::<i64>().ok()?)
    }

    fn note(&mut self, who: &str, event: Event) {
        let t = self.lines.len() as i64;
        self.lines.push(Line { t, p: who.to_owned(), event });
    }

    /// A producer was told of these.
    pub fn acknowledged(&mut self, who: &str, acknowledged: &[Shown]) {
        for one in acknowledged {
            let value = self.number(&one.value).expect("a value of a load");
            self.note(who, Event::Send { value, at: one.place(), txn: None });
            self.note(who, Event::Acked { value, offset: Some(one.offset).filter(|offset| *offset >= 0) });
        }
    }

    /// A reader was shown these, in this order.
    pub fn shown(&mut self, who: &str, shown: &[Shown]) {
        let mut begun: Vec<(String, Option<i64>)> = Vec::new();
        for one in shown {
            if !begun.iter().any(|(at, _)| *at == one.place()) {
                begun.push((one.place(), Some(one.offset)));
            }
        }
        self.note(who, Event::Assign { at: begun, isolation: Isolation::ReadUncommitted });
        for one in shown {
            if let Some(value) = self.number(&one.value) {
                self.note(who, Event::Poll { records: vec![(one.place(), one.offset, value)], txn: None });
            }
        }
    }

    /// The judge was shown all there is.
    pub fn drained(&mut self, who: &str, shown: &[Shown], partitions: i32) {
        self.shown(who, shown);
        let at = (0..partitions).map(crate::records::place).collect();
        self.note(who, Event::Drained { at });
    }

    /// Fails if anything is wrong.
    pub fn check(&self) -> Counts {
        history::assert_clean(&self.lines, &[])
    }
}
