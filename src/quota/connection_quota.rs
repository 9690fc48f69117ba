//! Caps on connections (KIP-308, KIP-402, KIP-612): how many in all, on one listener, from one address; how many new ones in a
//! second.
//!
//! As in Kafka, one that is over an address's cap is closed, while one that is over another cap waits to be taken until there is
//! a place: clients that came before notice nothing. The caps may change at any time; nobody who is in is thrown out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::ids::Millis;

/// How long who found no place waits before he asks again.
const LOOK_AGAIN: Millis = Millis(20);

/// The caps.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionLimits {
    /// In all.
    pub total_max: usize,
    /// New ones in a second, on all listeners.
    pub per_second_max: f64,
    /// How many seconds' worth may come at once, after a silence.
    pub burst_seconds: f64,
    /// From one address.
    pub per_ip_max: usize,
    /// From these addresses, instead of `per_ip_max`.
    pub per_ip_overrides: HashMap<IpAddr, usize>,
    /// On single listeners.
    pub listeners: HashMap<String, ListenerLimits>,
    /// The listener of other brokers, if clients have another: the cap on all does not hold it up.
    pub protected: Option<String>,
}

/// The caps on one listener.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListenerLimits {
    /// Open at a time.
    pub open_max: usize,
    /// New ones in a second.
    pub per_second_max: f64,
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// There may be a place later.
    #[error("no place for {0} ms at least")]
    Wait(Millis),
    /// Its address has as many as it may: it is closed.
    #[error("{count} connections are open from {ip}, which may not have more (max.connections.per.ip)")]
    PerIp {
        /// The address.
        ip: IpAddr,
        /// Open from there.
        count: usize,
    },
}

/// New connections that may still come: refilled as time goes by.
#[derive(Debug, Clone, Copy, Default)]
struct Allowance {
    left: f64,
    at: Option<Millis>,
}

impl Allowance {
    /// How long to wait for the next; zero if it may come now.
    fn wait(&mut self, per_second: f64, burst_seconds: f64, now: Millis) -> Millis {
        let most = (per_second * burst_seconds).max(1.0);
        let gained = self.at.map_or(most, |at| now.since(at).0 as f64 / 1000.0 * per_second);
        self.left = (self.left + gained).min(most);
        self.at = Some(now);
        if self.left >= 1.0 { Millis(0) } else { Millis(((1.0 - self.left) * 1000.0 / per_second).ceil() as i64) }
    }
}

#[derive(Default)]
struct Listening {
    open: usize,
    allowance: Allowance,
}

struct State {
    limits: ConnectionLimits,
    total: usize,
    allowance: Allowance,
    per_ip: HashMap<IpAddr, usize>,
    listeners: HashMap<String, Listening>,
}

/// Counts what is open.
pub struct ConnectionQuota {
    state: Mutex<State>,
}

/// A place among the open connections, given back when dropped.
pub struct Admission {
    quota: Arc<ConnectionQuota>,
    listener: String,
    ip: IpAddr,
}

