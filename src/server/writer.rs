//! The writer of one connection: answers as lists of parts, memory by vectored writes, file slices by sendfile.
//!
//! A cold file slice would block the whole core inside sendfile. So before a slice is sent its next piece is probed; if
//! it is not in the page cache, a thread of the blocking pool reads it in first, and only this connection waits.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::protocol::response::{Part, Response};
use crate::record::records::{FileSlice, Records};
use crate::server::sendfile;

/// Buffers gathered into one write.
const GATHER_MAX: usize = 64;
/// Bytes of a file slice that are probed and sent in one turn, so that one large fetch does not hold the core.
const TURN_BYTES_MAX: usize = 1 << 20;

enum Piece {
    Memory(Bytes),
    File { slice: FileSlice, warm_to: u64 },
}

/// What waits to be written.
#[derive(Default)]
pub struct Writer {
    pieces: VecDeque<Piece>,
    queued: usize,
    cold: bool,
}

impl Writer {
    /// Queues an answer.
    pub fn push(&mut self, answer: Response) {
        for part in answer.parts {
            match part {
                Part::Bytes(bytes) | Part::Records(Records::Memory(bytes)) => {
                    if !bytes.is_empty() {
                        self.queued += bytes.len();
                        self.pieces.push_back(Piece::Memory(bytes));
                    }
                }
                Part::Records(Records::Pieces(pieces)) => {
                    self.queued += pieces.iter().map(Bytes::len).sum::<usize>();
                    self.pieces.extend(pieces.into_iter().filter(|bytes| !bytes.is_empty()).map(Piece::Memory));
                }
                Part::Records(Records::File(slice)) => {
                    if slice.len > 0 {
                        self.queued += slice.len;
                        self.pieces.push_back(Piece::File { warm_to: slice.position, slice });
                    }
                }
            }
        }
    }

    /// True when everything is written.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes not yet written.
    pub fn queued_bytes(&self) -> usize {
        self.queued
    }

    /// Forgets what is queued: the client is gone.
    pub fn clear(&mut self) {
        self.pieces.clear();
        self.queued = 0;
        self.cold = false;
    }

    /// True when the next piece must be read into the page cache before it can be sent.
    pub fn needs_warming(&self) -> bool {
        self.cold
    }

    /// Writes until the socket takes no more, a cold slice is met, or a turn's worth is sent.
    pub fn flush(&mut self, stream: &TcpStream) -> io::Result<()> {
        let mut turn = 4 * TURN_BYTES_MAX;
        while !self.pieces.is_empty() && !self.cold && turn > 0 {
            let sent = match self.pieces.front() {
                Some(Piece::Memory(_)) => self.send_memory(stream),
                Some(Piece::File { .. }) => self.send_file(stream),
                None => break,
            };
            match sent {
                Ok(n) => turn = turn.saturating_sub(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn send_memory(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let mut gathered = [IoSlice::new(&[]); GATHER_MAX];
        let mut count = 0;
        let mut file_follows = false;
        for piece in &self.pieces {
            match piece {
                Piece::Memory(bytes) if count < GATHER_MAX => {
                    gathered[count] = IoSlice::new(bytes);
                    count += 1;
                }
                Piece::Memory(_) => break,
                Piece::File { .. } => {
                    file_follows = true;
                    break;
                }
            }
        }
        let sent = stream.try_io(Interest::WRITABLE, || sendfile::send(stream, &gathered[..count], file_follows))?;
        self.queued -= sent;
        let mut left = sent;
        while left > 0 {
            let Some(Piece::Memory(bytes)) = self.pieces.front_mut() else { break };
            if bytes.len() > left {
                bytes.advance(left);
                break;
            }
            left -= bytes.len();
            self.pieces.pop_front();
        }
        Ok(sent)
    }

    fn send_file(&mut self, stream: &TcpStream) -> io::Result<usize> {
        let Some(Piece::File { slice, warm_to }) = self.pieces.front_mut() else { return Ok(0) };
        let length = slice.len.min(TURN_BYTES_MAX);
        if *warm_to <= slice.position {
            if !sendfile::is_resident(slice, length) {
                self.cold = true;
                return Ok(0);
            }
            *warm_to = slice.position + length as u64;
        }
        let sent = stream.try_io(Interest::WRITABLE, || sendfile::send_file(stream, slice, length))?;
        if sent == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "a log segment ended before the slice that was promised to the client",
            ));
        }
        self.queued -= sent;
        slice.position += sent as u64;
        slice.len -= sent;
        if slice.len == 0 {
            self.pieces.pop_front();
        }
        Ok(sent)
    }

    /// Reads the next piece into the page cache on the blocking pool.
    pub async fn warm(&mut self) -> io::Result<()> {
        self.cold = false;
        let Some(Piece::File { slice, warm_to }) = self.pieces.front_mut() else { return Ok(()) };
        let length = slice.len.min(TURN_BYTES_MAX);
        *warm_to = slice.position + length as u64;
        let (file, position) = (Arc::clone(&slice.file), slice.position);
        tokio::task::spawn_blocking(move || sendfile::read_ahead(&*file, position, length))
            .await
            .map_err(io::Error::other)?
    }
}
