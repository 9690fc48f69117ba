//! Listening sockets and the cores that serve what they accept.
//!
//! Each core is one thread with its own current-thread runtime; a connection stays on the core it was dealt to. One core
//! accepts and deals round-robin: with few connections the kernel's own spreading (SO_REUSEPORT) is lopsided.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::protocol::api::ListenerKind;
use crate::quota::connection_quota::{Admission, TooMany};
use crate::server::connection::{self, ConnectionError};
use crate::server::connection_info::ConnectionInfo;
use crate::server::context::Context;
use crate::server::internal;

/// Connections that the kernel may hold for us before we accept them, where nobody says how many: a storm of clients must not
/// run into SYN retries.
pub const BACKLOG: i32 = 4096;

/// A bound listener.
pub struct Bound {
    /// Its name, such as `PLAINTEXT`.
    pub name: String,
    /// For whom it is.
    pub kind: ListenerKind,
    /// Where it listens.
    pub address: SocketAddr,
    socket: TcpListener,
}

/// The kernel's share of the work: each connection's buffers (bytes; none leaves their size to the kernel, which fits it to the
/// network), and the connections that it holds.
#[derive(Debug, Clone, Copy)]
pub struct SocketSizes {
    /// What was sent and is not acknowledged yet.
    pub send: Option<usize>,
    /// What has arrived and is not read yet.
    pub receive: Option<usize>,
    /// Connections that are not accepted yet.
    pub backlog: i32,
}

/// Binds one address.
pub fn bind(name: &str, kind: ListenerKind, address: SocketAddr, sizes: SocketSizes) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // A connection has what its listener had when it was accepted; the window's scale is told while it is being made.
    if let Some(size) = sizes.send {
        socket.set_send_buffer_size(size)?;
    }
    if let Some(size) = sizes.receive {
        socket.set_recv_buffer_size(size)?;
    }
    if address.is_ipv6() {
        // An IPv4 listener may stand beside this one.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(sizes.backlog)?;
    socket.set_nonblocking(true)?;
    let socket: TcpListener = socket.into();
    Ok(Bound { name: name.to_owned(), kind, address: socket.local_addr()?, socket })
}

struct Dealt {
    stream: TcpStream,
    info: ConnectionInfo,
    admission: Admission,
}

/// The cores at work.
pub struct Cores {
    threads: Vec<JoinHandle<()>>,
    /// Listeners to accept on, to the core that does it.
    listeners: mpsc::UnboundedSender<Bound>,
}

/// Starts `count` cores, which serve until the context's stop signal whatever [`Cores::accept`] lets in.
pub fn start(count: usize, ctx: &Arc<Context>) -> io::Result<Cores> {
    let mut hands = Vec::with_capacity(count);
    let mut ends = Vec::with_capacity(count);
    for _ in 0..count {
        let (hand, end) = mpsc::unbounded_channel::<Dealt>();
        hands.push(hand);
        ends.push(end);
    }
    let (listeners, bound) = mpsc::unbounded_channel();
    let mut bound = Some(bound);
    let mut threads = Vec::with_capacity(count);
    for (core, dealt) in ends.into_iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(8)
            .thread_name(format!("ottla-disk-{core}"))
            .build()?;
        let accepts = bound.take();
        let (ctx, hands) = (Arc::clone(ctx), hands.clone());
        threads.push(std::thread::Builder::new().name(format!("ottla-core-{core}")).spawn(move || {
            let tasks = LocalSet::new();
            tasks.spawn_local(serve_dealt(dealt, Arc::clone(&ctx)));
            if let Some(bound) = accepts {
                tasks.spawn_local(accept_all(bound, hands, Arc::clone(&ctx)));
            }
            tasks.block_on(&runtime, async move {
                let mut stop = ctx.stopping();
                // An error means that the sender is gone, which is a stop as well.
                let _ = stop.wait_for(|stopping| *stopping).await;
                // Connections see the same signal: what they have queued is written, then they end.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            });
        })?);
    }
    Ok(Cores { threads, listeners })
}

impl Cores {
    /// Accepts on these listeners from now on.
    pub fn accept(&self, listeners: Vec<Bound>) {
        for bound in listeners {
            // A core that is gone is stopping with the rest of the server.
            let _ = self.listeners.send(bound);
        }
    }

    /// Waits until every core has ended.
    pub fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a core ended by a panic");
            }
        }
    }
}

