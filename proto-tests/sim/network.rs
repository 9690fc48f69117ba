//! The network between machines: streams in memory whose bytes arrive after a while, or not as long as the way is cut.
//!
//! A stream keeps its order, as TCP does; what is on different streams overtakes each other. A cut way holds bytes back and loses
//! none; a killed process says so to those it spoke with, a machine without power does not.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ottla::peer::address::Address;
use ottla::peer::dial::{Said, SimulatedNetwork, SimulatedStream};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

use crate::entropy::Random;
use crate::trace::Trace;

thread_local! {
    /// The machine whose turn it is.
    pub static TURN: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// A peer is tried again so often while nothing is heard of it (ms).
const RETRY_MS: u64 = 200;
/// Bytes that may be on their way, or wait to be read, on one stream.
const WINDOW: usize = 1 << 20;

/// A stream that somebody has opened to this machine.
pub struct Incoming {
    pub stream: Stream,
    pub from: usize,
}

#[derive(Default)]
struct Pipe {
    from: usize,
    to: usize,
    in_flight: VecDeque<(i64, Vec<u8>)>,
    held: usize,
    /// What has arrived, of which the first so many bytes of the first piece are read.
    ready: VecDeque<Vec<u8>>,
    read: usize,
    /// The writer has ended; the reader learns of it then.
    closing: Option<i64>,
    closed: bool,
    /// Nobody reads any more; a writer learns of it when it writes.
    unread: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One end of a stream.
pub struct Stream {
    read: Arc<Mutex<Pipe>>,
    write: Arc<Mutex<Pipe>>,
    network: Arc<Network>,
}

struct State {
    now: i64,
    random: Random,
    pipes: Vec<Weak<Mutex<Pipe>>>,
    listeners: BTreeMap<(usize, u16), mpsc::UnboundedSender<Incoming>>,
    cut: BTreeSet<(usize, usize)>,
    powered: Vec<bool>,
    latency: (i64, i64),
    trace: Trace,
}

/// All machines' ways to each other.
pub struct Network {
    state: Mutex<State>,
}

/// A machine's name, and the machine of a name.
pub fn host(machine: usize) -> String {
    format!("m{machine}")
}

fn machine_of(host: &str) -> Option<usize> {
    host.strip_prefix('m')?.parse().ok()
}

impl Network {
    pub fn new(machines: usize, random: Random, trace: Trace) -> Arc<Self> {
        let state = State {
            now: 0,
            random,
            pipes: Vec::new(),
            listeners: BTreeMap::new(),
            cut: BTreeSet::new(),
            powered: vec![true; machines],
            latency: (0, 3),
            trace,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// Listens at a port of a machine.
    pub fn listen(&self, machine: usize, port: u16) -> mpsc::UnboundedReceiver<Incoming> {
        let (queue, incoming) = mpsc::unbounded_channel();
        self.state.lock().listeners.insert((machine, port), queue);
        incoming
    }

    /// The process that listened there is gone.
    pub fn stop_listening(&self, machine: usize) {
        self.state.lock().listeners.retain(|(at, _), _| *at != machine);
    }

    pub fn set_powered(&self, machine: usize, powered: bool) {
        self.state.lock().powered[machine] = powered;
    }

    pub fn set_latency(&self, least: i64, most: i64) {
        self.state.lock().latency = (least, most);
    }

    /// Cuts the way from one machine to another; the way back is another one.
    pub fn cut(&self, from: usize, to: usize) {
        self.state.lock().cut.insert((from, to));
    }

    pub fn heal(&self) {
        self.state.lock().cut.clear();
    }

    /// Lets arrive what is due.
    pub fn deliver(&self, now: i64) {
        let mut state = self.state.lock();
        state.now = now;
        let mut pipes = std::mem::take(&mut state.pipes);
        pipes.retain(|pipe| {
            let Some(pipe) = pipe.upgrade() else { return false };
            let mut pipe = pipe.lock();
            if !state.cut.contains(&(pipe.from, pipe.to)) {
                pipe.arrive(now, &state.trace);
            }
            true
        });
        state.pipes = pipes;
    }

    fn pair(self: &Arc<Self>, from: usize, to: usize) -> (Stream, Stream) {
        let pipe = |from, to| Arc::new(Mutex::new(Pipe { from, to, ..Pipe::default() }));
        let (there, back) = (pipe(from, to), pipe(to, from));
        let mut state = self.state.lock();
        state.pipes.extend([Arc::downgrade(&there), Arc::downgrade(&back)]);
        let end = |read: &Arc<_>, write: &Arc<_>| Stream {
            read: Arc::clone(read),
            write: Arc::clone(write),
            network: Arc::clone(self),
        };
        (end(&back, &there), end(&there, &back))
    }

    fn due(&self) -> i64 {
        let mut state = self.state.lock();
        let (least, most) = state.latency;
        // Now and then something is late.
        let late = if state.random.one_in(50) { state.random.between(0, 40) } else { 0 };
        state.now + state.random.between(least, most) + late
    }

    /// Whether a question gets through to a machine, and what it finds there: none is no answer at all.
    fn knock(&self, from: usize, to: usize, port: u16) -> Option<Option<mpsc::UnboundedSender<Incoming>>> {
        let state = self.state.lock();
        let reaches = !state.cut.contains(&(from, to)) && !state.cut.contains(&(to, from));
        (reaches && state.powered.get(to) == Some(&true)).then(|| state.listeners.get(&(to, port)).cloned())
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        let state = self.state.lock();
        !state.cut.contains(&(from, to)) && !state.cut.contains(&(to, from)) && state.powered[to]
    }

    fn wait(&self) -> Duration {
        let mut state = self.state.lock();
        let (least, most) = state.latency;
        Duration::from_millis(state.random.between(least, most).unsigned_abs() + 1)
    }
}

/// The network as the code under test knows it.
pub struct Ways(pub Arc<Network>);

impl SimulatedNetwork for Ways {
    fn connect(&self, address: &Address) -> Said<io::Result<Box<dyn SimulatedStream>>> {
        let (network, port, from) = (Arc::clone(&self.0), address.port, TURN.get());
        let Some(to) = machine_of(&address.host) else {
            return Box::pin(async { Err(io::ErrorKind::HostUnreachable.into()) });
        };
        Box::pin(async move {
            loop {
                tokio::time::sleep(network.wait()).await;
                match network.knock(from, to, port) {
                    Some(None) => return Err(io::ErrorKind::ConnectionRefused.into()),
                    Some(Some(listener)) => {
                        let (ours, theirs) = network.pair(from, to);
                        if listener.send(Incoming { stream: theirs, from }).is_err() {
                            return Err(io::ErrorKind::ConnectionRefused.into());
                        }
                        return Ok(Box::new(ours) as Box<dyn SimulatedStream>);
                    }
                    None => tokio::time::sleep(Duration::from_millis(RETRY_MS)).await,
                }
            }
        })
    }

    fn is_refused(&self, address: &Address) -> Said<bool> {
        let (network, port, from) = (Arc::clone(&self.0), address.port, TURN.get());
        let Some(to) = machine_of(&address.host) else { return Box::pin(async { false }) };
        Box::pin(async move {
            loop {
                tokio::time::sleep(network.wait()).await;
                match network.knock(from, to, port) {
                    Some(found) => return found.is_none(),
                    None => tokio::time::sleep(Duration::from_millis(RETRY_MS)).await,
                }
            }
        })
    }
}

impl Pipe {
    fn arrive(&mut self, now: i64, trace: &Trace) {
        let mut some = false;
        while let Some((_, bytes)) = self.in_flight.pop_front_if(|(due, _)| *due <= now) {
            trace.note_bytes((now, self.from, self.to), &bytes);
            self.ready.push_back(bytes);
            some = true;
        }
        if self.in_flight.is_empty() && self.closing.is_some_and(|due| due <= now) && !self.closed {
            trace.note(&(now, self.from, self.to, "closed"));
            self.closed = true;
            some = true;
        }
        if some && let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.read.lock();
        if pipe.ready.is_empty() && !pipe.closed {
            pipe.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let before = out.remaining();
        while out.remaining() > 0
            && let Some(piece) = pipe.ready.front()
        {
            let rest = &piece[pipe.read..];
            let count = rest.len().min(out.remaining());
            out.put_slice(&rest[..count]);
            if count == rest.len() {
                pipe.ready.pop_front();
                pipe.read = 0;
            } else {
                pipe.read += count;
            }
        }
        pipe.held -= before - out.remaining();
        if let Some(writer) = pipe.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let due = self.network.due();
        let mut pipe = self.write.lock();
        if pipe.unread && !self.network.reaches(pipe.from, pipe.to) {
            // Nobody says that nobody is there.
            return Poll::Ready(Ok(bytes.len()));
        }
        if pipe.unread {
            // Whoever reads a stream that the other side has given up learns of it as well.
            drop(pipe);
            let mut back = self.read.lock();
            back.closing.get_or_insert(due);
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if pipe.held >= WINDOW {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let due = pipe.in_flight.back().map_or(due, |(last, _)| due.max(*last));
        pipe.held += bytes.len();
        pipe.in_flight.push_back((due, bytes.to_vec()));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let due = self.network.due();
        self.write.lock().close(due);
        Poll::Ready(Ok(()))
    }
}

impl Pipe {
    fn close(&mut self, due: i64) {
        let due = self.in_flight.back().map_or(due, |(last, _)| due.max(*last));
        self.closing.get_or_insert(due);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let due = self.network.due();
        let silent = !self.network.state.lock().powered[self.write.lock().from];
        let mut read = self.read.lock();
        read.unread = true;
        if let Some(writer) = read.writer.take() {
            writer.wake();
        }
        drop(read);
        if !silent {
            self.write.lock().close(due);
        }
    }
}
