//! From a listener's host to the addresses that are bound.
//!
//! No host, `0.0.0.0` and `::` are every address of the machine; `localhost` is both loopback addresses, so that a client
//! which resolves it either way gets through. An address family that the machine lacks is passed over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use crate::config::listeners::Listener;
use crate::config::server::ServerConfig;
use crate::protocol::api::ListenerKind;
use crate::server::listener::{self, Bound, SocketSizes};

/// Why a listener cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The host's name has no address.
    #[error("listener {listener}: the host {host} of `listeners` has no address: {source}")]
    Resolve {
        /// The listener's name.
        listener: String,
        /// The host.
        host: String,
        /// What the resolver said.
        source: std::io::Error,
    },
    /// An address cannot be bound.
    #[error(
        "listener {listener}: {address} cannot be bound: {source}. Stop what uses it, or choose another port in `listeners`"
    )]
    Bind {
        /// The listener's name.
        listener: String,
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Binds every address of `listener`. With port 0 all of them get the port that the first one got.
pub fn bind(listener: &Listener, kind: ListenerKind, sizes: SocketSizes) -> Result<Vec<Bound>, BindError> {
    let mut bound: Vec<Bound> = Vec::new();
    let mut refused = None;
    for mut address in addresses(listener)? {
        if let (0, Some(first)) = (address.port(), bound.first()) {
            address.set_port(first.address.port());
        }
        match listener::bind(listener.name(), kind, address, sizes) {
            Ok(one) => bound.push(one),
            Err(source) => {
                let error = BindError::Bind { listener: listener.name().to_owned(), address, source };
                match &error {
                    BindError::Bind { source, .. } if is_missing_family(source) => refused = Some(error),
                    _ => return Err(error),
                }
            }
        }
    }
    match refused {
        Some(error) if bound.is_empty() => Err(error),
        _ => Ok(bound),
    }
}

/// The sizes that are set (`socket.send.buffer.bytes`, `socket.receive.buffer.bytes`; -1 leaves them to the kernel). A small
/// send buffer keeps what sendfile hands over in the processor's cache until it is received, which matters to readers on the
/// same machine. Received bytes are read at once, so there the kernel decides where nobody asks. Kafka's default backlog of 50
/// is too few for a storm: `socket.listen.backlog.size` counts where it is set.
pub fn sizes(config: &ServerConfig) -> SocketSizes {
    let asked_receive = config.set_value("socket.receive.buffer.bytes").map(|_| config.socket_receive_buffer_bytes());
    let asked_backlog = config.set_value("socket.listen.backlog.size").map(|_| config.socket_listen_backlog_size());
    SocketSizes {
        send: usize::try_from(config.socket_send_buffer_bytes()).ok(),
        receive: asked_receive.and_then(|size| usize::try_from(size).ok()),
        backlog: asked_backlog.unwrap_or(listener::BACKLOG),
    }
}

fn is_missing_family(error: &std::io::Error) -> bool {
    let missing = [rustix::io::Errno::AFNOSUPPORT, rustix::io::Errno::ADDRNOTAVAIL];
    error.raw_os_error().is_some_and(|code| missing.iter().any(|e| e.raw_os_error() == code))
}

fn addresses(listener: &Listener) -> Result<Vec<SocketAddr>, BindError> {
    let (host, port) = (listener.bind.host.as_str(), listener.bind.port);
    let all = |ips: &[IpAddr]| Ok(ips.iter().map(|ip| SocketAddr::new(*ip, port)).collect());
    match host {
        "" | "::" | "[::]" => all(&[Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()][..wildcards()]),
        "0.0.0.0" => all(&[Ipv4Addr::UNSPECIFIED.into()]),
        "localhost" => all(&[Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        name => {
            let name = name.trim_start_matches('[').trim_end_matches(']');
            let resolved = (name, port).to_socket_addrs().map_err(|source| BindError::Resolve {
                listener: listener.name().to_owned(),
                host: name.to_owned(),
                source,
            })?;
            let mut addresses: Vec<_> = resolved.collect();
            addresses.dedup();
            Ok(addresses)
        }
    }
}

/// One socket serves both families where the machine has IPv6; without it only the second wildcard is of use.
fn wildcards() -> usize {
    let has_v6 = std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if has_v6 { 1 } else { 2 }
}
