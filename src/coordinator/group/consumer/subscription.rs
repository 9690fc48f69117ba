//! What follows from what a member subscribes to: the group's topics, their hash, and the group's epoch.

use std::sync::Arc;

use super::metadata_hash;
use super::plan::Plan;
use super::regex::RegexUpdate;
use super::soft::Soft;
use super::target::Change;
use crate::coordinator::group::record::GroupRecord;
use crate::metadata::image::MetadataImage;

/// The group's epoch after a member has come or changed: the next one if the member subscribes to something else, or if the
/// group's topics are not what they were. Plans to write it.
pub fn update_epoch(plan: &mut Plan, image: &MetadataImage, change: &Change<'_>, bump: bool) -> i32 {
    let group = change.group;
    if !bump && group.topics_are_known {
        return group.epoch;
    }
    let (hash, computed) = metadata_hash::of_group(group, change.subscriptions, image);
    let mut epoch = group.epoch;
    if bump || hash != group.metadata_hash {
        epoch = epoch.saturating_add(1);
        plan.epoch(epoch, hash);
    }
    if group.has_partition_metadata {
        plan.records.push(GroupRecord::ConsumerPartitionMetadata(Arc::clone(&plan.group), false));
    }
    plan.soft(Soft::TopicsLookedUp(computed));
    epoch
}

/// Whether what a member subscribes to by name has changed, and whether the group must move on to its next epoch for what it
/// subscribes to.
pub fn changes(change: &Change<'_>, regex: RegexUpdate) -> (bool, bool) {
    let (old, new) = (&change.old.metadata, &change.new.metadata);
    let names = old.subscribed_topic_names != new.subscribed_topic_names;
    (names || regex != RegexUpdate::None, names || regex == RegexUpdate::Resolved)
}
