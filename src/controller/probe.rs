//! Whether a broker's process is gone: an edge whose body is in `peer`.

use std::future::Future;
use std::pin::Pin;

/// Knocks at a port.
pub trait Probe: Send + Sync + 'static {
    /// True only if the machine is there and says that nobody listens. No answer says nothing: the network may be broken.
    fn is_refused(&self, host: String, port: u16) -> Pin<Box<dyn Future<Output = bool> + Send>>;
}
