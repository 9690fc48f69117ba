//! Dialling: the seam below all connections that this process opens.
//!
//! A process either speaks TCP or, once [`simulate`] was called, a network in memory, where the simulator decides what arrives and
//! when. Knows nothing of what is said.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::address::Address;
use super::error::LostError;

/// A connection in memory.
pub trait SimulatedStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> SimulatedStream for T {}

/// Something that a simulated network will say.
pub type Said<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A network in memory.
pub trait SimulatedNetwork: Send + Sync {
    /// Connects to whoever listens at `address`.
    fn connect(&self, address: &Address) -> Said<io::Result<Box<dyn SimulatedStream>>>;
    /// True if the machine is there and says that nobody listens.
    fn is_refused(&self, address: &Address) -> Said<bool>;
}

static NETWORK: OnceLock<Arc<dyn SimulatedNetwork>> = OnceLock::new();

/// Has this process speak over `network` from now on. False if it does already.
pub fn simulate(network: Arc<dyn SimulatedNetwork>) -> bool {
    NETWORK.set(network).is_ok()
}

/// The network in memory, if there is one.
pub(super) fn simulated() -> Option<&'static Arc<dyn SimulatedNetwork>> {
    NETWORK.get()
}

/// A connection that was made.
pub(super) enum Dialled {
    Tcp(TcpStream),
    Simulated(Box<dyn SimulatedStream>),
}

/// Tries the name's addresses one after the other.
pub(super) async fn dial(address: &Address) -> Result<Dialled, LostError> {
    if let Some(network) = simulated() {
        let connected = network.connect(address).await;
        return connected.map(Dialled::Simulated).map_err(|error| LostError::Connect(error.to_string()));
    }
    let resolved = tokio::net::lookup_host((address.host.as_str(), address.port)).await;
    let resolved: Vec<_> = resolved.map_err(|error| LostError::Resolve(error.to_string()))?.collect();
    let mut last = LostError::Resolve("it has no address".to_string());
    for target in resolved {
        match TcpStream::connect(target).await {
            Ok(socket) => {
                // Requests are written whole: waiting for more to send would only delay them.
                socket.set_nodelay(true).map_err(|error| LostError::Io(error.to_string()))?;
                return Ok(Dialled::Tcp(socket));
            }
            Err(error) => last = LostError::Connect(error.to_string()),
        }
    }
    Err(last)
}
