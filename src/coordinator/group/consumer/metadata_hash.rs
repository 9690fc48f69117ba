//! The hash of what a group's topics are: when it changes, the group needs a new target assignment (KIP-1101).
//!
//! Written to the log, so it is Kafka's own: XXH3 of 64 bits, seed 0, over little-endian numbers and UTF-16 code units.
//!
//! ```text
//!  topic:  0 u8 · id msb i64 · id lsb i64 · name 2n · n i32 · partitions i32 · { index i32 · { m i32 · rack 2m · m i32 }* }*
//!  group:  { topic hash i64 }*   of those that exist, in the order of their names; 0 if there is none
//! ```
//!
//! Racks are those of a partition's replicas, in order. Never knows members.

use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::group::ConsumerGroup;
use super::soft::TopicHash;
use super::subscriptions::Subscriptions;
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::TopicImage;

/// The hash of a group's topics, and the topics whose hash had to be computed for it.
pub fn of_group(group: &ConsumerGroup, subscriptions: &Subscriptions, image: &MetadataImage) -> (i64, Vec<TopicHash>) {
    let (mut bytes, mut computed) = (Vec::new(), Vec::new());
    for name in subscriptions.topics() {
        let Some(topic) = image.topic(name) else { continue };
        let known = group.topic_hashes.get(name).filter(|known| Arc::ptr_eq(&known.topic, topic));
        let hash = known.map_or_else(|| of_topic(topic, image), |known| known.hash);
        if known.is_none() {
            computed.push(TopicHash { topic: Arc::clone(topic), hash });
        }
        bytes.extend_from_slice(&hash.to_le_bytes());
    }
    (if bytes.is_empty() { 0 } else { XxHash3_64::oneshot(&bytes) as i64 }, computed)
}

/// The hash of one topic.
pub fn of_topic(topic: &TopicImage, image: &MetadataImage) -> i64 {
    let mut bytes = vec![0u8];
    let (msb, lsb) = topic.id.0.split_at(8);
    bytes.extend(msb.iter().rev());
    bytes.extend(lsb.iter().rev());
    put_text(&mut bytes, &topic.name);
    bytes.extend((topic.partitions.len() as i32).to_le_bytes());
    for (index, partition) in topic.partitions.iter().enumerate() {
        bytes.extend((index as i32).to_le_bytes());
        let mut racks: Vec<&str> =
            partition.replicas.iter().filter_map(|replica| image.brokers().get(*replica)?.rack.as_deref()).collect();
        racks.sort_unstable();
        for rack in racks {
            bytes.extend((rack.encode_utf16().count() as i32).to_le_bytes());
            put_text(&mut bytes, rack);
        }
    }
    XxHash3_64::oneshot(&bytes) as i64
}

/// Code units, then how many there are.
fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let mut units = 0i32;
    for unit in text.encode_utf16() {
        bytes.extend(unit.to_le_bytes());
        units += 1;
    }
    bytes.extend(units.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::group::consumer::member::Member;
    use crate::coordinator::group::consumer::test_image::TestImage;

    /// The values come from hash4j 0.22, which Kafka 4.3.1 uses.
    #[test]
    fn hashes_are_kafkas() {
        let mut image = TestImage::default();
        image.broker(0, Some("rack1")).broker(1, Some("rack0")).broker(2, None);
        image.topic_with(
            "topic-a",
            [1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18],
            &[&[0, 1], &[2, 0]],
        );
        image.topic_with(
            "topic-b",
            [0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0xF1, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38],
            &[&[2]],
        );
        let image = image.image();
        assert_eq!(of_topic(image.topic("topic-a").unwrap(), &image), -4050476282243074179);
        assert_eq!(of_topic(image.topic("topic-b").unwrap(), &image), -2181138766697220249);

        let mut member = Member::new("m".into());
        Arc::make_mut(&mut member.metadata).subscribed_topic_names =
            vec!["gone".into(), "topic-a".into(), "topic-b".into()];
        let mut subscriptions = Subscriptions::default();
        let group = ConsumerGroup::default();
        assert_eq!(of_group(&group, &subscriptions, &image).0, 0);
        subscriptions.replace(None, Some(&member));
        let (hash, computed) = of_group(&group, &subscriptions, &image);
        assert_eq!((hash, computed.len()), (-4921998328162681806, 2));
    }
}
