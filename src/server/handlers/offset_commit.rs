//! OffsetCommit (8), versions 2-10. A group has come so far.
//!
//! - v2-v4: how long the offsets are to be kept, instead of the broker's setting
//! - v6: leader epochs (KIP-320)
//! - v7: static members (KIP-345)
//! - v8: flexible
//! - v9: member epochs (KIP-848), `GROUP_ID_NOT_FOUND` where a group was expected
//! - v10: topics by id

use std::sync::Arc;

use kafka_protocol::messages::OffsetCommitResponse;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use uuid::Uuid;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{self, LeaderEpoch, Millis, Offset, PartitionIndex};
use crate::coordinator::group::offsets::commit::{CommitPartition, CommitReply, CommitTopic, OffsetCommit, commit};
use crate::metadata::image::MetadataImage;
use crate::protocol::extra::offsets::{OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::server::context::Context;
use crate::server::group_wire::{answer, optional_shared, shared};
use crate::server::handlers::Handled;
use crate::server::offset_topics::{Asked, TopicCodes, existing, merged, wire_name};
use crate::server::request::{Refusal, Request};

const TOPIC_ID_VERSION_MIN: i16 = 10;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: OffsetCommitRequest = request.decode()?;
    let version = request.version();
    let op = OffsetCommit {
        group: shared(&body.group_id.0),
        member_id: shared(&body.member_id),
        instance_id: optional_shared(body.group_instance_id.as_ref()),
        generation: body.generation_id_or_member_epoch,
        retention: Some(Millis(body.retention_time_ms)).filter(|span| *span != Millis::NONE),
        api_version: version,
        topics: Vec::new(),
    };
    let image = ctx.metadata();
    let Wanted { topics, names, refused } = Wanted::of(&image, version, body.topics);
    if topics.is_empty() {
        return request.now(&to_wire(version, refused));
    }
    let op = Arc::new(OffsetCommit { topics, ..op });
    let submitted = ctx.groups.submit(&op.group, |machine, call| commit(machine, call.now, &op));
    answer(request, submitted, move |request, reply| {
        to_wire(request.version(), merged(refused, answered(&op.topics, names, reply)))
    })
}

/// What is committed, and what cannot be.
struct Wanted {
    topics: Vec<CommitTopic>,
    /// Their names on the wire.
    names: Vec<kafka_protocol::messages::TopicName>,
    refused: Vec<TopicCodes>,
}

impl Wanted {
    fn of(image: &MetadataImage, version: i16, topics: Vec<OffsetCommitRequestTopic>) -> Self {
        let mut wanted = Self { topics: Vec::with_capacity(topics.len()), names: Vec::new(), refused: Vec::new() };
        for topic in topics {
            let by_id = ids::Uuid(topic.topic_id.into_bytes());
            let asked = if version >= TOPIC_ID_VERSION_MIN { Asked::Id(by_id) } else { Asked::Name(&topic.name) };
            let known = match asked.find(image) {
                Ok(known) => known,
                Err(code) => {
                    let partitions = topic.partitions.iter().map(|partition| partition.partition_index);
                    wanted.refused.push(asked.refused(code, partitions));
                    continue;
                }
            };
            let partitions = existing(known, topic.partitions, |p| p.partition_index, &mut wanted.refused);
            if partitions.is_empty() {
                continue;
            }
            wanted.names.push(if version >= TOPIC_ID_VERSION_MIN { wire_name(known) } else { topic.name });
            let partitions = partitions.iter().map(partition).collect();
            wanted.topics.push(CommitTopic { name: known.name.shared(), id: known.id, partitions });
        }
        wanted
    }
}

fn partition(wire: &OffsetCommitRequestPartition) -> CommitPartition {
    CommitPartition {
        index: PartitionIndex(wire.partition_index),
        offset: Offset(wire.committed_offset),
        leader_epoch: LeaderEpoch(wire.committed_leader_epoch),
        metadata: wire.committed_metadata.as_ref().filter(|note| !note.is_empty()).map(shared).unwrap_or_default(),
    }
}

/// Each partition's code, or the one code for all.
pub(super) fn answered(
    topics: &[CommitTopic],
    names: Vec<kafka_protocol::messages::TopicName>,
    reply: Result<CommitReply, ErrorCode>,
) -> Vec<TopicCodes> {
    let codes = match reply {
        Ok(codes) => codes,
        Err(code) => topics.iter().map(|topic| vec![code; topic.partitions.len()]).collect(),
    };
    let topics = topics.iter().zip(names).zip(codes).map(|((topic, name), codes)| {
        let partitions = topic.partitions.iter().map(|partition| partition.index.0).zip(codes).collect();
        TopicCodes { name, id: topic.id, partitions }
    });
    topics.collect()
}

fn to_wire(version: i16, topics: Vec<TopicCodes>) -> OffsetCommitResponse {
    let topic = |topic: TopicCodes| {
        let partitions = topic.partitions.into_iter().map(|(index, code)| {
            OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code.code())
        });
        let wire = OffsetCommitResponseTopic::default().with_partitions(partitions.collect());
        match version >= TOPIC_ID_VERSION_MIN {
            true => wire.with_topic_id(Uuid::from_bytes(topic.id.0)),
            false => wire.with_name(topic.name),
        }
    };
    OffsetCommitResponse::default().with_topics(topics.into_iter().map(topic).collect())
}
