//! The values of a consumer group (KIP-848), all of version 0 and flexible.
//!
//! ```text
//!  group           epoch i32 | tagged: 0 metadata hash i64
//!  member          instance string? | rack string? | client id string | client host string | topics [string] | regex string?
//!                  | rebalance timeout i32 | assignor string?
//!                  | tagged: 0 there? uvarint | session timeout i32 | protocols [name string | metadata bytes]
//!  target epoch    assignment epoch i32 | tagged: 0 timestamp i64
//!  target          [topic id uuid | partitions [i32]]
//!  current         member epoch i32 | previous i32 | state i8 | assigned [..] | pending revocation [..]
//!                  both: topic id uuid | partitions [i32] | tagged: 0 epochs [i32]?
//!  regex           topics [string] | version i64 | timestamp i64
//! ```

use super::fields::{Fields, Output};
use crate::base::codec::{CodecError, Writer};
use crate::base::ids::Millis;
use crate::base::tagged_fields::put_no_tags;
use crate::coordinator::group::record::{
    ClassicMemberMetadata, ConsumerGroupValue, ConsumerMemberValue, CurrentAssignmentValue, ResolvedRegexValue,
    TargetEpochValue, TopicPartitions,
};

const VERSION: i16 = 0;

/// What a member says in the classic protocol if the field is absent: Kafka writes null as a field that is there, and says 0.
const NO_CLASSIC: ClassicMemberMetadata =
    ClassicMemberMetadata { session_timeout_ms: 0, supported_protocols: Vec::new() };

pub(super) fn put_group(value: &ConsumerGroupValue) -> Output {
    let mut out = Output::new(VERSION);
    out.i32(value.epoch);
    out.tag_0((value.metadata_hash != 0).then_some(|out: &mut Writer| out.i64(value.metadata_hash)));
    out
}

pub(super) fn group(r: &mut Fields<'_>, _: i16) -> Result<ConsumerGroupValue, CodecError> {
    Ok(ConsumerGroupValue { epoch: r.i32()?, metadata_hash: r.tag_0(|r| r.i64())?.unwrap_or(0) })
}

pub(super) fn put_member(value: &ConsumerMemberValue) -> Output {
    let mut out = Output::new(VERSION);
    out.compact_nullable_string(value.instance_id.as_deref());
    out.compact_nullable_string(value.rack_id.as_deref());
    out.compact_string(&value.client_id);
    out.compact_string(&value.client_host);
    out.compact_array_len(value.subscribed_topic_names.len());
    for topic in &value.subscribed_topic_names {
        out.compact_string(topic);
    }
    out.compact_nullable_string(value.subscribed_topic_regex.as_deref());
    out.i32(value.rebalance_timeout_ms);
    out.compact_nullable_string(value.server_assignor.as_deref());
    let classic = value.classic.as_ref();
    out.tag_0((classic != Some(&NO_CLASSIC)).then_some(|out: &mut Writer| put_classic(out, classic)));
    out
}

fn put_classic(out: &mut Writer, classic: Option<&ClassicMemberMetadata>) {
    let Some(classic) = classic else { return out.uvarint(0) };
    out.uvarint(1);
    out.i32(classic.session_timeout_ms);
    out.compact_array_len(classic.supported_protocols.len());
    for (name, metadata) in &classic.supported_protocols {
        out.compact_string(name);
        out.compact_array_len(metadata.len());
        out.bytes(metadata);
        put_no_tags(out);
    }
    put_no_tags(out);
}

pub(super) fn member(r: &mut Fields<'_>, _: i16) -> Result<ConsumerMemberValue, CodecError> {
    Ok(ConsumerMemberValue {
        instance_id: r.compact_nullable_text()?,
        rack_id: r.compact_nullable_text()?,
        client_id: r.compact_text()?,
        client_host: r.compact_text()?,
        subscribed_topic_names: r.compact_array(1, Fields::compact_text)?,
        subscribed_topic_regex: r.compact_nullable_text()?,
        rebalance_timeout_ms: r.i32()?,
        server_assignor: r.compact_nullable_text()?,
        classic: r.tag_0(classic)?.unwrap_or(Some(NO_CLASSIC)),
    })
}

