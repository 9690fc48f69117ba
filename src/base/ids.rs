//! Identifiers: a newtype for every kind of integer, so that an offset is never taken for a sequence.
//!
//! All are transparent over Kafka's own widths. Sentinels are Kafka's: `-1` stands for "none" or "unknown".

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

macro_rules! int_id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        #[repr(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// Kafka's sentinel for "none" or "unknown".
            pub const NONE: Self = Self(-1);
            /// True for [`Self::NONE`] and every other negative value.
            pub fn is_none(self) -> bool {
                self.0 < 0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl From<$int> for $name {
            fn from(v: $int) -> Self {
                Self(v)
            }
        }
    };
}

int_id!(
    /// A node: a broker, a controller, or both (`node.id`).
    NodeId(i32)
);
int_id!(
    /// The index of a partition within its topic.
    PartitionIndex(i32)
);
int_id!(
    /// A record's position in a partition. `-1` is "unknown".
    Offset(i64)
);
int_id!(
    /// The epoch of a partition's leader: grows by one at each election.
    LeaderEpoch(i32)
);
int_id!(
    /// The version of a partition's state in the metadata: grows with every change.
    PartitionEpoch(i32)
);
int_id!(
    /// The epoch under which a broker is registered: the metadata offset of its registration record.
    BrokerEpoch(i64)
);
int_id!(
    /// An idempotent or transactional producer.
    ProducerId(i64)
);
int_id!(
    /// The incarnation of a producer id.
    ProducerEpoch(i16)
);
int_id!(
    /// A producer's sequence number within one partition: wraps from `i32::MAX` to 0.
    Sequence(i32)
);
int_id!(
    /// Milliseconds: since the Unix epoch where it is a timestamp, else a span.
    Millis(i64)
);

impl Offset {
    /// The offset `n` records further on.
    #[must_use]
    pub fn plus(self, n: i64) -> Self {
        Self(self.0 + n)
    }
    /// How many offsets lie from `earlier` (inclusive) to `self` (exclusive).
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl Millis {
    /// The moment `span` later; saturates, so that Kafka's "for ever" (`i64::MAX`) stays so.
    #[must_use]
    pub fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }
    /// The span since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Millis) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Sequence {
    /// The sequence `n` further on, wrapping from `i32::MAX` to 0 as Kafka's does.
    #[must_use]
    pub fn plus(self, n: i32) -> Self {
        let sum = i64::from(self.0) + i64::from(n);
        Self((sum % (i64::from(i32::MAX) + 1)) as i32)
    }
}

/// A 128-bit id: of a topic, a log directory, a cluster (KIP-516). Printed as 22 characters of URL-safe base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Uuid(pub [u8; 16]);

impl From<Uuid> for String {
    fn from(id: Uuid) -> Self {
        id.to_string()
    }
}
impl TryFrom<String> for Uuid {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an id of 22 characters")
    }
}

impl Uuid {
    /// All zero: "no id".
    pub const ZERO: Self = Self([0; 16]);
    /// The id of the metadata log's topic, `AAAAAAAAAAAAAAAAAAAAAQ`.
    pub const METADATA_TOPIC: Self = Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

    /// True for [`Self::ZERO`].
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
    /// Parses the 22-character form (padding tolerated).
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({self})")
    }
}

/// A topic's name, shared: cloning it copies a pointer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct TopicName(Arc<str>);

impl From<TopicName> for String {
    fn from(name: TopicName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl TopicName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl std::borrow::Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}
impl std::ops::Deref for TopicName {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl From<&str> for TopicName {
    fn from(v: &str) -> Self {
        Self(v.into())
    }
}
impl From<String> for TopicName {
    fn from(v: String) -> Self {
        Self(v.into())
    }
}
impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// One partition of one topic, by name. Printed, and named on disk, as `topic-0`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: TopicName,
    /// The partition within it.
    pub partition: PartitionIndex,
}

impl TopicPartition {
    /// Puts a name and an index together.
    pub fn new(topic: impl Into<TopicName>, partition: PartitionIndex) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_wraps_at_int_max() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(3), Sequence(1));
        assert_eq!(Sequence(5).plus(4), Sequence(9));
    }

    #[test]
    fn uuid_prints_as_kafka_prints_it() {
        assert_eq!(Uuid::METADATA_TOPIC.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid::parse("AAAAAAAAAAAAAAAAAAAAAQ"), Some(Uuid::METADATA_TOPIC));
        assert_eq!(Uuid::parse("not an id"), None);
        assert_eq!(Uuid::parse("AAAA"), None);
    }
}
