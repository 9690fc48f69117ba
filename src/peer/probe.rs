//! Whether anybody listens at a port.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpStream;

use super::address::Address;
use super::dial;
use crate::controller::probe::Probe;

/// Longest that an answer is waited for.
const LIMIT: Duration = Duration::from_millis(500);
/// Between two knocks.
const PAUSE: Duration = Duration::from_millis(5);

/// Knocks over TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpProbe;

impl Probe for TcpProbe {
    fn is_refused(&self, host: String, port: u16) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        Box::pin(is_refused(host, port))
    }
}

/// True only if every address of the host is there and says that nobody listens.
pub async fn is_refused(host: String, port: u16) -> bool {
    if let Some(network) = dial::simulated() {
        return tokio::time::timeout(LIMIT, network.is_refused(&Address { host, port })).await.unwrap_or(false);
    }
    let knock = async {
        let Ok(addresses) = tokio::net::lookup_host((host.as_str(), port)).await else { return false };
        let mut refused = 0;
        for address in addresses {
            match refusal(address).await {
                ErrorKind::ConnectionRefused => refused += 1,
                // A family that this machine lacks says nothing.
                ErrorKind::AddrNotAvailable => {}
                _ => return false,
            }
        }
        refused > 0
    };
    tokio::time::timeout(LIMIT, knock).await.unwrap_or(false)
}

/// Why a connection cannot be made. Where one is made this waits for its end: a process that dies takes connections for as long as
/// its port is not yet closed, and drops them then; one that lives keeps them.
async fn refusal(address: SocketAddr) -> ErrorKind {
    loop {
        match TcpStream::connect(address).await {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => return error.kind(),
            Ok(stream) => {
                // An error is an end as well.
                let _ = stream.readable().await;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_dropped_knocks_again_until_the_port_is_closed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        assert!(!is_refused("127.0.0.1".to_owned(), port).await, "a port that takes a connection and keeps it");
        let dying = tokio::spawn(async move {
            for _ in 0..3 {
                drop(listener.accept().await.expect("a knock"));
            }
        });
        assert!(is_refused("127.0.0.1".to_owned(), port).await, "three were dropped, and then the port was closed");
        dying.await.expect("it has ended");
    }
}
