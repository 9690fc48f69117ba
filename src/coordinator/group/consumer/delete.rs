//! DeleteGroups, and the end of a group that is empty and has no offsets left.

use std::sync::Arc;

use super::group::ConsumerGroup;
use crate::base::error_code::ErrorCode;
use crate::coordinator::group::machine::Outcome;
use crate::coordinator::group::record::{GroupId, GroupRecord};

/// Adds the end of a group that has no members to what happens to its offsets.
pub fn delete<T>(mut outcome: Outcome<T>, id: &GroupId, group: &ConsumerGroup) -> Result<Outcome<T>, ErrorCode> {
    if !group.is_empty() {
        return Err(ErrorCode::NonEmptyGroup);
    }
    outcome.records.push(GroupRecord::ConsumerTargetEpoch(Arc::clone(id), None));
    let regexes = group.resolved_regexes.keys().cloned();
    outcome.records.extend(regexes.map(|regex| GroupRecord::ConsumerRegex(Arc::clone(id), regex, None)));
    outcome.records.push(GroupRecord::ConsumerPartitionMetadata(Arc::clone(id), false));
    outcome.records.push(GroupRecord::ConsumerGroup(Arc::clone(id), None));
    Ok(outcome)
}
