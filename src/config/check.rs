//! Settings judged together: what several keys say about one thing must not contradict.
//!
//! Every rule tells the key to change, its value and its source. The rules are Kafka's, but for four leniencies that
//! real deployments need: a controller listener may be missing where it can be told from the voters, an inter-broker
//! listener is chosen where nothing names one, listeners follow from advertised ones, and commas may be left over.

use super::broker;
use super::definition::ConfigType;
use super::error::ConfigError;
use super::listeners::{
    Endpoint, Listener, SecurityProtocol, host_and_port, parse_endpoints, parse_protocol_map, parse_voters,
};
use super::server::{Parts, Roles, ServerConfig};
use super::source::Warning;
use super::value::elements;

/// `value` without the empty elements that a list of addresses may carry.
pub(super) fn tolerate(key: &str, value: &str) -> String {
    let is_address_list = matches!(key, "listeners" | "advertised.listeners" | "log.dirs" | "log.dir");
    let is_list = broker::find(key).is_some_and(|def| def.kind == ConfigType::List);
    if !is_address_list || !is_list {
        return value.to_owned();
    }
    elements(value).into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

/// Judges `config` as a whole and gathers what several keys say together.
pub(super) fn together(config: &ServerConfig, errors: &mut Vec<ConfigError>, warnings: &mut Vec<Warning>) -> Parts {
    let mut rules = Rules { config, errors, warnings };
    let mut parts = Parts { roles: rules.roles(), node_id: rules.node_id(), ..Parts::default() };
    parts.log_dirs = rules.log_dirs();
    rules.quorum(&mut parts);
    rules.listeners(&mut parts);
    rules.ranges();
    parts
}

struct Rules<'a> {
    config: &'a ServerConfig,
    errors: &'a mut Vec<ConfigError>,
    warnings: &'a mut Vec<Warning>,
}

