//! What consumers say to their assignors, as far as the coordinator listens.
//!
//! ```text
//!  version 2 │ topics: count 4, each length 2 + text │ user data: length 4 (-1: none) + bytes │ what later versions add
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::group::{CONSUMER, Head};
use super::member::Member;
use crate::base::codec::{CodecError, Reader};

/// The topics that a group's members name; none where the group is not of consumers, or somebody says what cannot be
/// understood.
pub fn subscribed_topics<'a>(
    head: &Head,
    members: impl Iterator<Item = &'a Arc<Member>>,
) -> Option<Arc<HashSet<Arc<str>>>> {
    if head.protocol_type.as_deref() != Some(CONSUMER) {
        return None;
    }
    let mut topics = HashSet::new();
    let mut last: Option<&Bytes> = None;
    for member in members {
        let metadata = member.metadata(head.protocol.as_deref()?)?;
        // Most groups have members that all say the same.
        if last != Some(metadata) {
            add_topics(metadata, &mut topics).ok()?;
            last = Some(metadata);
        }
    }
    Some(Arc::new(topics))
}

fn add_topics(metadata: &[u8], topics: &mut HashSet<Arc<str>>) -> Result<(), CodecError> {
    let mut reader = Reader::new(metadata);
    // Later versions only add at the end.
    reader.i16()?;
    let count = reader.i32()?;
    if count < 0 {
        return Err(CodecError::BadLength(count.into()));
    }
    for _ in 0..count {
        let topic = reader.string()?;
        if !topics.contains(topic) {
            topics.insert(topic.into());
        }
    }
    let user_data = reader.i32()?;
    reader.bytes(usize::try_from(user_data).unwrap_or(0))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn topics_are_read_and_what_follows_them_is_not() {
        let said = b"\0\x03\0\0\0\x02\0\x01a\0\x02bc\xff\xff\xff\xff later versions";
        let mut topics = HashSet::new();
        add_topics(said, &mut topics).unwrap();
        assert_eq!(topics, HashSet::from(["a".into(), "bc".into()]));
    }

    proptest! {
        #[test]
        fn garbage_is_refused_without_a_panic(said: Vec<u8>) {
            let _ = add_topics(&said, &mut HashSet::new());
        }
    }
}
