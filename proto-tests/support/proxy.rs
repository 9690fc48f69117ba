//! A proxy that knows where requests begin and end, and can hold, lose, double or misdeliver single ones.
//!
//! ```text
//!   client ──▶ Proxy ── rule(request) ─▶ Pass        as it comes
//!                                        Hold        later, and with it what comes behind it on this connection
//!                                        Drop        never; the connection breaks
//!                                        DropAnswer  heard, but the connection breaks instead of the answer
//!                                        Swallow     heard, but never answered; the connection goes on
//!                                        Twice       heard twice on the same connection, answered once
//!                                        Late        the connection breaks now; heard later, on a connection of its own
//! ```
//!
//! Clients must be told of the proxy: `advertised.listeners` names its port. Connections are reordered by holding one of them.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is to happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It is delivered as it comes.
    Pass,
    /// It is delivered later.
    Hold(Duration),
    /// It is never delivered, and the connection breaks.
    Drop,
    /// It is delivered, and the connection breaks when the answer comes.
    DropAnswer,
    /// It is delivered, and its answer is thrown away.
    Swallow,
    /// It is delivered twice in a row; the second answer is thrown away.
    Twice,
    /// The connection breaks, and it is delivered after that time on another one.
    Late(Duration),
}

/// A request, as much of it as the header says.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The number of its API.
    pub api: i16,
    /// Its version.
    pub version: i16,
    /// The number of the client's connection, counted from 0.
    pub connection: u64,
    /// All of it, without its size.
    pub frame: &'a [u8],
}

/// An answer to a request that was delivered late.
#[derive(Debug, Clone)]
pub struct LateAnswer {
    /// The request's API.
    pub api: i16,
    /// Its version.
    pub version: i16,
    /// The answer without its size; nothing if the connection ended first.
    pub frame: Vec<u8>,
}

