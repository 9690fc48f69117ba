//! Configurations, quotas and client telemetry.

pub mod request;
pub mod response;
