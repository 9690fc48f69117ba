//! The topics of a request about a group's offsets: which of them there are, and how refusals and answers come together.

use std::collections::HashMap;
use std::sync::Arc;

use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::TopicImage;

/// What is answered for a topic's partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicCodes {
    /// The topic's name; empty where only an id was given that nobody knows.
    pub name: TopicName,
    /// Its id; zero where only a name was given that nobody knows.
    pub id: Uuid,
    /// Partitions and their codes.
    pub partitions: Vec<(i32, ErrorCode)>,
}

/// A topic as it was asked for.
pub enum Asked<'a> {
    /// By name.
    Name(&'a TopicName),
    /// By id.
    Id(Uuid),
}

impl Asked<'_> {
    /// The topic, or what is answered for all its partitions.
    pub fn find<'a>(&self, image: &'a MetadataImage) -> Result<&'a Arc<TopicImage>, ErrorCode> {
        match self {
            Self::Name(name) => image.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition),
            Self::Id(id) => image.topic_by_id(*id).ok_or(ErrorCode::UnknownTopicId),
        }
    }

    /// All its partitions are answered alike.
    pub fn refused(&self, code: ErrorCode, partitions: impl Iterator<Item = i32>) -> TopicCodes {
        let (name, id) = match self {
            Self::Name(name) => ((*name).clone(), Uuid::ZERO),
            Self::Id(id) => (TopicName::default(), *id),
        };
        TopicCodes { name, id, partitions: partitions.map(|index| (index, code)).collect() }
    }
}

/// The partitions of a topic that there are go on; what is answered for the others is put among `refused`.
pub fn existing<P>(
    topic: &TopicImage,
    partitions: Vec<P>,
    index: impl Fn(&P) -> i32,
    refused: &mut Vec<TopicCodes>,
) -> Vec<P> {
    let exists = |partition: &P| topic.partition(PartitionIndex(index(partition))).is_some();
    let (known, unknown): (Vec<P>, Vec<P>) = partitions.into_iter().partition(exists);
    if !unknown.is_empty() {
        let codes = unknown.iter().map(|partition| (index(partition), ErrorCode::UnknownTopicOrPartition)).collect();
        refused.push(TopicCodes { name: wire_name(topic), id: topic.id, partitions: codes });
    }
    known
}

/// A topic's name on the wire.
pub fn wire_name(topic: &TopicImage) -> TopicName {
    TopicName(StrBytes::from_string(topic.name.to_string()))
}

/// Refusals first, then what the coordinator answered; each topic once.
pub fn merged(refused: Vec<TopicCodes>, answered: Vec<TopicCodes>) -> Vec<TopicCodes> {
    if refused.is_empty() {
        return answered;
    }
    let mut place: HashMap<(TopicName, Uuid), usize> = HashMap::new();
    let mut all: Vec<TopicCodes> = Vec::with_capacity(refused.len() + answered.len());
    for topic in refused.into_iter().chain(answered) {
        let at = *place.entry((topic.name.clone(), topic.id)).or_insert(all.len());
        match all.get_mut(at) {
            Some(known) => known.partitions.extend(topic.partitions),
            None => all.push(topic),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::test_image::{self, topic_id};

    #[test]
    fn refusals_and_answers_of_a_topic_come_together() {
        let image = test_image::with_topics(&[("a", 2)]);
        let (a, nobody) = (TopicName(StrBytes::from_static_str("a")), TopicName(StrBytes::from_static_str("nobody")));
        let missing = Asked::Name(&nobody).find(&image).unwrap_err();
        let mut refused = vec![Asked::Name(&nobody).refused(missing, [0].into_iter())];
        let topic = Asked::Id(topic_id("a")).find(&image).unwrap();
        assert_eq!(existing(topic, vec![0, 7, 1], |index| *index, &mut refused), [0, 1]);
        let codes = vec![(0, ErrorCode::None), (1, ErrorCode::None)];
        let all = merged(refused, vec![TopicCodes { name: a.clone(), id: topic_id("a"), partitions: codes }]);
        assert_eq!(all[0].partitions, [(0, ErrorCode::UnknownTopicOrPartition)]);
        let codes = [(7, ErrorCode::UnknownTopicOrPartition), (0, ErrorCode::None), (1, ErrorCode::None)];
        assert_eq!((&all[1].name, all[1].partitions.as_slice()), (&a, &codes[..]));
        assert_eq!(Asked::Id(Uuid([9; 16])).find(&image).err(), Some(ErrorCode::UnknownTopicId));
    }
}
