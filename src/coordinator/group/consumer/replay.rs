//! How a consumer group changes.

use crate::coordinator::group::machine::GroupMachine;
use crate::coordinator::group::record::GroupRecord;
use crate::machine::machine::ReplayAt;

/// Takes in a record about a consumer group.
pub fn replay(_machine: &mut GroupMachine, _at: ReplayAt, _record: &GroupRecord) {}
