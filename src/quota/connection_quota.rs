//! Caps on connections: in all (`max.connections`) and per address (`max.connections.per.ip`, with
//! `max.connections.per.ip.overrides`), as in KIP-308 and KIP-402.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

/// The caps.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// In all.
    pub total_max: usize,
    /// From one address.
    pub per_ip_max: usize,
    /// From these addresses, instead of `per_ip_max`.
    pub per_ip_overrides: HashMap<IpAddr, usize>,
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// `max.connections` is reached.
    #[error("{0} connections are open, max.connections allows no more")]
    Total(usize),
    /// `max.connections.per.ip` is reached.
    #[error("{count} connections are open from {ip}, max.connections.per.ip allows no more")]
    PerIp {
        /// The address.
        ip: IpAddr,
        /// Open from there.
        count: usize,
    },
}

#[derive(Default)]
struct Open {
    total: usize,
    per_ip: HashMap<IpAddr, usize>,
}

/// Counts what is open.
pub struct ConnectionQuota {
    limits: ConnectionLimits,
    open: Mutex<Open>,
}

/// A place among the open connections, given back when dropped.
pub struct Admission {
    quota: Arc<ConnectionQuota>,
    ip: IpAddr,
}

impl ConnectionQuota {
    /// Nothing open yet.
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    /// Takes a place for a connection from `ip`.
    pub fn admit(self: &Arc<Self>, ip: IpAddr) -> Result<Admission, TooMany> {
        let mut open = self.open.lock();
        if open.total >= self.limits.total_max {
            return Err(TooMany::Total(open.total));
        }
        let cap = self.limits.per_ip_overrides.get(&ip).copied().unwrap_or(self.limits.per_ip_max);
        let count = open.per_ip.get(&ip).copied().unwrap_or(0);
        if count >= cap {
            return Err(TooMany::PerIp { ip, count });
        }
        open.per_ip.insert(ip, count + 1);
        open.total += 1;
        Ok(Admission { quota: Arc::clone(self), ip })
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open.lock().total
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.quota.open.lock();
        open.total -= 1;
        match open.per_ip.get_mut(&self.ip) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.per_ip.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_hold_and_places_come_back() {
        let special: IpAddr = [10, 0, 0, 9].into();
        let quota = ConnectionQuota::new(ConnectionLimits {
            total_max: 4,
            per_ip_max: 2,
            per_ip_overrides: HashMap::from([(special, 0)]),
        });
        let one: IpAddr = [10, 0, 0, 1].into();
        let first = quota.admit(one).ok().unwrap();
        let _second = quota.admit(one).ok().unwrap();
        assert_eq!(quota.admit(one).err(), Some(TooMany::PerIp { ip: one, count: 2 }));
        assert_eq!(quota.admit(special).err(), Some(TooMany::PerIp { ip: special, count: 0 }));
        drop(first);
        let _third = quota.admit(one).ok().unwrap();
        let _others: Vec<_> = (0..2u8).map(|_| quota.admit([10, 0, 0, 2].into()).ok().unwrap()).collect();
        assert_eq!(quota.admit([10, 0, 0, 3].into()).err(), Some(TooMany::Total(4)));
        assert_eq!(quota.count(), 4);
    }
}
