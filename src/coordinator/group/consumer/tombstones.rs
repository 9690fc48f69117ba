//! The end of a consumer group in the log.

use std::sync::Arc;

use super::group::ConsumerGroup;
use crate::coordinator::group::record::{GroupId, GroupRecord, MemberId};

/// Everything that was written about the group is void, in Kafka's order.
pub fn tombstones(id: &GroupId, group: &ConsumerGroup) -> Vec<GroupRecord> {
    renamed_tombstones(id, group, None)
}

/// The same for a group in which the first member has just taken the place of the second.
pub fn renamed_tombstones(
    id: &GroupId,
    group: &ConsumerGroup,
    renamed: Option<(&MemberId, &MemberId)>,
) -> Vec<GroupRecord> {
    let id = || Arc::clone(id);
    let name = |member: &MemberId| match renamed {
        Some((new, old)) if old == member => Arc::clone(new),
        _ => Arc::clone(member),
    };
    let members = || group.members().keys().map(name);
    let mut records: Vec<_> = members().map(|member| GroupRecord::ConsumerCurrent(id(), member, None)).collect();
    records.extend(members().map(|member| GroupRecord::ConsumerTarget(id(), member, None)));
    records.push(GroupRecord::ConsumerTargetEpoch(id(), None));
    records.extend(members().map(|member| GroupRecord::ConsumerMember(id(), member, None)));
    let regexes = group.resolved_regexes.keys();
    records.extend(regexes.map(|regex| GroupRecord::ConsumerRegex(id(), Arc::clone(regex), None)));
    records.extend([GroupRecord::ConsumerPartitionMetadata(id(), false), GroupRecord::ConsumerGroup(id(), None)]);
    records
}
