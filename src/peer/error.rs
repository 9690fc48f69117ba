//! What can go wrong between this process and a broker, with the addresses that matter in the message.

use std::fmt;
use std::time::Duration;

use super::address::Address;
use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::protocol::api::{ApiKey, VersionRange};
use crate::protocol::codec::{DecodeError, EncodeError};

/// Why a connection was lost or never came to be.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum LostError {
    /// The name has no address.
    #[error("the host name cannot be resolved: {0}")]
    Resolve(String),
    /// The operating system refused.
    #[error("{0}")]
    Connect(String),
    /// No answer to the attempt.
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// The other side closed it.
    #[error("the other side closed the connection")]
    Closed,
    /// It was closed at the first request.
    #[error(
        "the other side closed the connection at the first request: is it a plaintext Kafka listener, and not one for TLS or SASL?"
    )]
    ClosedAtOnce,
    /// The stream broke.
    #[error("{0}")]
    Io(String),
    /// What came is not a Kafka response.
    #[error("the answer is not Kafka's: {0}")]
    Garbage(String),
}

/// What can go wrong with a request to a broker.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The connection is gone, or never was.
    #[error("cannot talk to {address}: {reason}")]
    Lost {
        /// Where.
        address: Address,
        /// Why.
        reason: LostError,
    },
    /// None of the addresses given is a broker that answers.
    #[error("cannot connect to any broker of the bootstrap list{}", Tried(tried))]
    Bootstrap {
        /// Each address with what went wrong there.
        tried: Vec<(Address, LostError)>,
    },
    /// The bootstrap broker answers, but the address that it gave for a broker does not.
    #[error(
        "broker {node} advertises {advertised}, as {via} says, and that address does not answer from here: {reason}; \
         set the broker's advertised.listeners to an address that its clients can reach"
    )]
    Advertised {
        /// The broker.
        node: NodeId,
        /// What it advertises.
        advertised: Address,
        /// Who said so.
        via: Address,
        /// What went wrong there.
        reason: LostError,
    },
    /// The metadata names a broker that it does not describe.
    #[error("broker {0} is not known to the cluster at this time")]
    UnknownBroker(NodeId),
    /// A partition has no leader now.
    #[error("partition {partition} of topic {topic:?} has no leader at this time")]
    NoLeader {
        /// The topic.
        topic: String,
        /// The partition's index.
        partition: i32,
    },
    /// No answer in time.
    #[error("{address} did not answer {api} within {after:?}")]
    Timeout {
        /// Where.
        address: Address,
        /// What was asked.
        api: ApiKey,
        /// The limit.
        after: Duration,
    },
    /// No version of an API in common.
    #[error(
        "{address} does not serve {api} in a version that this client speaks ({ours}); it serves {}",
        Served(theirs)
    )]
    Unsupported {
        /// Where.
        address: Address,
        /// Which API.
        api: ApiKey,
        /// Versions of this client.
        ours: VersionRange,
        /// Versions of the broker, if it has the API at all.
        theirs: Option<VersionRange>,
    },
    /// A request of ours cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A response cannot be decoded.
    #[error("the answer of {address} cannot be read: {source}")]
    Decode {
        /// Where it came from.
        address: Address,
        /// What is wrong.
        source: DecodeError,
    },
    /// The broker answered with an error.
    #[error("{0}")]
    Refused(Refused),
}

/// An error that a broker answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What was asked, such as `create topic "a"`.
    pub what: String,
    /// The error.
    pub code: ErrorCode,
    /// The broker's own words, if it has any.
    pub message: Option<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.what, self.code)?;
        match self.message.as_deref() {
            Some(message) if !message.is_empty() => write!(f, ": {}", message.trim_end_matches('.')),
            _ => Ok(()),
        }
    }
}

impl PeerError {
    /// An error that a broker answered with.
    pub fn refused(what: impl Into<String>, code: ErrorCode, message: Option<String>) -> Self {
        Self::Refused(Refused { what: what.into(), code, message })
    }

    /// Whether the same request may succeed a moment later, perhaps at another broker.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.code.is_retriable(),
            Self::Lost { reason: LostError::Garbage(_), .. } => false,
            Self::Lost { .. } | Self::NoLeader { .. } | Self::UnknownBroker(_) | Self::Advertised { .. } => true,
            Self::Bootstrap { .. }
            | Self::Timeout { .. }
            | Self::Unsupported { .. }
            | Self::Encode(_)
            | Self::Decode { .. } => false,
        }
    }

    /// Whether the way to the broker failed, and not what was asked.
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Bootstrap { .. } | Self::Advertised { .. })
    }

    /// The error that a broker answered with, if it is one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refused) => Some(refused.code),
            _ => None,
        }
    }
}

struct Tried<'a>(&'a [(Address, LostError)]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = ": ";
        self.0
            .iter()
            .try_for_each(|(address, reason)| write!(f, "{}{address}: {reason}", std::mem::replace(&mut between, "; ")))
    }
}

struct Served<'a>(&'a Option<VersionRange>);

impl fmt::Display for Served<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(range) => range.fmt(f),
            None => f.write_str("none"),
        }
    }
}
