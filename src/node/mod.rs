//! The roof: wiring and lifecycle of one process. Everything may be named here.

pub mod logging;
pub mod maintenance;
pub mod metadata_loader;
pub mod metrics_http;
pub mod process;
pub mod shutdown;