impl Rules<'_> {
    fn wrong(&mut self, key: &str, problem: impl Into<String>) {
        let (value, source) = self.config.value(key);
        let value = value.filter(|_| broker::find(key).is_some_and(|def| !def.is_sensitive()));
        self.errors.push(ConfigError { key: key.to_owned(), value, source, problem: problem.into(), nearest: None });
    }

    /// A text value, empty for null.
    fn text(&self, key: &str) -> String {
        self.config.text(key).unwrap_or_default()
    }

    fn is_set(&self, key: &str) -> bool {
        self.config.set_value(key).is_some_and(|value| !value.trim().is_empty())
    }

    fn read<T: Default>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        parse(&self.text(key)).unwrap_or_else(|problem| {
            self.wrong(key, problem);
            T::default()
        })
    }

    fn roles(&self) -> Roles {
        let named = elements(&self.text("process.roles"));
        let has = |role: &str| named.iter().any(|name| name == role);
        Roles { broker: has("broker"), controller: has("controller") }
    }

    fn node_id(&mut self) -> i32 {
        let node: i32 = self.text("node.id").parse().unwrap_or(-1);
        let broker: i32 = self.text("broker.id").parse().unwrap_or(-1);
        if broker >= 0 && broker != node {
            self.wrong(
                "broker.id",
                format!("it is the old name of node.id, which is {node}; allowed: the same number"),
            );
        }
        node
    }

    fn log_dirs(&self) -> Vec<String> {
        let key = if self.is_set("log.dirs") { "log.dirs" } else { "log.dir" };
        let mut dirs: Vec<String> = Vec::new();
        for dir in elements(&self.text(key)) {
            if !dir.is_empty() && !dirs.contains(&dir) {
                dirs.push(dir);
            }
        }
        dirs
    }

    fn quorum(&mut self, parts: &mut Parts) {
        parts.voters = self.read("controller.quorum.voters", parse_voters);
        parts.bootstrap_servers = self.read("controller.quorum.bootstrap.servers", |text| {
            let parts = elements(text).into_iter().filter(|part| !part.is_empty());
            let read =
                |part: String| host_and_port(&part).ok_or_else(|| format!("`{part}` is not of the form host:port"));
            parts.map(read).collect()
        });
        let votes = parts.voters.iter().any(|voter| voter.id == parts.node_id);
        let named = !parts.voters.is_empty();
        if parts.roles.controller && named && !votes {
            let problem = format!("the node {} is a controller and must be among the voters", parts.node_id);
            self.wrong("controller.quorum.voters", problem);
        }
        if !parts.roles.controller && votes {
            let problem = format!("the node {} is among the voters, so it needs the role controller", parts.node_id);
            self.wrong("process.roles", problem);
        }
        if !parts.roles.controller && !named && parts.bootstrap_servers.is_empty() {
            let problem =
                "a broker alone must know its controllers, from this key or controller.quorum.bootstrap.servers";
            self.wrong("controller.quorum.voters", problem);
        }
    }

    fn listeners(&mut self, parts: &mut Parts) {
        let map = self.read("listener.security.protocol.map", parse_protocol_map);
        let advertised = self.read("advertised.listeners", parse_endpoints);
        let mut bound = self.read("listeners", parse_endpoints);
        if !self.is_set("listeners") && !advertised.is_empty() {
            bound = advertised.iter().map(|told| Endpoint { host: String::new(), ..told.clone() }).collect();
        }
        let of_controllers: Vec<String> =
            elements(&self.text("controller.listener.names")).iter().map(|name| name.to_ascii_uppercase()).collect();
        self.add_controller_listener(parts, &of_controllers, &mut bound);
        self.advertised(&advertised, &bound);
        self.ports(&bound);
        for bind in bound {
            let for_controllers = of_controllers.contains(&bind.name);
            let Some(protocol) = self.protocol(&map, &bind.name, for_controllers) else { continue };
            let told = advertised.iter().find(|told| told.name == bind.name).cloned();
            let advertised = told.unwrap_or_else(|| derive(&bind));
            let listener = Listener { bind, advertised, protocol };
            if for_controllers { parts.controller_listeners.push(listener) } else { parts.listeners.push(listener) }
        }
        self.roles_against_listeners(parts);
        parts.inter_broker_listener = self.inter_broker(parts);
    }

    /// A controller whose own entry among the voters says where it listens need not say it again.
    fn add_controller_listener(&mut self, parts: &Parts, names: &[String], bound: &mut Vec<Endpoint>) {
        let Some(name) = names.first() else { return };
        if !parts.roles.controller || bound.iter().any(|bind| names.contains(&bind.name)) {
            return;
        }
        match parts.voters.iter().find(|voter| voter.id == parts.node_id) {
            Some(own) => {
                bound.push(Endpoint { name: name.clone(), host: String::new(), port: own.port });
                let problem =
                    format!("listeners names no {name}; its port {} is taken from controller.quorum.voters", own.port);
                self.warnings.push(Warning(problem));
            }
            None if !parts.roles.broker => {
                let problem = format!("a controller alone must listen; allowed: a listener named {name}");
                self.wrong("listeners", problem);
            }
            None => {}
        }
    }

    fn advertised(&mut self, advertised: &[Endpoint], bound: &[Endpoint]) {
        let names: Vec<&str> = bound.iter().map(|bind| bind.name.as_str()).collect();
        for told in advertised {
            if !names.contains(&told.name.as_str()) {
                let problem = format!("{} is not among the listeners; allowed: {}", told.name, names.join(", "));
                self.wrong("advertised.listeners", problem);
            } else if !told.host.is_empty() && told.is_wildcard() {
                let problem = format!("no client can connect to {}; allowed: a host that clients can reach", told.host);
                self.wrong("advertised.listeners", problem);
            }
        }
    }

    /// Two listeners may share a port only where one is on IPv4 and the other on IPv6.
    fn ports(&mut self, bound: &[Endpoint]) {
        for (i, bind) in bound.iter().enumerate() {
            let clash = bound[..i].iter().find(|other| {
                let families_differ = other.host.contains(':') != bind.host.contains(':');
                let both_given = !other.host.is_empty() && !bind.host.is_empty();
                bind.port != 0 && other.port == bind.port && !(families_differ && both_given)
            });
            if let Some(other) = clash {
                self.wrong("listeners", format!("{} and {} share the port {}", other.name, bind.name, bind.port));
            }
        }
    }

    fn protocol(
        &mut self,
        map: &std::collections::BTreeMap<String, SecurityProtocol>,
        name: &str,
        for_controllers: bool,
    ) -> Option<SecurityProtocol> {
        let explicit = self.is_set("listener.security.protocol.map");
        let implied = (for_controllers && !explicit).then_some(SecurityProtocol::Plaintext);
        let protocol = map.get(name).copied().or(implied).or_else(|| SecurityProtocol::parse(name));
        match protocol {
            Some(SecurityProtocol::Plaintext) => {}
            Some(other) => self.wrong(
                "listener.security.protocol.map",
                format!("the listener {name} would speak {other}, which is not built yet; allowed: PLAINTEXT"),
            ),
            None => self.wrong(
                "listener.security.protocol.map",
                format!(
                    "it does not say what the listener {name} speaks; allowed: one of {}",
                    SecurityProtocol::NAMES.join(", ")
                ),
            ),
        }
        protocol
    }

    fn roles_against_listeners(&mut self, parts: &Parts) {
        let names = |listeners: &[Listener]| listeners.iter().map(Listener::name).collect::<Vec<_>>().join(", ");
        if !parts.roles.controller && !parts.controller_listeners.is_empty() {
            let problem = format!("{} is for controllers, and this node is none", names(&parts.controller_listeners));
            self.wrong("listeners", problem);
        }
        if !parts.roles.broker && !parts.listeners.is_empty() {
            let problem = format!("{} is for brokers, and this node is none", names(&parts.listeners));
            self.wrong("listeners", problem);
        }
        if parts.roles.broker && parts.listeners.is_empty() && self.errors.is_empty() {
            self.wrong("listeners", "a broker needs a listener that is not the controllers'");
        }
    }

    fn inter_broker(&mut self, parts: &Parts) -> String {
        let has = |name: &str| parts.listeners.iter().any(|listener| listener.name() == name);
        let all = || parts.listeners.iter().map(Listener::name).collect::<Vec<_>>().join(", ");
        let by_name = self.is_set("inter.broker.listener.name");
        let by_protocol = self.is_set("security.inter.broker.protocol");
        if by_name && by_protocol {
            self.wrong(
                "security.inter.broker.protocol",
                "it excludes inter.broker.listener.name; allowed: only one of them",
            );
        }
        let key = if by_name { "inter.broker.listener.name" } else { "security.inter.broker.protocol" };
        let name = self.text(key).to_ascii_uppercase();
        if has(&name) || !parts.roles.broker {
            return name;
        }
        if by_name || by_protocol {
            self.wrong(key, format!("no listener of that name; allowed: {}", all()));
        }
        parts.listeners.first().map(|listener| listener.name().to_owned()).unwrap_or_default()
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.config.text(key)?.parse().ok()
    }

    /// Pairs of which the first must not exceed the second.
    fn ordered(&mut self, low: &str, high: &str) {
        if let (Some(a), Some(b)) = (self.number(low), self.number(high))
            && a > b
        {
            // The one that somebody set is the one to change.
            let (key, other, bound) = if self.is_set(low) { (low, high, b) } else { (high, low, a) };
            let relation = if key == low { "at most" } else { "at least" };
            self.wrong(key, format!("allowed: {relation} {other}, which is {bound}"));
        }
    }

    fn ranges(&mut self) {
        for (low, high) in ORDERED {
            self.ordered(low, high);
        }
        for key in ["log.roll.ms", "log.retention.ms", "log.retention.minutes", "log.retention.hours"] {
            let endless = key != "log.roll.ms";
            if let Some(span) = self.number(key)
                && span < 1
                && !(endless && span == -1)
            {
                self.wrong(key, if endless { "allowed: at least 1, or -1 for ever" } else { "allowed: at least 1" });
            }
        }
        if self.number("log.roll.jitter.ms").is_some_and(|jitter| jitter < 0) {
            self.wrong("log.roll.jitter.ms", "allowed: at least 0");
        }
        for key in ["offsets.topic.compression.codec", "share.coordinator.state.topic.compression.codec"] {
            if !self.number(key).is_some_and(|codec| (0..=4).contains(&codec)) {
                self.wrong(key, "allowed: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd");
            }
        }
        if self.number("max.connections.per.ip") == Some(0) && !self.is_set("max.connections.per.ip.overrides") {
            self.wrong(
                "max.connections.per.ip",
                "nobody could connect; allowed: 0 only with max.connections.per.ip.overrides",
            );
        }
        let protocols = "group.coordinator.rebalance.protocols";
        if !elements(&self.text(protocols)).iter().any(|name| name == "classic") {
            self.wrong(protocols, "classic groups cannot be switched off; allowed: lists that name classic");
        }
        self.kerberos();
        self.selector();
    }

    fn kerberos(&mut self) {
        for key in
            ["sasl.enabled.mechanisms", "sasl.mechanism.inter.broker.protocol", "sasl.mechanism.controller.protocol"]
        {
            if self.is_set(key) && elements(&self.text(key)).iter().any(|name| name.eq_ignore_ascii_case("GSSAPI")) {
                self.wrong(key, "GSSAPI is not supported; allowed: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER");
            }
        }
    }

    fn selector(&mut self) {
        const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
        if self.is_set("replica.selector.class") && self.text("replica.selector.class") != RACK_AWARE {
            self.wrong("replica.selector.class", format!("Java classes cannot be loaded; allowed: {RACK_AWARE}"));
        }
    }
}

