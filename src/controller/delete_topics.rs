//! Deleting topics, by name or by id.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{TopicName, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::MetadataRecord;

/// A topic by one of its two names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum TopicRef {
    /// By name.
    Name(String),
    /// By id.
    Id(Uuid),
}

/// Topics to delete.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DeleteTopics {
    /// Which.
    pub topics: Vec<TopicRef>,
}

/// One result for each, in the order asked: name and id of what was deleted.
pub type DeleteTopicsReply = Vec<(TopicRef, Result<(TopicName, Uuid), ApiError>)>;

/// Decides.
pub fn decide(image: &MetadataImage, operation: &DeleteTopics) -> Decision<DeleteTopicsReply> {
    let mut records = Vec::new();
    let mut deleted = BTreeSet::new();
    let reply = operation
        .topics
        .iter()
        .map(|topic| {
            let found = find(image, topic).and_then(|(name, id)| {
                // The same topic named twice, or by name and by id.
                if !deleted.insert(id) {
                    return Err(ApiError::new(
                        ErrorCode::InvalidRequest,
                        "the topic occurs more than once in the request",
                    ));
                }
                records.push(MetadataRecord::RemoveTopic { topic_id: id });
                Ok((name, id))
            });
            (topic.clone(), found)
        })
        .collect();
    Decision::new(records, reply)
}

fn find(image: &MetadataImage, topic: &TopicRef) -> Result<(TopicName, Uuid), ApiError> {
    let (found, code, words) = match topic {
        TopicRef::Name(name) => {
            (image.topic(name), ErrorCode::UnknownTopicOrPartition, format!("there is no topic {name}"))
        }
        TopicRef::Id(id) => (image.topic_by_id(*id), ErrorCode::UnknownTopicId, format!("no topic has the id {id}")),
    };
    found.map(|t| (t.name.clone(), t.id)).ok_or_else(|| ApiError::new(code, words))
}
