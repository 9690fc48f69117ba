//! What the configuration says about classic groups.

use crate::config::server::ServerConfig;

/// The settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Shortest session timeout that a member may ask for (`group.min.session.timeout.ms`).
    pub session_timeout_ms_min: i32,
    /// Longest (`group.max.session.timeout.ms`).
    pub session_timeout_ms_max: i32,
    /// How long an empty group's first rebalance waits for more members (`group.initial.rebalance.delay.ms`).
    pub initial_rebalance_delay_ms: i32,
    /// Most members of one group (`group.max.size`).
    pub members_max: i32,
}

impl Settings {
    /// As this configuration says.
    pub fn new(config: &ServerConfig) -> Self {
        Self {
            session_timeout_ms_min: config.group_min_session_timeout_ms(),
            session_timeout_ms_max: config.group_max_session_timeout_ms(),
            initial_rebalance_delay_ms: config.group_initial_rebalance_delay_ms(),
            members_max: config.group_max_size(),
        }
    }
}
