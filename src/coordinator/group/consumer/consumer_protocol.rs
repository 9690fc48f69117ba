//! What consumers of the classic protocol say to each other through the coordinator, which must understand it where it takes
//! their leader's place.
//!
//! ```text
//!  subscription  version 2 │ topics: n 4, each 2 + text │ user data: n 4 (-1: none) + bytes
//!                v1: owned: n 4, each { topic 2 + text, n 4, partition 4 … } │ v2: generation 4 │ v3: rack 2 (-1: none) + text
//!  assignment    version 2 │ n 4, each { topic 2 + text, n 4, partition 4 … } │ user data: n 4 (-1: none) + bytes
//! ```
//!
//! Later versions only add at the end.

use std::sync::Arc;

use bytes::Bytes;

use crate::base::codec::{CodecError, Reader, Writer};

/// Partitions by topic, as they are told.
pub type NamedPartitions = Vec<(Arc<str>, Vec<i32>)>;

/// What a member wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscription {
    /// In whose words it said so.
    pub version: i16,
    /// The topics.
    pub topics: Vec<Arc<str>>,
    /// What it owns.
    pub owned: NamedPartitions,
    /// Where it runs.
    pub rack: Option<Arc<str>>,
}

impl Subscription {
    /// Reads one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::new(bytes);
        let version = version(&mut reader)?;
        let mut topics = Vec::new();
        for _ in 0..count(&mut reader, 2)? {
            topics.push(reader.string()?.into());
        }
        user_data(&mut reader)?;
        let owned = if version >= 1 { partitions(&mut reader)? } else { Vec::new() };
        if version >= 2 {
            reader.i32()?;
        }
        let rack = if version >= 3 { reader.nullable_string()? } else { None };
        let rack = rack.filter(|rack| !rack.is_empty()).map(Into::into);
        Ok(Self { version, topics, owned, rack })
    }
}

/// Reads an assignment; whether it has user data is told, as only the assignor that wrote it would know what to do with that.
pub fn decode_assignment(bytes: &[u8]) -> Result<(NamedPartitions, bool), CodecError> {
    let mut reader = Reader::new(bytes);
    version(&mut reader)?;
    let partitions = partitions(&mut reader)?;
    Ok((partitions, !user_data(&mut reader)?.is_empty()))
}

/// Writes an assignment.
pub fn encode_assignment(version: i16, partitions: &NamedPartitions) -> Bytes {
    let mut writer = Writer::new();
    writer.i16(version.min(VERSION_MAX));
    writer.i32(partitions.len() as i32);
    for (topic, partitions) in partitions {
        writer.string(topic);
        writer.i32(partitions.len() as i32);
        for partition in partitions {
            writer.i32(*partition);
        }
    }
    writer.i32(-1);
    writer.into_bytes()
}

/// The last version that we know.
const VERSION_MAX: i16 = 3;

fn version(reader: &mut Reader<'_>) -> Result<i16, CodecError> {
    match reader.i16()? {
        version if version < 0 => Err(CodecError::BadLength(version.into())),
        version => Ok(version),
    }
}

/// A count of elements that are so many bytes long at least.
fn count(reader: &mut Reader<'_>, bytes_min: usize) -> Result<usize, CodecError> {
    let count = reader.i32()?;
    usize::try_from(count)
        .ok()
        .filter(|count| *count <= reader.remaining() / bytes_min)
        .ok_or(CodecError::BadLength(count.into()))
}

fn user_data<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], CodecError> {
    let length = reader.i32()?;
    reader.bytes(usize::try_from(length).unwrap_or(0))
}

fn partitions(reader: &mut Reader<'_>) -> Result<NamedPartitions, CodecError> {
    let mut all = Vec::new();
    for _ in 0..count(reader, 6)? {
        let topic = reader.string()?.into();
        let mut partitions = Vec::new();
        for _ in 0..count(reader, 4)? {
            partitions.push(reader.i32()?);
        }
        all.push((topic, partitions));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_subscription_is_read_in_every_version() {
        let all = b"\0\x03\0\0\0\x01\0\x03foo\xff\xff\xff\xff\0\0\0\x01\0\x03foo\0\0\0\x01\0\0\0\x02\0\0\0\x07\0\x01r";
        let foo: Arc<str> = "foo".into();
        let owned = vec![(Arc::clone(&foo), vec![2])];
        let expected = Subscription { version: 3, topics: vec![foo], owned, rack: Some("r".into()) };
        assert_eq!(Subscription::decode(all), Ok(expected));
        let oldest = Subscription::decode(b"\0\0\0\0\0\x01\0\x03foo\0\0\0\0").unwrap();
        assert_eq!((oldest.topics.len(), oldest.owned.len(), oldest.rack), (1, 0, None));
    }

    #[test]
    fn an_assignment_is_read_as_it_was_written() {
        let partitions = vec![("foo".into(), vec![0, 2]), ("bar".into(), vec![])];
        let written = encode_assignment(1, &partitions);
        assert_eq!(decode_assignment(&written), Ok((partitions, false)));
        assert_eq!(decode_assignment(b"\0\0\0\0\0\0\0\0\0\x01x"), Ok((Vec::new(), true)));
    }

    proptest! {
        #[test]
        fn garbage_is_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = Subscription::decode(&bytes);
            let _ = decode_assignment(&bytes);
        }
    }
}
