//! The producing side of a connection: pre-encoded Produce frames, one batch each, round-robin over its partitions.
//!
//! In a closed loop a new frame goes out for each answer; in an open loop a frame goes out when it is due. Per frame the
//! correlation id is patched, and only where asked for the send time or the producer sequence (and then the CRC).

use std::collections::VecDeque;

use crate::batch::{self, Batch};
use crate::client::Topic;
use crate::link::Role;
use crate::totals::Totals;
use crate::wire::{self, WireError};

/// Frames up to this size are put together before they are sent, so that pipelined small ones share a system call.
const SMALL: usize = 4 << 10;

struct Frame {
    bytes: Vec<u8>,
    batch_at: usize,
    batch_len: usize,
    sequence: i32,
}

/// How a producer behaves.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Requests in flight at most.
    pub window: usize,
    pub open_loop: bool,
    /// Write the intended send time into the first record.
    pub stamped: bool,
    /// Requests after which a closed loop stops by itself.
    pub at_most: u64,
}

impl Pace {
    pub fn closed(window: usize) -> Pace {
        Pace { window, open_loop: false, stamped: false, at_most: u64::MAX }
    }

    pub fn open() -> Pace {
        Pace { window: 10_000, open_loop: true, stamped: true, at_most: u64::MAX }
    }
}

/// What a server answers with.
#[derive(Clone, Copy, PartialEq)]
pub enum Answer {
    Kafka,
    /// The request itself, from a null server.
    Echo,
}

pub struct Producer {
    frames: Vec<Frame>,
    records: u32,
    slot_at: usize,
    pace: Pace,
    answer: Answer,
    idempotent: bool,
    turn: usize,
    begun: u64,
    stopped: bool,
    due: VecDeque<u64>,
    in_flight: VecDeque<u64>,
    answered: u64,
    /// Small frames that are on their way out.
    scratch: Vec<u8>,
    /// The large frame that is on its way out.
    large: Option<usize>,
    at: usize,
}

impl Producer {
    /// Sends `batch` to each of `partitions` of `topic` in turn.
    pub fn new(topic: &Topic, partitions: impl Iterator<Item = i32>, acks: i16, batch: &Batch, pace: Pace) -> Producer {
        let frames = partitions.map(|partition| {
            let (bytes, batch_at) = wire::produce(&topic.id, partition, acks, &batch.bytes);
            Frame { bytes, batch_at, batch_len: batch.bytes.len(), sequence: 0 }
        });
        Producer {
            frames: frames.collect(),
            records: batch.records,
            slot_at: batch.slot_at,
            pace,
            answer: Answer::Kafka,
            idempotent: false,
            turn: 0,
            begun: 0,
            stopped: false,
            due: VecDeque::new(),
            in_flight: VecDeque::new(),
            answered: 0,
            scratch: Vec::new(),
            large: None,
            at: 0,
        }
    }

    pub fn answered_by(mut self, answer: Answer) -> Producer {
        self.answer = answer;
        self
    }

    /// Makes the producer idempotent under the given id and epoch.
    pub fn idempotent(mut self, (id, epoch): (i64, i16)) -> Producer {
        for frame in &mut self.frames {
            let batch = &mut frame.bytes[frame.batch_at..][..frame.batch_len];
            batch[batch::PRODUCER_ID_AT..][..8].copy_from_slice(&id.to_be_bytes());
            batch[batch::PRODUCER_EPOCH_AT..][..2].copy_from_slice(&epoch.to_be_bytes());
        }
        self.idempotent = true;
        self
    }

    fn may_begin(&self) -> bool {
        let wanted = if self.pace.open_loop { !self.due.is_empty() } else { !self.stopped };
        wanted && self.in_flight.len() < self.pace.window && self.begun < self.pace.at_most
    }

    /// Patches the next frame and returns its index.
    fn begin(&mut self, now: u64) -> usize {
        let index = self.turn;
        self.turn = (self.turn + 1) % self.frames.len();
        let due = self.due.pop_front().unwrap_or(now);
        let frame = &mut self.frames[index];
        frame.bytes[wire::CORRELATION_AT..][..4].copy_from_slice(&(self.begun as u32).to_be_bytes());
        if self.pace.stamped || self.idempotent {
            let batch = &mut frame.bytes[frame.batch_at..][..frame.batch_len];
            if self.pace.stamped {
                batch[self.slot_at..][..8].copy_from_slice(&due.to_be_bytes());
            }
            if self.idempotent {
                batch[batch::SEQUENCE_AT..][..4].copy_from_slice(&frame.sequence.to_be_bytes());
                frame.sequence = frame.sequence.wrapping_add(self.records as i32) & i32::MAX;
            }
            batch::renew_crc(batch);
        }
        self.begun += 1;
        self.in_flight.push_back(due);
        index
    }
}

impl Role for Producer {
    fn unsent(&mut self, now: u64) -> &[u8] {
        let finished = match self.large {
            Some(index) => self.at == self.frames[index].bytes.len(),
            None => self.at == self.scratch.len(),
        };
        if finished {
            (self.large, self.at) = (None, 0);
            self.scratch.clear();
            while self.may_begin() && self.scratch.len() < SMALL {
                let index = self.begin(now);
                if self.frames[index].bytes.len() > SMALL {
                    self.large = Some(index);
                    break;
                }
                self.scratch.extend_from_slice(&self.frames[index].bytes);
            }
        }
        match self.large {
            Some(index) => &self.frames[index].bytes[self.at..],
            None => &self.scratch[self.at..],
        }
    }

    fn sent(&mut self, count: usize) {
        self.at += count;
    }

    fn answer(&mut self, frame: &[u8], now: u64, totals: &mut Totals) -> Result<(), WireError> {
        let due = self.in_flight.pop_front().ok_or("an answer that nobody asked for")?;
        if self.answer == Answer::Kafka {
            let correlation = frame.first_chunk::<4>().map(|id| u32::from_be_bytes(*id));
            if correlation != Some(self.answered as u32) {
                return Err(format!("answer {correlation:?} came where {} was due", self.answered as u32));
            }
            wire::produce_answer(frame)?;
        }
        self.answered += 1;
        totals.requests += 1;
        totals.records += u64::from(self.records);
        totals.bytes += self.frames[0].batch_len as u64;
        totals.ack.saturating_record((now.saturating_sub(due) / 1000).max(1));
        Ok(())
    }

    fn due(&mut self, due: u64) {
        self.due.push_back(due);
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn busy(&self) -> bool {
        !self.in_flight.is_empty() || !self.due.is_empty()
    }
}