/// What clients are told of a listener that nothing else is said of.
fn derive(bind: &Endpoint) -> Endpoint {
    let host = if bind.is_wildcard() { String::new() } else { bind.host.clone() };
    Endpoint { host, ..bind.clone() }
}

const ORDERED: [(&str, &str); 19] = [
    ("replica.fetch.wait.max.ms", "replica.socket.timeout.ms"),
    ("replica.fetch.wait.max.ms", "replica.lag.time.max.ms"),
    ("broker.heartbeat.interval.ms", "broker.session.timeout.ms"),
    ("group.min.session.timeout.ms", "group.max.session.timeout.ms"),
    ("group.consumer.min.session.timeout.ms", "group.consumer.session.timeout.ms"),
    ("group.consumer.session.timeout.ms", "group.consumer.max.session.timeout.ms"),
    ("group.consumer.min.heartbeat.interval.ms", "group.consumer.heartbeat.interval.ms"),
    ("group.consumer.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"),
    ("group.consumer.heartbeat.interval.ms", "group.consumer.session.timeout.ms"),
    ("group.share.min.session.timeout.ms", "group.share.session.timeout.ms"),
    ("group.share.session.timeout.ms", "group.share.max.session.timeout.ms"),
    ("group.share.heartbeat.interval.ms", "group.share.session.timeout.ms"),
    ("group.share.min.record.lock.duration.ms", "group.share.record.lock.duration.ms"),
    ("group.share.record.lock.duration.ms", "group.share.max.record.lock.duration.ms"),
    ("group.share.min.delivery.count.limit", "group.share.delivery.count.limit"),
    ("group.share.delivery.count.limit", "group.share.max.delivery.count.limit"),
    ("group.streams.min.session.timeout.ms", "group.streams.session.timeout.ms"),
    ("group.streams.session.timeout.ms", "group.streams.max.session.timeout.ms"),
    ("group.streams.num.standby.replicas", "group.streams.max.standby.replicas"),
];