/// Decides what happens to requests.
pub type Rule = Box<dyn FnMut(&Request<'_>) -> Fate + Send>;

/// A proxy in front of one server, which may come and go behind it.
pub struct Proxy {
    /// Where clients connect to.
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: u16,
    rule: Mutex<Rule>,
    done: Mutex<HashMap<(i16, &'static str), u64>>,
    late: Mutex<Vec<LateAnswer>>,
    ended: AtomicBool,
    connections: AtomicU64,
    /// Numbers for requests of the proxy's own; clients count upwards from zero.
    own: AtomicI32,
}

impl Proxy {
    /// Listens on a port of its own, and passes everything on to `upstream`.
    pub fn start(upstream: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared {
            upstream,
            rule: Mutex::new(Box::new(|_| Fate::Pass)),
            done: Mutex::default(),
            late: Mutex::default(),
            ended: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            own: AtomicI32::new(-2),
        });
        let of = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of.ended.load(Ordering::Relaxed) {
                    return;
                }
                of.serve(client);
            }
        });
        Proxy { port, shared }
    }

    /// From now on.
    pub fn rule(&self, rule: impl FnMut(&Request<'_>) -> Fate + Send + 'static) {
        *self.shared.rule.lock().expect("no rule failed") = Box::new(rule);
    }

    /// How many requests of an API met a fate other than to pass, or that one alone.
    pub fn met(&self, api: i16, fate: Option<&str>) -> u64 {
        let done = self.shared.done.lock().expect("nobody failed");
        done.iter().filter(|((a, f), _)| *a == api && fate.is_none_or(|fate| fate == *f)).map(|(_, n)| n).sum()
    }

    /// What was answered to requests that came late.
    pub fn late_answers(&self) -> Vec<LateAnswer> {
        self.shared.late.lock().expect("nobody failed").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// What the two directions of a connection know together.
#[derive(Default)]
struct Expected {
    /// Answers that are thrown away.
    swallowed: HashSet<i32>,
    /// Answers at which the connection breaks.
    broken: HashSet<i32>,
}

impl Shared {
    fn serve(self: &Arc<Self>, client: TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        // A server that is not there now: the client finds the connection broken and tries again.
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.upstream)) else { return };
        let (Ok(client_back), Ok(server_back)) = (client.try_clone(), server.try_clone()) else { return };
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
        }
        let expected = Arc::new(Mutex::new(Expected::default()));
        let (of, known) = (Arc::clone(self), Arc::clone(&expected));
        std::thread::spawn(move || {
            let _ = of.requests(number, &client, &server, &known);
            close(&client, &server);
        });
        std::thread::spawn(move || {
            let _ = answers(&server_back, &client_back, &expected);
            close(&client_back, &server_back);
        });
    }

    fn requests(
        self: &Arc<Self>,
        connection: u64,
        mut client: &TcpStream,
        mut server: &TcpStream,
        expected: &Mutex<Expected>,
    ) -> std::io::Result<()> {
        loop {
            let mut frame = read_frame(&mut client)?;
            let Some((api, version, id)) = head(&frame) else { return Ok(()) };
            let request = Request { api, version, connection, frame: &frame };
            let fate = (self.rule.lock().expect("no rule failed"))(&request);
            let name = match fate {
                Fate::Pass => None,
                Fate::Hold(_) => Some("hold"),
                Fate::Drop => Some("drop"),
                Fate::DropAnswer => Some("drop answer"),
                Fate::Swallow => Some("swallow"),
                Fate::Twice => Some("twice"),
                Fate::Late(_) => Some("late"),
            };
            if let Some(name) = name {
                *self.done.lock().expect("nobody failed").entry((api, name)).or_default() += 1;
            }
            match fate {
                Fate::Pass => write_frame(&mut server, &frame)?,
                Fate::Hold(time) => {
                    std::thread::sleep(time);
                    write_frame(&mut server, &frame)?;
                }
                Fate::Drop => return Ok(()),
                Fate::DropAnswer => {
                    expected.lock().expect("nobody failed").broken.insert(id);
                    write_frame(&mut server, &frame)?;
                }
                Fate::Swallow => {
                    expected.lock().expect("nobody failed").swallowed.insert(id);
                    write_frame(&mut server, &frame)?;
                }
                Fate::Twice => {
                    write_frame(&mut server, &frame)?;
                    let own = self.own.fetch_sub(1, Ordering::Relaxed);
                    expected.lock().expect("nobody failed").swallowed.insert(own);
                    frame[4..8].copy_from_slice(&own.to_be_bytes());
                    write_frame(&mut server, &frame)?;
                }
                Fate::Late(time) => {
                    let of = Arc::clone(self);
                    std::thread::spawn(move || of.deliver_late(time, api, version, &frame));
                    return Ok(());
                }
            }
        }
    }

    /// The server may be away at that moment; then it comes later still.
    fn deliver_late(&self, time: Duration, api: i16, version: i16, frame: &[u8]) {
        std::thread::sleep(time);
        let mut tries = 0;
        let mut server = loop {
            match TcpStream::connect(("127.0.0.1", self.upstream)) {
                Ok(server) => break server,
                Err(_) if tries < 200 => std::thread::sleep(Duration::from_millis(50)),
                Err(_) => return,
            }
            tries += 1;
        };
        let _ = server.set_read_timeout(Some(Duration::from_secs(30)));
        let answer = write_frame(&mut server, frame).and_then(|()| read_frame(&mut server));
        let late = LateAnswer { api, version, frame: answer.unwrap_or_default() };
        self.late.lock().expect("nobody failed").push(late);
    }
}

fn answers(mut server: &TcpStream, mut client: &TcpStream, expected: &Mutex<Expected>) -> std::io::Result<()> {
    loop {
        let frame = read_frame(&mut server)?;
        let id = frame.get(..4).and_then(|id| id.try_into().ok()).map_or(-1, i32::from_be_bytes);
        let (swallowed, broken) = {
            let mut expected = expected.lock().expect("nobody failed");
            (expected.swallowed.remove(&id), expected.broken.remove(&id))
        };
        if broken {
            return Ok(());
        }
        if !swallowed {
            write_frame(&mut client, &frame)?;
        }
    }
}

fn close(client: &TcpStream, server: &TcpStream) {
    for stream in [client, server] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// API, version and correlation id.
fn head(frame: &[u8]) -> Option<(i16, i16, i32)> {
    let number = |at: usize| Some(i16::from_be_bytes(frame.get(at..at + 2)?.try_into().ok()?));
    Some((number(0)?, number(2)?, i32::from_be_bytes(frame.get(4..8)?.try_into().ok()?)))
}

fn read_frame(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn write_frame(stream: &mut impl Write, frame: &[u8]) -> std::io::Result<()> {
    let mut whole = (frame.len() as u32).to_be_bytes().to_vec();
    whole.extend(frame);
    stream.write_all(&whole)
}
