//! What follows for groups and offsets when the cluster's metadata has changed.

use std::sync::Arc;

use super::machine::{GroupMachine, Outcome};
use super::offsets::forget;
use super::offsets::soft::DeletedTopic;
use super::record::GroupRecord;
use crate::base::ids::Millis;
use crate::metadata::image::MetadataImage;

/// The metadata is `next` now, and `deleted` topics are gone: their offsets go as well.
pub fn on_image(
    _machine: &GroupMachine,
    now: Millis,
    next: &Arc<MetadataImage>,
    deleted: &Arc<[DeletedTopic]>,
) -> Outcome<()> {
    forget::begin(now, deleted).soft(GroupRecord::Image(Arc::clone(next)))
}

/// The topics of `before` that `next` does not have. A topic made anew under the same name is another one.
pub fn deleted(before: &MetadataImage, next: &MetadataImage) -> Arc<[DeletedTopic]> {
    if before.topics().is_same(next.topics()) {
        return Arc::default();
    }
    let gone = before.topics().iter().filter(|topic| next.topic_by_id(topic.id).is_none());
    gone.map(|topic| DeletedTopic { name: topic.name.shared(), id: topic.id }).collect()
}
