//! DeleteGroups, and the end of a group that is empty and has no offsets left.

use super::machine::{Group, GroupMachine, Outcome};
use super::record::GroupId;
use super::{classic, consumer, offsets};
use crate::base::error_code::ErrorCode;

/// Decides about one group: all its offsets go, and the group. Refused while it has members.
pub fn delete(machine: &GroupMachine, id: &GroupId) -> Result<Outcome<()>, ErrorCode> {
    let group = machine.groups.get(id).ok_or(ErrorCode::GroupIdNotFound)?;
    end(Outcome::records(offsets::delete::all_of(machine, id), ()), id, group)
}

/// Adds the end of a group to what happens to its offsets, if it has no members.
pub fn end_if_empty(machine: &GroupMachine, outcome: Outcome<()>, id: &GroupId) -> Outcome<()> {
    let Some(group) = machine.groups.get(id).filter(|group| is_empty(group)) else { return outcome };
    let mut outcome = outcome;
    // A group without members is not refused.
    if let Ok(mut end) = end(Outcome::reply(()), id, group) {
        outcome.records.append(&mut end.records);
        outcome.timers.append(&mut end.timers);
    }
    outcome
}

fn is_empty(group: &Group) -> bool {
    match group {
        Group::Classic(group) => group.is_empty(),
        Group::Consumer(group) => group.is_empty(),
    }
}

fn end(outcome: Outcome<()>, id: &GroupId, group: &Group) -> Result<Outcome<()>, ErrorCode> {
    match group {
        Group::Classic(group) => classic::delete::delete(outcome, id, group),
        Group::Consumer(group) => consumer::delete::delete(outcome, id, group),
    }
}
