//! How a classic group changes.

use std::sync::Arc;

use super::group::ClassicGroup;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{Group, GroupMachine};
use crate::coordinator::group::record::GroupRecord;
use crate::machine::machine::ReplayAt;

/// Takes in a record about a classic group. One that is appended makes the group anew, whatever it was before.
pub fn replay(machine: &mut GroupMachine, _at: ReplayAt, record: &GroupRecord) {
    match record {
        GroupRecord::Classic(id, Some(value)) => {
            machine.groups.insert(Arc::clone(id), Group::Classic(Box::new(ClassicGroup::from_value(value))));
        }
        GroupRecord::Classic(id, None) => {
            // What an upgrade has put in its place stays.
            if let Some(Group::Classic(_)) = machine.groups.get(id) {
                machine.groups.remove(id);
            }
        }
        GroupRecord::ClassicSoft(id, step) => {
            let group = machine
                .groups
                .entry(Arc::clone(id))
                .or_insert_with(|| Group::Classic(Box::new(ClassicGroup::new(Millis::NONE))));
            if let Group::Classic(group) = group {
                group.apply(step);
            }
        }
        _ => {}
    }
}
