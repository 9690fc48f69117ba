//! Records of topics and partitions: kinds 2, 3 and 5.

use super::fields::{Tags, ids, nodes, nullable_ids, nullable_nodes, put_ids, put_no_tags, put_nodes, skip_tags, tags};
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicName};
use crate::metadata::record::{Partition, PartitionChange, Topic};

const PARTITION_RECOVERY_STATE: u32 = 0;
const PARTITION_ELR: u32 = 1;
const PARTITION_LAST_KNOWN_ELR: u32 = 2;
const CHANGE_ISR: u32 = 0;
const CHANGE_LEADER: u32 = 1;
const CHANGE_REPLICAS: u32 = 2;
const CHANGE_REMOVING: u32 = 3;
const CHANGE_ADDING: u32 = 4;
const CHANGE_RECOVERY_STATE: u32 = 5;
const CHANGE_ELR: u32 = 6;
const CHANGE_LAST_KNOWN_ELR: u32 = 7;
const CHANGE_DIRECTORIES: u32 = 8;
/// In a change: the leader stays, its epoch as well.
const LEADER_UNCHANGED: i32 = -2;

pub(super) fn put_topic(out: &mut Writer, r: &Topic) {
    out.compact_string(&r.name);
    out.uuid(r.topic_id);
    put_no_tags(out);
}

pub(super) fn topic(r: &mut Reader<'_>) -> Result<Topic, CodecError> {
    let record = Topic { name: TopicName::from(r.compact_string()?), topic_id: r.uuid()? };
    skip_tags(r)?;
    Ok(record)
}

pub(super) fn put_partition(out: &mut Writer, r: &Partition) {
    out.i32(r.partition.0);
    out.uuid(r.topic_id);
    put_nodes(out, &r.replicas);
    put_nodes(out, &r.isr);
    put_nodes(out, &r.removing);
    put_nodes(out, &r.adding);
    out.i32(r.leader.0);
    out.i32(r.leader_epoch.0);
    out.i32(r.partition_epoch.0);
    put_ids(out, &r.directories);
    let mut tagged = Tags::default();
    if r.leader_recovery_state != 0 {
        tagged.add(PARTITION_RECOVERY_STATE, |w| w.i8(r.leader_recovery_state));
    }
    if !r.eligible_leader_replicas.is_empty() {
        tagged.add(PARTITION_ELR, |w| put_nodes(w, &r.eligible_leader_replicas));
    }
    if !r.last_known_elr.is_empty() {
        tagged.add(PARTITION_LAST_KNOWN_ELR, |w| put_nodes(w, &r.last_known_elr));
    }
    tagged.put(out);
}

pub(super) fn partition(r: &mut Reader<'_>, version: u32) -> Result<Partition, CodecError> {
    let mut record = Partition {
        partition: PartitionIndex(r.i32()?),
        topic_id: r.uuid()?,
        replicas: nodes(r)?,
        isr: nodes(r)?,
        removing: nodes(r)?,
        adding: nodes(r)?,
        leader: NodeId(r.i32()?),
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(r.i32()?),
        partition_epoch: PartitionEpoch(r.i32()?),
        directories: if version >= 1 { ids(r)? } else { Vec::new() },
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    };
    tags(r, |tag, field| {
        match tag {
            PARTITION_RECOVERY_STATE => record.leader_recovery_state = field.i8()?,
            PARTITION_ELR => record.eligible_leader_replicas = nullable_nodes(field)?.unwrap_or_default(),
            PARTITION_LAST_KNOWN_ELR => record.last_known_elr = nullable_nodes(field)?.unwrap_or_default(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(record)
}

pub(super) fn put_change(out: &mut Writer, r: &PartitionChange) {
    out.i32(r.partition.0);
    out.uuid(r.topic_id);
    let mut tagged = Tags::default();
    let add_nodes = |tagged: &mut Tags, tag: u32, nodes: &Option<Vec<NodeId>>| {
        if let Some(nodes) = nodes {
            tagged.add(tag, |w| put_nodes(w, nodes));
        }
    };
    add_nodes(&mut tagged, CHANGE_ISR, &r.isr);
    if let Some(leader) = r.leader {
        tagged.add(CHANGE_LEADER, |w| w.i32(leader.0));
    }
    add_nodes(&mut tagged, CHANGE_REPLICAS, &r.replicas);
    add_nodes(&mut tagged, CHANGE_REMOVING, &r.removing);
    add_nodes(&mut tagged, CHANGE_ADDING, &r.adding);
    if let Some(state) = r.leader_recovery_state {
        tagged.add(CHANGE_RECOVERY_STATE, |w| w.i8(state));
    }
    add_nodes(&mut tagged, CHANGE_ELR, &r.eligible_leader_replicas);
    add_nodes(&mut tagged, CHANGE_LAST_KNOWN_ELR, &r.last_known_elr);
    if let Some(directories) = &r.directories {
        tagged.add(CHANGE_DIRECTORIES, |w| put_ids(w, directories));
    }
    tagged.put(out);
}

pub(super) fn change(r: &mut Reader<'_>) -> Result<PartitionChange, CodecError> {
    let mut record =
        PartitionChange { partition: PartitionIndex(r.i32()?), topic_id: r.uuid()?, ..PartitionChange::default() };
    tags(r, |tag, field| {
        match tag {
            CHANGE_ISR => record.isr = nullable_nodes(field)?,
            CHANGE_LEADER => {
                record.leader = match field.i32()? {
                    LEADER_UNCHANGED => None,
                    leader => Some(NodeId(leader)),
                }
            }
            CHANGE_REPLICAS => record.replicas = nullable_nodes(field)?,
            CHANGE_REMOVING => record.removing = nullable_nodes(field)?,
            CHANGE_ADDING => record.adding = nullable_nodes(field)?,
            CHANGE_RECOVERY_STATE => {
                let state = field.i8()?;
                record.leader_recovery_state = (state >= 0).then_some(state);
            }
            CHANGE_ELR => record.eligible_leader_replicas = nullable_nodes(field)?,
            CHANGE_LAST_KNOWN_ELR => record.last_known_elr = nullable_nodes(field)?,
            CHANGE_DIRECTORIES => record.directories = nullable_ids(field)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(record)
}
