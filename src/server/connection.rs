//! One connection, served to completion on its core: frames in, handled in order, answers out in order.
//!
//! ```text
//!   socket ──▶ read buffer ──▶ frame ──▶ dispatch ──▶ Now ────▶ pending (FIFO) ──▶ writer ──▶ socket
//!                                                 └─▶ Later ──▶    ▲ polled at the front
//! ```
//!
//! The next request is handled as soon as the one before it is *appended* (its handler returned), not when it is answered;
//! so requests that wait for replicas or for an fsync overlap, while answers leave in the order of the requests.
//! What may pile up is bounded: requests by `IN_FLIGHT_REQUESTS_MAX`, answers by `QUEUED_RESPONSE_BYTES_MAX`; a client
//! that does not read its answers is not read from either.
//!
//! An idle connection holds no buffer: reads go into a buffer of the core's pool that is given back when it is empty.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::base::limits::{IN_FLIGHT_REQUESTS_MAX, QUEUED_RESPONSE_BYTES_MAX};
use crate::protocol::frame::FrameError;
use crate::protocol::response::Response;
use crate::server::buffer_pool;
use crate::server::connection_info::ConnectionInfo;
use crate::server::context::Context;
use crate::server::dispatch;
use crate::server::framing;
use crate::server::handlers::Handled;
use crate::server::request::Refusal;
use crate::server::writer::Writer;

/// Why a connection ended other than by the client's wish.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The socket failed.
    #[error("socket: {0}")]
    Io(#[from] io::Error),
    /// The frame's size is not acceptable.
    #[error("frame: {0}")]
    Frame(#[from] FrameError),
    /// The request cannot be answered.
    #[error("request: {0}")]
    Refused(#[from] Refusal),
    /// Nothing was heard for `connections.max.idle.ms`.
    #[error("idle for too long")]
    Idle,
}

/// An answer that is waited for, in the order of its request.
enum Pending {
    Ready(Response),
    Waiting(Pin<Box<dyn Future<Output = Result<Response, Refusal>>>>),
}

/// What one turn of the loop waited for.
enum Event {
    Readable,
    Writable,
    Answered(Result<Response, Refusal>),
    Idle,
    Stop,
}

struct Connection {
    stream: TcpStream,
    info: Rc<ConnectionInfo>,
    ctx: Arc<Context>,
    read: BytesMut,
    pending: VecDeque<Pending>,
    writer: Writer,
    frame_bytes_max: usize,
    closing: bool,
    /// A request is being answered before which no other may be handled.
    held: bool,
}

/// Serves one connection until it ends. An `Ok` is an orderly end: the client hung up or the server is stopping.
pub async fn serve(stream: TcpStream, info: Rc<ConnectionInfo>, ctx: Arc<Context>) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    let idle = ctx.connection_idle_max();
    let clock = Arc::clone(&ctx.clock);
    let mut stopping = ctx.stopping();
    // An error means that the sender is gone, which is a stop as well. Both futures live as long as the connection, so that a
    // turn of the loop does not enter and leave the timer and the list of those who wait for the stop.
    let mut stop = std::pin::pin!(async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    });
    let mut silence = std::pin::pin!(tokio::time::sleep(idle));
    let mut heard = clock.monotonic();
    let mut connection = Connection {
        stream,
        info,
        frame_bytes_max: ctx.frame_bytes_max(),
        ctx,
        read: BytesMut::new(),
        pending: VecDeque::new(),
        writer: Writer::default(),
        closing: false,
        held: false,
    };
    loop {
        connection.handle_frames()?;
        connection.collect_answers();
        connection.writer.flush(&connection.stream)?;
        if connection.writer.needs_warming() {
            connection.writer.warm().await?;
            continue;
        }
        if connection.closing && connection.pending.is_empty() && connection.writer.is_empty() {
            return Ok(());
        }
        let event = connection.wait(silence.as_mut(), stop.as_mut()).await?;
        if !matches!(event, Event::Idle) || connection.is_busy() {
            heard = clock.monotonic();
        }
        match event {
            Event::Readable => connection.fill()?,
            Event::Writable => {}
            Event::Answered(answer) => {
                connection.pending.pop_front();
                // What held the others back was the last that was taken in.
                connection.held &= !connection.pending.is_empty();
                connection.writer.push(answer?);
            }
            Event::Idle => {
                let silent = u64::try_from(clock.monotonic().since(heard).0).unwrap_or(0);
                let Some(rest) = idle.checked_sub(Duration::from_millis(silent)).filter(|rest| !rest.is_zero()) else {
                    return Err(ConnectionError::Idle);
                };
                silence.set(tokio::time::sleep(rest));
            }
            Event::Stop => connection.closing = true,
        }
    }
}

