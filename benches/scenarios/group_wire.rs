//! The requests of group members, written out by hand as in `wire`.

use crate::wire::{Reader, TopicId, WireError, no_error, request, string, uvarint};

const OFFSET_COMMIT: (i16, i16) = (8, 9);
const FIND_COORDINATOR: (i16, i16) = (10, 4);
const JOIN_GROUP: (i16, i16) = (11, 9);
const HEARTBEAT: (i16, i16) = (12, 4);
const LEAVE_GROUP: (i16, i16) = (13, 5);
const SYNC_GROUP: (i16, i16) = (14, 5);
const CONSUMER_GROUP_HEARTBEAT: (i16, i16) = (68, 1);

/// The group is being shared out anew.
pub const REBALANCE_IN_PROGRESS: i16 = 27;
/// Join again with the id in the answer.
pub const MEMBER_ID_REQUIRED: i16 = 79;
/// How long a member may be silent. Long, so that a busy machine costs nobody its place.
const SESSION_MS: i32 = 60_000;
/// What each member of a classic group is given: its bytes do not matter to a broker.
const ASSIGNMENT: [u8; 24] = [0; 24];

pub fn find_coordinator(group: &str) -> Vec<u8> {
    let mut body = vec![0, 2];
    string(&mut body, group);
    body.push(0);
    request(FIND_COORDINATOR, &body)
}

/// Whether the answer names a coordinator.
pub fn found(frame: &[u8]) -> Result<bool, WireError> {
    let mut reader = Reader::response(frame)?;
    reader.i32()?;
    reader.count()?;
    reader.bytes()?;
    reader.i32()?;
    reader.bytes()?;
    reader.i32()?;
    Ok(reader.i16()? == 0)
}

pub fn join(group: &str, member: &str, topic: &str) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, group);
    body.extend(SESSION_MS.to_be_bytes());
    body.extend(60_000i32.to_be_bytes());
    string(&mut body, member);
    body.push(0); // no instance
    string(&mut body, "consumer");
    body.push(2);
    string(&mut body, "range");
    // A consumer's subscription: version, topics, no user data.
    let mut subscription = vec![0, 0, 0, 0, 0, 1];
    subscription.extend((topic.len() as i16).to_be_bytes());
    subscription.extend(topic.as_bytes());
    subscription.extend((-1i32).to_be_bytes());
    uvarint(&mut body, subscription.len() as u64 + 1);
    body.extend(subscription);
    body.extend([0, 0, 0]); // tags of the protocol, no reason, tags
    request(JOIN_GROUP, &body)
}

/// What an answer to JoinGroup says.
pub struct Joined {
    pub error: i16,
    pub generation: i32,
    pub member: String,
    /// All members, if this one leads.
    pub members: Vec<String>,
}

pub fn joined(frame: &[u8]) -> Result<Joined, WireError> {
    let mut reader = Reader::response(frame)?;
    reader.i32()?;
    let error = reader.i16()?;
    let generation = reader.i32()?;
    reader.bytes()?;
    reader.bytes()?;
    reader.bytes()?;
    reader.slice(1)?; // skip assignment
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let member = text(reader.bytes()?);
    let mut members = Vec::new();
    for _ in 0..reader.count()? {
        members.push(text(reader.bytes()?));
        reader.bytes()?;
        reader.bytes()?;
        reader.tags()?;
    }
    Ok(Joined { error, generation, member, members })
}

pub fn sync(group: &str, generation: i32, member: &str, members: &[String]) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, group);
    body.extend(generation.to_be_bytes());
    string(&mut body, member);
    body.push(0);
    string(&mut body, "consumer");
    string(&mut body, "range");
    uvarint(&mut body, members.len() as u64 + 1);
    for member in members {
        string(&mut body, member);
        uvarint(&mut body, ASSIGNMENT.len() as u64 + 1);
        body.extend(ASSIGNMENT);
        body.push(0);
    }
    body.push(0);
    request(SYNC_GROUP, &body)
}

/// The error code of an answer to SyncGroup or Heartbeat.
pub fn error(frame: &[u8]) -> Result<i16, WireError> {
    let mut reader = Reader::response(frame)?;
    reader.i32()?;
    reader.i16()
}

pub fn heartbeat(group: &str, generation: i32, member: &str) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, group);
    body.extend(generation.to_be_bytes());
    string(&mut body, member);
    body.extend([0, 0]);
    request(HEARTBEAT, &body)
}

pub fn leave(group: &str, member: &str) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, group);
    body.push(2);
    string(&mut body, member);
    body.extend([0, 0, 0, 0]); // no instance, no reason, tags of the member, tags
    request(LEAVE_GROUP, &body)
}

/// A heartbeat of the consumer protocol: epoch 0 joins, -1 leaves. `owned` is told when it changed.
pub fn beat(group: &str, member: &str, epoch: i32, topic: &str, owned: Option<(&TopicId, &[i32])>) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, group);
    string(&mut body, member);
    body.extend(epoch.to_be_bytes());
    body.extend([0, 0]); // no instance, no rack
    if epoch == 0 {
        body.extend(60_000i32.to_be_bytes());
        body.push(2);
        string(&mut body, topic);
    } else {
        body.extend((-1i32).to_be_bytes());
        body.push(0);
    }
    body.extend([0, 0]); // no expression, no assignor
    match owned {
        None => body.push(0),
        Some((_, [])) => body.push(1),
        Some((id, partitions)) => {
            body.push(2);
            body.extend(id);
            uvarint(&mut body, partitions.len() as u64 + 1);
            partitions.iter().for_each(|p| body.extend(p.to_be_bytes()));
            body.push(0);
        }
    }
    body.push(0);
    request(CONSUMER_GROUP_HEARTBEAT, &body)
}

/// What an answer to a heartbeat of the consumer protocol says.
pub struct Beaten {
    pub epoch: i32,
    /// After how long the member should beat again.
    pub interval_ms: u64,
    pub assigned: Option<Vec<i32>>,
}

pub fn beaten(frame: &[u8]) -> Result<Beaten, WireError> {
    let mut reader = Reader::response(frame)?;
    reader.i32()?;
    no_error("ConsumerGroupHeartbeat", reader.i16()?)?;
    reader.bytes()?;
    reader.bytes()?;
    let epoch = reader.i32()?;
    let interval_ms = reader.i32()?.max(1) as u64;
    if reader.slice(1)?[0] as i8 == -1 {
        return Ok(Beaten { epoch, interval_ms, assigned: None });
    }
    let mut all = Vec::new();
    for _ in 0..reader.count()? {
        reader.topic_id()?;
        for _ in 0..reader.count()? {
            all.push(reader.i32()?);
        }
        reader.tags()?;
    }
    Ok(Beaten { epoch, interval_ms, assigned: Some(all) })
}

/// A commit of one partition without a member.
pub fn commit(group: &str, topic: &str, partition: i32, offset: i64) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, group);
    body.extend((-1i32).to_be_bytes());
    string(&mut body, "");
    body.extend([0, 2]);
    string(&mut body, topic);
    body.push(2);
    body.extend(partition.to_be_bytes());
    body.extend(offset.to_be_bytes());
    body.extend((-1i32).to_be_bytes());
    string(&mut body, "");
    body.extend([0, 0, 0]); // tags of partition, topic, request
    request(OFFSET_COMMIT, &body)
}

pub fn committed(frame: &[u8]) -> Result<(), WireError> {
    let mut reader = Reader::response(frame)?;
    reader.i32()?;
    reader.count()?;
    reader.bytes()?;
    reader.count()?;
    reader.i32()?;
    no_error("OffsetCommit", reader.i16()?)
}
