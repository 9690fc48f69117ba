//! How offsets change.

use std::sync::Arc;

use super::soft::Soft;
use crate::base::ids::{Offset, ProducerId};
use crate::coordinator::group::classic::group::ClassicGroup;
use crate::coordinator::group::machine::{Group, GroupMachine};
use crate::coordinator::group::record::{GroupRecord, OffsetKey, OffsetValue};
use crate::machine::machine::{ReplayAt, TransactionResult};
use crate::machine::outcome::Writer;

/// Takes in a record about an offset.
pub fn replay(machine: &mut GroupMachine, at: ReplayAt, record: &GroupRecord) {
    match record {
        GroupRecord::Offset(key, Some(value)) => committed(machine, at, key, value),
        GroupRecord::Offset(key, None) => {
            machine.offsets.remove(key);
            machine.offsets.pending.remove(key);
        }
        GroupRecord::OffsetsSoft(Soft::Sweep(sweep)) => machine.offsets.sweep.clone_from(sweep),
        GroupRecord::OffsetsSoft(Soft::Deleted(topics)) => machine.offsets.deleted.extend(topics.iter().cloned()),
        GroupRecord::OffsetsSoft(Soft::Forgotten) => {
            machine.offsets.deleted.remove(0);
        }
        _ => {}
    }
}

fn committed(machine: &mut GroupMachine, at: ReplayAt, key: &OffsetKey, value: &OffsetValue) {
    // Offsets make a group, if only a simple one.
    if !machine.groups.contains_key(&key.group) {
        let group = Group::Classic(Box::new(ClassicGroup::new(value.commit_timestamp)));
        machine.groups.insert(Arc::clone(&key.group), group);
    }
    match at.writer {
        Writer::Machine => machine.offsets.put(key, at.offset, value),
        Writer::Transaction(producer, _) => machine.offsets.pending.put(producer, key, at.offset, value),
    }
}

/// Offsets that a transaction committed count from now on, or never were. One that was committed later counts more.
pub fn end_transaction(machine: &mut GroupMachine, _at: Offset, producer: ProducerId, result: TransactionResult) {
    let ended = machine.offsets.pending.end(producer);
    if result == TransactionResult::Abort {
        return;
    }
    for (key, (written_at, value)) in &ended {
        if machine.offsets.find(key).is_none_or(|known| known.written_at() < *written_at) {
            machine.offsets.put(key, *written_at, value);
        }
    }
}
