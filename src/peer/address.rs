//! Where a broker is: a host and a port, as in `bootstrap.servers`.

use std::fmt;

/// Kafka's customary port, taken where none is given.
pub const DEFAULT_PORT: u16 = 9092;

/// A host name or IP address and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name or an IP address; an IPv6 address without its brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// Why a piece of text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there.
    #[error("no address is given: write HOST:PORT, or several with commas between")]
    Empty,
    /// The port is not a number from 1 to 65535.
    #[error("{text:?} has no valid port: write HOST:PORT with a port from 1 to 65535")]
    Port {
        /// As given.
        text: String,
    },
    /// The host is empty or malformed.
    #[error("{text:?} has no valid host: write HOST:PORT, an IPv6 address as [ADDRESS]:PORT")]
    Host {
        /// As given.
        text: String,
    },
    /// A protocol other than plaintext.
    #[error("{text:?} asks for {protocol}, and this client speaks PLAINTEXT only: name a plaintext listener")]
    Protocol {
        /// As given.
        text: String,
        /// The protocol it names.
        protocol: String,
    },
}

impl Address {
    /// Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT`, each with or without `PLAINTEXT://` in front.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            None => text,
            Some((protocol, rest)) if protocol.eq_ignore_ascii_case("PLAINTEXT") => rest,
            Some((protocol, _)) => {
                return Err(AddressError::Protocol { text: text.to_string(), protocol: protocol.to_string() });
            }
        };
        let bad_host = || AddressError::Host { text: text.to_string() };
        let (host, port) = if let Some(inner) = rest.strip_prefix('[') {
            let (host, behind) = inner.split_once(']').ok_or_else(bad_host)?;
            (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':').ok_or_else(bad_host)?) })
        } else {
            match rest.rsplit_once(':') {
                // Two colons and no brackets: a bare IPv6 address.
                Some((head, _)) if head.contains(':') => (rest, None),
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => match port.parse() {
                Ok(port) if port != 0 => port,
                _ => return Err(AddressError::Port { text: text.to_string() }),
            },
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
            return Err(bad_host());
        }
        Ok(Self { host: host.to_string(), port })
    }

    /// Reads a list with commas between, as `bootstrap.servers` has it.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, AddressError> {
        let all =
            text.split(',').filter(|part| !part.trim().is_empty()).map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err(AddressError::Empty) } else { Ok(all) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_every_form() {
        let read = |text| Address::parse(text).map(|a| a.to_string());
        assert_eq!(read("localhost:9092"), Ok("localhost:9092".into()));
        assert_eq!(read(" PLAINTEXT://kafka "), Ok("kafka:9092".into()));
        assert_eq!(read("[::1]:19092"), Ok("[::1]:19092".into()));
        assert_eq!(read("::1"), Ok("[::1]:9092".into()));
        assert!(matches!(read("localhost:0"), Err(AddressError::Port { .. })));
        assert!(matches!(read("localhost:kafka"), Err(AddressError::Port { .. })));
        assert!(matches!(read(":9092"), Err(AddressError::Host { .. })));
        assert!(matches!(read("[::1:9092"), Err(AddressError::Host { .. })));
        assert!(matches!(read("SSL://a:9093"), Err(AddressError::Protocol { .. })));
        assert_eq!(Address::parse_list("a:1, b:2,").unwrap().len(), 2);
        assert_eq!(Address::parse_list(" , "), Err(AddressError::Empty));
    }
}
