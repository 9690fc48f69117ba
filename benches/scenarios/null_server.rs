//! Null servers: the least that a server could do for the same frames, as the physical limit beside each figure.
//!
//! * `N0` echoes what it receives.
//! * `N1` receives a frame, checks the CRC of its batch, appends the batch to a file, acknowledges.
//! * `N2` answers each request with a fetch response whose records are in hot memory.
//! * `N3` answers each request with the same response, its records sent from a file in the page cache by sendfile.
//!
//! Each runs in a process of its own (this program started again), on one thread, so that its CPU can be told apart.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use crate::batch::{self, Batch};
use crate::wire;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    N0,
    N1,
    N2,
    N3,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::N0 => "N0",
            Kind::N1 => "N1",
            Kind::N2 => "N2",
            Kind::N3 => "N3",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        [Kind::N0, Kind::N1, Kind::N2, Kind::N3].into_iter().find(|kind| kind.name() == text)
    }
}

/// Records in one response of N2 and N3: six partitions' worth of a Java consumer's default would be 6 MiB.
const RESPONSE_RECORDS: usize = 1 << 20;
/// A quota per turn, so that many connections share the thread fairly.
const CHUNK: usize = 1 << 20;

struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    end: usize,
    /// Bytes to send before the body of the present answer.
    head: Vec<u8>,
    head_at: usize,
    /// Position in the shared body of the present answer; `None` if there is none.
    body_at: Option<usize>,
    waiting: VecDeque<[u8; 4]>,
    blocked: bool,
}

struct Server {
    kind: Kind,
    log: File,
    log_end: u64,
    /// What follows the correlation id in an answer of N2 and N3.
    body: Vec<u8>,
    body_file: Option<File>,
}

/// Serves for ever; prints its port first.
pub fn serve(kind: Kind, directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let path = directory.join(format!("{}-{}.log", kind.name(), std::process::id()));
    let log = File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
    std::fs::remove_file(&path)?; // the space comes back when the process ends
    let one = Batch::build(1024, 64 << 10, 0);
    let records = one.bytes.repeat(RESPONSE_RECORDS / one.bytes.len());
    let body = wire::fetch_answer_body(&records);
    let mut server = Server { kind, log, log_end: 0, body, body_file: None };
    if kind == Kind::N3 {
        server.log.write_all_at(&server.body, 0)?;
        server.body_file = Some(server.log.try_clone()?);
    }
    server.run()
}

impl Server {
    fn run(&mut self) -> std::io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        println!("{}", listener.local_addr()?.port());
        let poll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&poll, &listener, EventData::new_u64(u64::MAX), EventFlags::IN)?;
        let mut connections: Vec<Option<Connection>> = Vec::new();
        loop {
            let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 128];
            let count = match epoll::wait(&poll, &mut events[..], None) {
                Ok(count) => count,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..count] {
                let key = event.data.u64();
                if key == u64::MAX {
                    while let Ok((stream, _)) = listener.accept() {
                        stream.set_nonblocking(true)?;
                        stream.set_nodelay(true)?;
                        let key = EventData::new_u64(connections.len() as u64);
                        epoll::add(&poll, &stream, key, EventFlags::IN)?;
                        connections.push(Some(Connection::new(stream)));
                    }
                    continue;
                }
                let Some(connection) = &mut connections[key as usize] else { continue };
                let was_blocked = connection.blocked;
                let served = self.serve(connection);
                if served.is_ok() && connection.blocked != was_blocked {
                    let out = if connection.blocked { EventFlags::OUT } else { EventFlags::empty() };
                    epoll::modify(&poll, &connection.stream, EventData::new_u64(key), EventFlags::IN | out)?;
                }
                if served.is_err() {
                    connections[key as usize] = None;
                }
            }
        }
    }

    /// Reads once, answers every whole frame, and sends as much as the socket takes.
    fn serve(&mut self, connection: &mut Connection) -> std::io::Result<()> {
        let Connection { stream, input, end, .. } = connection;
        match stream.read(&mut input[*end..]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => *end += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let mut start = 0;
        while let Some(prefix) = connection.input[start..connection.end].first_chunk::<4>() {
            let len = 4 + u32::from_be_bytes(*prefix) as usize;
            if start + len > connection.end {
                if len > connection.input.len() {
                    connection.input.resize(len.next_power_of_two(), 0);
                }
                break;
            }
            self.answer(connection, start, len)?;
            start += len;
        }
        connection.input.copy_within(start..connection.end, 0);
        connection.end -= start;
        self.send(connection)
    }

    fn answer(&mut self, connection: &mut Connection, start: usize, len: usize) -> std::io::Result<()> {
        let frame = &connection.input[start..start + len];
        let correlation = frame[wire::CORRELATION_AT..].first_chunk::<4>().copied().unwrap_or_default();
        match self.kind {
            Kind::N0 => connection.head.extend_from_slice(frame),
            Kind::N1 => {
                let batch = frame_batch(frame).ok_or(ErrorKind::InvalidData)?;
                if !batch::crc_holds(batch) {
                    return Err(ErrorKind::InvalidData.into());
                }
                self.log.write_all_at(batch, self.log_end)?;
                self.log_end += batch.len() as u64;
                connection.head.extend(wire::produce_answer_frame(correlation));
            }
            Kind::N2 | Kind::N3 => connection.waiting.push_back(correlation),
        }
        Ok(())
    }

    fn send(&mut self, connection: &mut Connection) -> std::io::Result<()> {
        connection.blocked = false;
        let blocked = loop {
            if connection.head_at < connection.head.len() {
                match connection.stream.write(&connection.head[connection.head_at..]) {
                    Ok(count) => connection.head_at += count,
                    Err(error) => break error,
                }
                continue;
            }
            (connection.head_at, _) = (0, connection.head.clear());
            if let Some(at) = connection.body_at.filter(|at| *at < self.body.len()) {
                let len = CHUNK.min(self.body.len() - at);
                let sent = match &self.body_file {
                    None => connection.stream.write(&self.body[at..at + len]),
                    Some(file) => {
                        let mut offset = at as u64;
                        rustix::fs::sendfile(&connection.stream, file, Some(&mut offset), len).map_err(Into::into)
                    }
                };
                match sent {
                    Ok(count) => connection.body_at = Some(at + count),
                    Err(error) => break error,
                }
                continue;
            }
            connection.body_at = None;
            let Some(correlation) = connection.waiting.pop_front() else { return Ok(()) };
            connection.head.extend(((4 + self.body.len()) as u32).to_be_bytes());
            connection.head.extend(correlation);
            connection.body_at = Some(0);
        };
        if blocked.kind() == ErrorKind::WouldBlock {
            connection.blocked = true;
            return Ok(());
        }
        Err(blocked)
    }
}

impl Connection {
    fn new(stream: TcpStream) -> Connection {
        Connection {
            stream,
            input: vec![0; 64 << 10],
            end: 0,
            head: Vec::new(),
            head_at: 0,
            body_at: None,
            waiting: VecDeque::new(),
            blocked: false,
        }
    }
}

/// The batch inside a Produce frame of this program: what follows the partition's index and a varint length.
fn frame_batch(frame: &[u8]) -> Option<&[u8]> {
    // size, key, version, correlation, client id "bench", tags | no transactional id, acks, timeout, 1 topic, id, 1 partition, index
    let mut at = 4 + 2 + 2 + 4 + 2 + 5 + 1 + 1 + 2 + 4 + 1 + 16 + 1 + 4;
    while *frame.get(at)? >= 0x80 {
        at += 1;
    }
    frame.get(at + 1..frame.len().checked_sub(3)?)
}