impl Connection {
    fn accepts_more(&self) -> bool {
        !self.closing
            && !self.held
            && self.pending.len() < IN_FLIGHT_REQUESTS_MAX
            && self.writer.queued_bytes() < QUEUED_RESPONSE_BYTES_MAX
    }

    /// True while an answer is owed: silence is then ours, not the client's.
    fn is_busy(&self) -> bool {
        !self.pending.is_empty() || !self.writer.is_empty()
    }

    /// Handles every whole frame that has been read, as far as the bounds allow.
    fn handle_frames(&mut self) -> Result<(), ConnectionError> {
        while self.accepts_more() {
            let Some(frame) = framing::split(&mut self.read, self.frame_bytes_max)? else { break };
            match dispatch::handle(&self.ctx, &self.info, frame)? {
                Handled::Now(answer) if self.pending.is_empty() => self.writer.push(answer),
                Handled::Now(answer) => self.pending.push_back(Pending::Ready(answer)),
                Handled::Later(rest) => self.pending.push_back(Pending::Waiting(rest)),
                Handled::Alone(rest) => {
                    self.pending.push_back(Pending::Waiting(rest));
                    self.held = true;
                }
                Handled::Silent => {}
            }
        }
        if self.read.is_empty() {
            buffer_pool::give_back(std::mem::take(&mut self.read));
        }
        Ok(())
    }

    /// Moves answers that are ready from the front of the queue to the writer.
    fn collect_answers(&mut self) {
        while let Some(Pending::Ready(_)) = self.pending.front() {
            if let Some(Pending::Ready(answer)) = self.pending.pop_front() {
                self.writer.push(answer);
            }
        }
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self, silence: Pin<&mut Sleep>, stop: Pin<&mut impl Future<Output = ()>>) -> io::Result<Event> {
        let reads = self.accepts_more();
        let writes = !self.writer.is_empty();
        let waits = matches!(self.pending.front(), Some(Pending::Waiting(_)));
        let closing = self.closing;
        let stream = &self.stream;
        let front = async {
            match self.pending.front_mut() {
                Some(Pending::Waiting(rest)) => rest.as_mut().await,
                _ => std::future::pending().await,
            }
        };
        let interest = match (reads, writes) {
            (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, false) => Some(Interest::READABLE),
            (false, true) => Some(Interest::WRITABLE),
            (false, false) => None,
        };
        let socket = async {
            match interest {
                Some(interest) => stream.ready(interest).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = front, if waits => Ok(Event::Answered(answer)),
            ready = socket => {
                let ready = ready?;
                Ok(if reads && (ready.is_readable() || ready.is_read_closed()) { Event::Readable } else { Event::Writable })
            }
            () = stop, if !closing => Ok(Event::Stop),
            () = silence => Ok(Event::Idle),
        }
    }

    /// Reads what the socket has. The end of the stream closes the connection at once: answers that still wait are for nobody.
    fn fill(&mut self) -> io::Result<()> {
        if self.read.capacity() == 0 {
            self.read = buffer_pool::take();
        }
        self.read.reserve(framing::room(&self.read, self.frame_bytes_max));
        let room = self.read.capacity() - self.read.len();
        let (stream, read) = (&self.stream, &mut self.read);
        let mut got = Err(io::ErrorKind::WouldBlock.into());
        // A short read has emptied the socket: telling the runtime so saves the next turn a read that finds nothing.
        let _ = stream.try_io(Interest::READABLE, || {
            got = stream.try_read_buf(read);
            if matches!(got, Ok(n) if n > 0 && n < room) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match got {
            Ok(0) => {
                self.closing = true;
                self.pending.clear();
                self.writer.clear();
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(e) => Err(e),
        }
    }
}
