//! Consumer groups (KIP-848): members heartbeat, the coordinator decides who consumes what, and reconciles epoch by epoch.

pub mod group;
pub mod on_timer;
pub mod replay;
pub mod soft;
