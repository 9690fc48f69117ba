//! Listeners: `NAME://host:port` texts, security protocols, and what clients are told.
//!
//! Lenient where real deployments are sloppy (empty hosts, a comma at the end, any order, names like `TC-0`), strict
//! where a mistake would send clients astray (a wildcard as an advertised host). Resolves no names and binds nothing.

use std::collections::BTreeMap;
use std::fmt;

use super::value::elements;

/// How the bytes of a listener are protected and its peers identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecurityProtocol {
    /// Neither.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL over plain text.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// All, under Kafka's names.
    pub const NAMES: [&str; 4] = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

    /// Reads a protocol's name, in either case of letters.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "PLAINTEXT" => Some(Self::Plaintext),
            "SSL" => Some(Self::Ssl),
            "SASL_PLAINTEXT" => Some(Self::SaslPlaintext),
            "SASL_SSL" => Some(Self::SaslSsl),
            _ => None,
        }
    }

    /// The number that registrations and Metadata carry.
    pub fn id(self) -> i16 {
        match self {
            Self::Plaintext => 0,
            Self::Ssl => 1,
            Self::SaslPlaintext => 2,
            Self::SaslSsl => 3,
        }
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[usize::from(self.id().unsigned_abs())])
    }
}

/// A named address: where a listener binds, or what clients are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name, in upper case.
    pub name: String,
    /// Host name or address, IPv6 without brackets. Empty: every interface when binding, this machine's name when told.
    pub host: String,
    /// The port; 0 lets the system choose.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "{}://[{}]:{}", self.name, self.host, self.port)
        } else {
            write!(f, "{}://{}:{}", self.name, self.host, self.port)
        }
    }
}

impl Endpoint {
    /// True where the host stands for every interface.
    pub fn is_wildcard(&self) -> bool {
        matches!(self.host.as_str(), "" | "0.0.0.0" | "::" | "0:0:0:0:0:0:0:0")
    }
}

/// A listener with its protocol and what clients are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it binds.
    pub bind: Endpoint,
    /// What clients are told. An empty host stands for this machine's name, port 0 for the port that was bound.
    pub advertised: Endpoint,
    /// What it speaks.
    pub protocol: SecurityProtocol,
}

impl Listener {
    /// The listener's name, in upper case.
    pub fn name(&self) -> &str {
        &self.bind.name
    }
}

/// Reads a list of `NAME://host:port`. Empty elements do not count.
pub fn parse_endpoints(text: &str) -> Result<Vec<Endpoint>, String> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for part in elements(text).into_iter().filter(|part| !part.is_empty()) {
        let endpoint = parse_endpoint(&part).ok_or_else(|| format!("`{part}` is not of the form NAME://host:port"))?;
        if endpoints.iter().any(|other| other.name == endpoint.name) {
            return Err(format!("the listener {} is named twice", endpoint.name));
        }
        endpoints.push(endpoint);
    }
    Ok(endpoints)
}

fn parse_endpoint(text: &str) -> Option<Endpoint> {
    let (name, address) = text.split_once("://")?;
    let sound = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let (host, port) = host_and_port(address)?;
    sound.then(|| Endpoint { name: name.to_ascii_uppercase(), host, port })
}

/// Reads `host:port`, `[v6]:port` or `:port`.
pub fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.trim().rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
    let sound = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'%'));
    let port = port.trim().parse().ok()?;
    sound.then(|| (host.to_owned(), port))
}

/// Reads `NAME:PROTOCOL` pairs. Empty elements do not count.
pub fn parse_protocol_map(text: &str) -> Result<BTreeMap<String, SecurityProtocol>, String> {
    let mut map = BTreeMap::new();
    for part in elements(text).into_iter().filter(|part| !part.is_empty()) {
        let pair = part.split_once(':').and_then(|(name, protocol)| {
            Some((name.trim().to_ascii_uppercase(), SecurityProtocol::parse(protocol.trim())?))
        });
        let allowed = SecurityProtocol::NAMES.join(", ");
        let (name, protocol) =
            pair.ok_or_else(|| format!("`{part}` is not NAME:PROTOCOL with a protocol of {allowed}"))?;
        if map.insert(name.clone(), protocol).is_some() {
            return Err(format!("the listener {name} is mapped twice"));
        }
    }
    Ok(map)
}

/// A controller that votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    /// Its `node.id`.
    pub id: i32,
    /// Where it listens.
    pub host: String,
    /// The port there.
    pub port: u16,
}

/// Reads `id@host:port` elements. Empty elements do not count.
pub fn parse_voters(text: &str) -> Result<Vec<Voter>, String> {
    let mut voters: Vec<Voter> = Vec::new();
    for part in elements(text).into_iter().filter(|part| !part.is_empty()) {
        let voter = part.split_once('@').and_then(|(id, address)| {
            let (host, port) = host_and_port(address)?;
            Some(Voter { id: id.trim().parse().ok().filter(|id| *id >= 0)?, host, port })
        });
        let voter = voter.ok_or_else(|| format!("`{part}` is not of the form id@host:port"))?;
        if voters.iter().any(|other| other.id == voter.id) {
            return Err(format!("the voter {} is named twice", voter.id));
        }
        voters.push(voter);
    }
    Ok(voters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_sloppily_as_they_are_written() {
        let read = parse_endpoints(" PLAINTEXT://:9092, tc-0://0.0.0.0:19092 ,CONTROLLER://[::1]:0,").unwrap();
        let texts: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["PLAINTEXT://:9092", "TC-0://0.0.0.0:19092", "CONTROLLER://[::1]:0"]);
        assert!(read[0].is_wildcard() && read[1].is_wildcard() && !read[2].is_wildcard());
        assert_eq!(parse_endpoints(""), Ok(vec![]));
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for bad in [
            "localhost:9092",
            "A://x",
            "A://x:70000",
            "A://x:-1",
            "://x:1",
            "A b://x:1",
            "A://x/y:1",
            "A://x:1,a://y:2",
        ] {
            assert!(parse_endpoints(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn protocol_maps_and_voters() {
        let map = parse_protocol_map("CONTROLLER:PLAINTEXT, external:sasl_ssl,").unwrap();
        assert_eq!(map["EXTERNAL"], SecurityProtocol::SaslSsl);
        for bad in ["A", "A:TLS", "A:SSL,a:SSL"] {
            assert!(parse_protocol_map(bad).is_err(), "{bad}");
        }
        let voters = parse_voters("1@localhost:9093,2@[::1]:9094").unwrap();
        assert_eq!(voters[1], Voter { id: 2, host: "::1".into(), port: 9094 });
        for bad in ["localhost:9093", "1@localhost", "x@h:1", "-1@h:1", "1@h:1,1@h:2"] {
            assert!(parse_voters(bad).is_err(), "{bad}");
        }
    }
}
