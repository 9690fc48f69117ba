//! The roof: wiring and lifecycle of one process. Everything may be named here.

pub mod banner;
pub mod bind;
pub mod broker;
pub mod cleaner;
pub mod connections;
pub mod coordinators;
pub mod directories;
pub mod dump_log;
pub mod footprint;
pub mod group_lag;
pub mod isr_channel;
pub mod lifecycle;
pub mod logging;
pub mod maintenance;
pub mod metadata_loader;
pub mod metrics;
pub mod metrics_http;
pub mod partition_log;
pub mod process;
pub mod quorum_member;
pub mod quorum_metrics;
pub mod quorum_setup;
pub mod replication;
pub mod settings;
pub mod shutdown;
pub mod transactions;