async fn accept_all(
    mut bound: mpsc::UnboundedReceiver<Bound>,
    hands: Vec<mpsc::UnboundedSender<Dealt>>,
    ctx: Arc<Context>,
) {
    while let Some(bound) = bound.recv().await {
        tokio::task::spawn_local(accept(bound, hands.clone(), Arc::clone(&ctx)));
    }
}

async fn accept(bound: Bound, hands: Vec<mpsc::UnboundedSender<Dealt>>, ctx: Arc<Context>) {
    let listener = match tokio::net::TcpListener::from_std(bound.socket) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, listener = bound.name, "cannot accept"),
    };
    let mut stop = ctx.stopping();
    let mut next = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopping| *stopping) => return,
        };
        match accepted.and_then(|(stream, peer)| Ok((stream.local_addr()?, stream.into_std()?, peer))) {
            Ok((local, stream, peer)) => {
                let Some(admission) = admitted(&ctx, (&bound.name, bound.kind), peer.ip()).await else { continue };
                let (listener, kind) = (bound.name.clone(), bound.kind);
                let info = ConnectionInfo { peer, local, listener, kind, software: None.into(), node: None.into() };
                // A core that is gone is stopping with the rest of the server.
                let _ = hands[next % hands.len()].send(Dealt { stream, info, admission });
                next += 1;
            }
            Err(error) => {
                // Out of descriptors, most likely: let connections end before trying again.
                tracing::warn!(%error, listener = bound.name, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

/// A place for a connection from `ip`, once there is one; none if it is to be closed. Meanwhile the kernel holds those that come
/// behind it, and nobody who is in notices anything.
async fn admitted(ctx: &Context, (listener, kind): (&str, ListenerKind), ip: IpAddr) -> Option<Admission> {
    let quota = match kind {
        ListenerKind::Broker => &ctx.connections,
        ListenerKind::Controller => &ctx.controller_connections,
    };
    let mut waits = false;
    loop {
        match quota.admit(listener, ip, ctx.clock.monotonic()) {
            Ok(admission) => return Some(admission),
            Err(TooMany::Wait(span)) => {
                if !waits {
                    tracing::warn!(%ip, listener, "a connection waits for its place: as many are open, or came lately, as may");
                }
                waits = true;
                let span = std::time::Duration::from_millis(u64::try_from(span.0).unwrap_or(0));
                let mut stop = ctx.stopping();
                tokio::select! {
                    () = tokio::time::sleep(span) => {}
                    _ = stop.wait_for(|stopping| *stopping) => return None,
                }
            }
            Err(too_many @ TooMany::PerIp { .. }) => {
                tracing::warn!(listener, "connection closed: {too_many}");
                return None;
            }
        }
    }
}

async fn serve_dealt(mut dealt: mpsc::UnboundedReceiver<Dealt>, ctx: Arc<Context>) {
    while let Some(Dealt { stream, info, admission }) = dealt.recv().await {
        let ctx = Arc::clone(&ctx);
        tokio::task::spawn_local(async move {
            let info = Rc::new(info);
            let (peer, listener) = (info.peer, &info.listener);
            let ended = match tokio::net::TcpStream::from_std(stream) {
                Ok(stream) => connection::serve(stream, Rc::clone(&info), Arc::clone(&ctx)).await,
                Err(error) => Err(ConnectionError::Io(error)),
            };
            match ended {
                Ok(()) | Err(ConnectionError::Idle) => {}
                Err(ConnectionError::Io(error)) => tracing::debug!(%peer, listener, %error, "connection lost"),
                Err(error) => tracing::warn!(%peer, listener, %error, "connection closed"),
            }
            drop(admission);
            let node = info.node.borrow_mut().take();
            if let Some(node) = node {
                internal::connection_ended(&ctx, node).await;
            }
        });
    }
}
