//! The words that the tables are written in.
//!
//! Each structure says how much memory (bytes) one of it takes when decoded, apart from what its own arrays point to: from
//! this the guard knows what a decode would allocate before anything is.

use crate::protocol::api::{ApiKey, VersionRange};

/// Kafka's field types.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// One byte; anything but zero is true.
    Bool,
    /// One byte.
    Int8,
    /// Two bytes.
    Int16,
    /// Two bytes without a sign.
    Uint16,
    /// Four bytes.
    Int32,
    /// Eight bytes.
    Int64,
    /// Eight bytes.
    Float64,
    /// Sixteen bytes.
    Uuid,
    /// A two-byte length and UTF-8; compact: a varint of length plus one.
    String,
    /// A four-byte length and bytes; compact: a varint of length plus one.
    Bytes,
    /// Record batches; on the wire as [`Type::Bytes`].
    Records,
    /// A nested structure; where it may be null, one byte in front says whether it is there.
    Struct(&'static Struct),
    /// A four-byte count and elements; compact: a varint of count plus one.
    Array(&'static Type),
}

/// A field of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Kafka's name for it.
    pub name: &'static str,
    /// What it holds.
    pub type_: Type,
    /// The versions that have it.
    pub versions: VersionRange,
    /// The versions in which it may be null.
    pub nullable: VersionRange,
    /// Its tag, and the versions in which it is a tagged field.
    pub tag: Option<(u32, VersionRange)>,
}

/// A structure: a message, or an element of it.
#[derive(Debug)]
pub struct Struct {
    /// Kafka's name for it.
    pub name: &'static str,
    /// What one takes in memory (bytes), its arrays' elements aside.
    pub memory: usize,
    /// Its fields, in the order of the wire.
    pub fields: &'static [Field],
}

/// A request or a response.
#[derive(Debug)]
pub struct Message {
    /// Which API it belongs to.
    pub key: ApiKey,
    /// Its fields.
    pub root: Struct,
}

const EVERY: VersionRange = VersionRange { min: 0, max: i16::MAX };
const NO_VERSION: VersionRange = VersionRange { min: 0, max: -1 };

/// A field that every version has and that is never null.
pub(super) const fn field(name: &'static str, type_: Type) -> Field {
    Field { name, type_, versions: EVERY, nullable: NO_VERSION, tag: None }
}

impl Field {
    /// Only from version `min` on.
    pub(super) const fn since(mut self, min: i16) -> Self {
        self.versions.min = min;
        self
    }
    /// Only up to version `max`.
    pub(super) const fn until(mut self, max: i16) -> Self {
        self.versions.max = max;
        self
    }
    /// May be null from version `min` on.
    pub(super) const fn null_since(mut self, min: i16) -> Self {
        self.nullable = VersionRange { min, max: i16::MAX };
        self
    }
    /// May be null in versions `min` to `max`.
    pub(super) const fn null_in(mut self, min: i16, max: i16) -> Self {
        self.nullable = VersionRange { min, max };
        self
    }
    /// Is the tagged field `tag` from version `min` on.
    pub(super) const fn tagged(mut self, tag: u32, min: i16) -> Self {
        self.tag = Some((tag, VersionRange { min, max: i16::MAX }));
        self
    }
    /// True if the field stands in the tagged section of that version.
    pub const fn is_tagged(&self, version: i16) -> bool {
        matches!(self.tag, Some((_, versions)) if versions.contains(version))
    }
}
