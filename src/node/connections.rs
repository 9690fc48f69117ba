//! From the configuration to the caps on connections, now and whenever it changes.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::config::server::ServerConfig;
use crate::machine::blocking;
use crate::quota::connection_quota::{ConnectionLimits, ConnectionQuota, ListenerLimits};
use crate::replica::manager::ReplicaManager;

/// The caps that `max.connections`, `max.connections.per.ip`, `max.connections.per.ip.overrides` and
/// `max.connection.creation.rate` set, for all listeners or for one.
pub fn limits(config: &ServerConfig) -> Result<ConnectionLimits, String> {
    let count = |n: i32| usize::try_from(n).unwrap_or(0);
    let rate = |n: i32| f64::from(n.max(1));
    let names = || config.listeners().iter().map(|listener| listener.name());
    let own = |name: &str| {
        let number = |key: &str| {
            let key = format!("listener.name.{}.{key}", name.to_lowercase());
            config.set_value(&key).and_then(|text| text.trim().parse::<i32>().ok()).unwrap_or(i32::MAX)
        };
        ListenerLimits {
            open_max: count(number("max.connections")),
            per_second_max: rate(number("max.connection.creation.rate")),
        }
    };
    let windows = |key: &str| config.text(key).and_then(|text| text.parse::<f64>().ok()).unwrap_or(1.0);
    let protected = (config.listeners().len() > 1).then(|| config.inter_broker_listener().to_owned());
    Ok(ConnectionLimits {
        total_max: count(config.max_connections()),
        per_second_max: rate(config.max_connection_creation_rate()),
        // Kafka looks at a rate over all its windows but the one that has just begun.
        burst_seconds: (windows("quota.window.num") - 1.0).max(1.0) * windows("quota.window.size.seconds"),
        per_ip_max: count(config.max_connections_per_ip()),
        per_ip_overrides: overrides(&config.text("max.connections.per.ip.overrides").unwrap_or_default())?,
        listeners: names().map(|name| (name.to_owned(), own(name))).collect(),
        protected,
    })
}

fn overrides(text: &str) -> Result<HashMap<IpAddr, usize>, String> {
    let mut caps = HashMap::new();
    for entry in text.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let wrong = || format!("max.connections.per.ip.overrides: `{entry}` is not of the form address:count");
        let (host, cap) = entry.rsplit_once(':').ok_or_else(wrong)?;
        let cap: usize = cap.trim().parse().map_err(|_| wrong())?;
        let addresses = (host.trim(), 0)
            .to_socket_addrs()
            .map_err(|e| format!("max.connections.per.ip.overrides: {host} has no address: {e}"))?;
        caps.extend(addresses.map(|address| (address.ip(), cap)));
    }
    Ok(caps)
}

/// Keeps the caps what the dynamic settings say.
pub async fn follow(replicas: Arc<ReplicaManager>, quotas: Vec<Arc<ConnectionQuota>>) {
    let mut images = replicas.subscribe();
    let mut known: Option<Arc<ServerConfig>> = None;
    loop {
        let config = replicas.config();
        if known.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &config)) {
            known = Some(Arc::clone(&config));
            // A host's name is looked up, which may take its time.
            match blocking::run(move || limits(&config)).await {
                Ok(Ok(limits)) => quotas.iter().for_each(|quota| quota.set_limits(limits.clone())),
                Ok(Err(error)) => tracing::warn!(error, "the caps on connections stay as they were"),
                Err(error) => tracing::error!(%error, "the caps on connections stay as they were"),
            }
        }
        if images.changed().await.is_err() {
            return;
        }
    }
}
