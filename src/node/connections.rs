//! From the configuration to the caps on connections.

use std::collections::HashMap;
use std::net::ToSocketAddrs;
use std::sync::Arc;

use crate::config::server::ServerConfig;
use crate::quota::connection_quota::{ConnectionLimits, ConnectionQuota};

/// The caps that `max.connections`, `max.connections.per.ip` and `max.connections.per.ip.overrides` set.
pub fn quota(config: &ServerConfig) -> Result<Arc<ConnectionQuota>, String> {
    let count = |n: i32| usize::try_from(n).unwrap_or(0);
    let mut per_ip_overrides = HashMap::new();
    let overrides = config.text("max.connections.per.ip.overrides").unwrap_or_default();
    for entry in overrides.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let wrong = || format!("max.connections.per.ip.overrides: `{entry}` is not of the form address:count");
        let (host, cap) = entry.rsplit_once(':').ok_or_else(wrong)?;
        let cap: usize = cap.trim().parse().map_err(|_| wrong())?;
        let addresses = (host.trim(), 0)
            .to_socket_addrs()
            .map_err(|e| format!("max.connections.per.ip.overrides: {host} has no address: {e}"))?;
        per_ip_overrides.extend(addresses.map(|address| (address.ip(), cap)));
    }
    Ok(ConnectionQuota::new(ConnectionLimits {
        total_max: count(config.max_connections()),
        per_ip_max: count(config.max_connections_per_ip()),
        per_ip_overrides,
    }))
}
