//! Whether anybody listens at a port.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpStream;

use super::address::Address;
use super::dial;
use crate::controller::probe::Probe;

/// Longest that an answer is waited for.
const LIMIT: Duration = Duration::from_millis(500);

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
            match TcpStream::connect(address).await {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => refused += 1,
                // A family that this machine lacks says nothing.
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {}
                _ => return false,
            }
        }
        refused > 0
    };
    tokio::time::timeout(LIMIT, knock).await.unwrap_or(false)
}