impl ConnectionQuota {
    /// Nothing open yet.
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        let (per_ip, listeners) = (HashMap::new(), HashMap::new());
        Arc::new(Self {
            state: Mutex::new(State { limits, total: 0, allowance: Allowance::default(), per_ip, listeners }),
        })
    }

    /// Changes the caps.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        self.state.lock().limits = limits;
    }

    /// Takes a place for a connection from `ip`. `now` is on a clock that never goes back.
    pub fn admit(self: &Arc<Self>, listener: &str, ip: IpAddr, now: Millis) -> Result<Admission, TooMany> {
        let mut held = self.state.lock();
        let State { limits, total, allowance, per_ip, listeners } = &mut *held;
        let here = listeners.entry(listener.to_owned()).or_default();
        let own = limits.listeners.get(listener);
        let is_full = *total >= limits.total_max && limits.protected.as_deref() != Some(listener);
        if is_full || own.is_some_and(|own| here.open >= own.open_max) {
            return Err(TooMany::Wait(LOOK_AGAIN));
        }
        let burst = limits.burst_seconds;
        let wait = own.map_or(Millis(0), |own| here.allowance.wait(own.per_second_max, burst, now));
        let wait = wait.max(allowance.wait(limits.per_second_max, burst, now));
        if wait > Millis(0) {
            return Err(TooMany::Wait(wait));
        }
        // One that is closed at once counts as a new one all the same: it has cost what they cost.
        here.allowance.left -= 1.0;
        allowance.left -= 1.0;
        let cap = limits.per_ip_overrides.get(&ip).copied().unwrap_or(limits.per_ip_max);
        let count = per_ip.get(&ip).copied().unwrap_or(0);
        if count >= cap {
            return Err(TooMany::PerIp { ip, count });
        }
        per_ip.insert(ip, count + 1);
        *total += 1;
        here.open += 1;
        Ok(Admission { quota: Arc::clone(self), listener: listener.to_owned(), ip })
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.state.lock().total
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut state = self.quota.state.lock();
        state.total -= 1;
        if let Some(here) = state.listeners.get_mut(&self.listener) {
            here.open -= 1;
        }
        match state.per_ip.get_mut(&self.ip) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                state.per_ip.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));
    const SPECIAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

    fn limits() -> ConnectionLimits {
        ConnectionLimits {
            total_max: 4,
            per_second_max: 1e9,
            burst_seconds: 10.0,
            per_ip_max: 2,
            per_ip_overrides: HashMap::from([(SPECIAL, 0)]),
            listeners: HashMap::new(),
            protected: None,
        }
    }

    fn admit(quota: &Arc<ConnectionQuota>, listener: &str, ip: IpAddr, at: i64) -> Result<Admission, TooMany> {
        quota.admit(listener, ip, Millis(at))
    }

    #[test]
    fn caps_hold_and_places_come_back() {
        let quota = ConnectionQuota::new(ConnectionLimits { protected: Some("brokers".into()), ..limits() });
        let first = admit(&quota, "clients", ONE, 0).ok().unwrap();
        let _second = admit(&quota, "clients", ONE, 0).ok().unwrap();
        assert_eq!(admit(&quota, "clients", ONE, 0).err(), Some(TooMany::PerIp { ip: ONE, count: 2 }));
        assert_eq!(admit(&quota, "clients", SPECIAL, 0).err(), Some(TooMany::PerIp { ip: SPECIAL, count: 0 }));
        drop(first);
        let _third = admit(&quota, "clients", ONE, 0).ok().unwrap();
        let _others: Vec<_> = (0..2).map(|_| admit(&quota, "clients", OTHER, 0).ok().unwrap()).collect();
        assert_eq!(admit(&quota, "clients", [10, 0, 0, 3].into(), 0).err(), Some(TooMany::Wait(LOOK_AGAIN)));
        let _broker = admit(&quota, "brokers", [10, 0, 0, 3].into(), 0).ok().unwrap();
        assert_eq!(quota.count(), 5);
        quota.set_limits(ConnectionLimits { total_max: 6, ..limits() });
        assert!(admit(&quota, "clients", [10, 0, 0, 3].into(), 0).is_ok());
    }

    #[test]
    fn a_listener_may_have_caps_of_its_own() {
        let own = ListenerLimits { open_max: 1, per_second_max: 1e9 };
        let quota =
            ConnectionQuota::new(ConnectionLimits { listeners: HashMap::from([("clients".into(), own)]), ..limits() });
        let one = admit(&quota, "clients", ONE, 0).ok().unwrap();
        assert_eq!(admit(&quota, "clients", OTHER, 0).err(), Some(TooMany::Wait(LOOK_AGAIN)));
        assert!(admit(&quota, "others", OTHER, 0).is_ok());
        drop(one);
        assert!(admit(&quota, "clients", OTHER, 0).is_ok());
    }

    #[test]
    fn new_ones_come_at_the_rate_that_is_set() {
        let roomy = ConnectionLimits { total_max: 1000, per_ip_max: 1000, ..limits() };
        let quota = ConnectionQuota::new(ConnectionLimits { per_second_max: 5.0, burst_seconds: 2.0, ..roomy });
        let mut open = Vec::new();
        let mut take = |at: i64| admit(&quota, "clients", ONE, at).map(|one| open.push(one));
        (0..10).for_each(|_| take(0).unwrap());
        assert_eq!(take(0), Err(TooMany::Wait(Millis(200))));
        assert_eq!(take(150), Err(TooMany::Wait(Millis(50))));
        assert_eq!(take(200), Ok(()));
        let within_a_minute = (201..60_200).filter(|at| take(*at).is_ok()).count();
        assert_eq!(within_a_minute, 300 - 1);
    }
}