fn classic(r: &mut Fields<'_>) -> Result<Option<ClassicMemberMetadata>, CodecError> {
    if r.uvarint()? == 0 {
        return Ok(None);
    }
    let session_timeout_ms = r.i32()?;
    let supported_protocols = r.compact_array(3, |r| {
        let protocol = (r.compact_text()?, r.compact_blob()?);
        r.skip_tags()?;
        Ok(protocol)
    })?;
    r.skip_tags()?;
    Ok(Some(ClassicMemberMetadata { session_timeout_ms, supported_protocols }))
}

pub(super) fn put_target_epoch(value: &TargetEpochValue) -> Output {
    let mut out = Output::new(VERSION);
    out.i32(value.assignment_epoch);
    let at = value.assignment_timestamp.0;
    out.tag_0((at != 0).then_some(|out: &mut Writer| out.i64(at)));
    out
}

pub(super) fn target_epoch(r: &mut Fields<'_>, _: i16) -> Result<TargetEpochValue, CodecError> {
    let assignment_epoch = r.i32()?;
    Ok(TargetEpochValue { assignment_epoch, assignment_timestamp: Millis(r.tag_0(|r| r.i64())?.unwrap_or(0)) })
}

pub(super) fn put_target(value: &[TopicPartitions]) -> Output {
    let mut out = Output::new(VERSION);
    out.compact_array_len(value.len());
    for topic in value {
        out.uuid(topic.topic_id);
        put_numbers(&mut out, &topic.partitions);
        out.no_tags();
    }
    out.no_tags();
    out
}

pub(super) fn target(r: &mut Fields<'_>, _: i16) -> Result<Vec<TopicPartitions>, CodecError> {
    let topics = r.compact_array(18, |r| {
        let topic = TopicPartitions { topic_id: r.uuid()?, partitions: numbers(r)?, assignment_epochs: None };
        r.skip_tags()?;
        Ok(topic)
    })?;
    r.skip_tags()?;
    Ok(topics)
}

pub(super) fn put_current(value: &CurrentAssignmentValue) -> Output {
    let mut out = Output::new(VERSION);
    out.i32(value.member_epoch);
    out.i32(value.previous_member_epoch);
    out.i8(value.state);
    put_owned(&mut out, &value.assigned);
    put_owned(&mut out, &value.pending_revocation);
    out.no_tags();
    out
}

pub(super) fn current(r: &mut Fields<'_>, _: i16) -> Result<CurrentAssignmentValue, CodecError> {
    let value = CurrentAssignmentValue {
        member_epoch: r.i32()?,
        previous_member_epoch: r.i32()?,
        state: r.i8()?,
        assigned: owned(r)?,
        pending_revocation: owned(r)?,
    };
    r.skip_tags()?;
    Ok(value)
}

fn put_owned(out: &mut Output, topics: &[TopicPartitions]) {
    out.compact_array_len(topics.len());
    for topic in topics {
        out.uuid(topic.topic_id);
        put_numbers(out, &topic.partitions);
        out.tag_0(topic.assignment_epochs.as_ref().map(|epochs| |out: &mut Writer| put_numbers(out, epochs)));
    }
}

fn owned(r: &mut Fields<'_>) -> Result<Vec<TopicPartitions>, CodecError> {
    r.compact_array(18, |r| {
        let (topic_id, partitions) = (r.uuid()?, numbers(r)?);
        let assignment_epochs = r.tag_0(|r| r.compact_nullable_array(4, |r| r.i32()))?.flatten();
        Ok(TopicPartitions { topic_id, partitions, assignment_epochs })
    })
}

fn put_numbers(out: &mut Writer, numbers: &[i32]) {
    out.compact_array_len(numbers.len());
    numbers.iter().for_each(|n| out.i32(*n));
}

fn numbers(r: &mut Fields<'_>) -> Result<Vec<i32>, CodecError> {
    r.compact_array(4, |r| r.i32())
}

pub(super) fn put_regex(value: &ResolvedRegexValue) -> Output {
    let mut out = Output::new(VERSION);
    out.compact_array_len(value.topics.len());
    for topic in &value.topics {
        out.compact_string(topic);
    }
    out.i64(value.version);
    out.i64(value.timestamp.0);
    out.no_tags();
    out
}

pub(super) fn regex(r: &mut Fields<'_>, _: i16) -> Result<ResolvedRegexValue, CodecError> {
    let topics = r.compact_array(1, Fields::compact_text)?;
    let value = ResolvedRegexValue { topics, version: r.i64()?, timestamp: Millis(r.i64()?) };
    r.skip_tags()?;
    Ok(value)
}
