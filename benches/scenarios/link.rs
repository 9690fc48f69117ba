//! One non-blocking connection: it moves bytes between a socket and a `Role`, and knows nothing of what they mean.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::totals::Totals;
use crate::wire::WireError;

/// Bytes that a link reads into at first: with thousands of links the pages behind their buffers would be much of the load.
const INPUT_FIRST: usize = 1 << 10;
/// And once that was full.
const INPUT_BUSY: usize = 16 << 10;

/// What a connection is used for. Times are nanoseconds since the engine began.
pub trait Role {
    /// The bytes to send next; empty if there is nothing to send now.
    fn unsent(&mut self, now: u64) -> &[u8];
    /// `count` of those bytes have been sent.
    fn sent(&mut self, count: usize);
    /// A whole response has come, its size prefix taken off.
    fn answer(&mut self, frame: &[u8], now: u64, totals: &mut Totals) -> Result<(), WireError>;
    /// An open-loop request is due at `due`.
    fn due(&mut self, _due: u64) {}
    /// When the role wants to be called `due` by itself, if that has changed.
    fn alarm(&mut self) -> Option<u64> {
        None
    }
    /// No new request is to begin from now on.
    fn stop(&mut self);
    /// True while answers are outstanding.
    fn busy(&self) -> bool;
}

pub struct Link {
    pub stream: TcpStream,
    pub role: Box<dyn Role>,
    /// True while the socket takes no more and the engine waits for it to.
    pub blocked: bool,
    input: Vec<u8>,
    start: usize,
    end: usize,
}

impl Link {
    pub fn connect(address: SocketAddr, role: Box<dyn Role>) -> Result<Link, WireError> {
        let stream = TcpStream::connect(address).map_err(|error| format!("connect: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        Ok(Link { stream, role, blocked: false, input: vec![0; INPUT_FIRST], start: 0, end: 0 })
    }

    /// Sends what the role has, as far as the socket takes it.
    pub fn flush(&mut self, now: u64) -> Result<(), WireError> {
        self.blocked = false;
        loop {
            let bytes = self.role.unsent(now);
            if bytes.is_empty() {
                return Ok(());
            }
            match self.stream.write(bytes) {
                Ok(count) => self.role.sent(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.blocked = true;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("send: {error}")),
            }
        }
    }

    /// Receives once and hands every whole response to the role.
    pub fn receive(&mut self, clock: &dyn Fn() -> u64, totals: &mut Totals) -> Result<(), WireError> {
        self.make_room();
        match self.stream.read(&mut self.input[self.end..]) {
            Ok(0) => return Err("the server closed the connection".into()),
            Ok(count) => self.end += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(error) => return Err(format!("receive: {error}")),
        }
        if self.frame_len().is_some_and(|len| self.start + len <= self.end) {
            let now = clock();
            while let Some(len) = self.frame_len().filter(|len| self.start + len <= self.end) {
                self.role.answer(&self.input[self.start + 4..self.start + len], now, totals)?;
                self.start += len;
            }
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        Ok(())
    }

    /// Length of the frame at `start` with its size prefix, if the prefix is there.
    fn frame_len(&self) -> Option<usize> {
        let prefix = self.input[self.start..self.end].first_chunk::<4>()?;
        Some(4 + u32::from_be_bytes(*prefix) as usize)
    }

    /// Sees to it that the frame under way fits, and that there is room to read at all. A link whose buffer was full gets a large
    /// one.
    fn make_room(&mut self) {
        if self.end == self.input.len() && self.end < INPUT_BUSY {
            self.input.resize(INPUT_BUSY, 0);
        }
        let wanted = self.frame_len().unwrap_or(4).max(self.end - self.start + 1);
        if self.start + wanted > self.input.len() || self.end == self.input.len() {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if wanted > self.input.len() {
                self.input.resize(wanted.next_power_of_two(), 0);
            }
        }
    }
}
