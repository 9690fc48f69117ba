//! OffsetFetch (9), versions 1-10. How far groups have come.
//!
//! - v2: all topics of a group; an error of the whole group
//! - v5: leader epochs (KIP-320)
//! - v6: flexible
//! - v7: offsets that an open transaction changes are not told, if so asked (KIP-447)
//! - v8: many groups in one request (KIP-709)
//! - v9: member epochs (KIP-848)
//! - v10: topics by id

use std::sync::Arc;

use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{GroupId, OffsetFetchResponse, TopicName};
use uuid::Uuid;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{self, PartitionIndex};
use crate::coordinator::group::offsets::fetch::{FetchTopic, FetchedPartition, FetchedTopic, OffsetFetch, fetch};
use crate::coordinator::group::service::Answer;
use crate::metadata::image::MetadataImage;
use crate::protocol::extra::offsets::{OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use crate::server::context::Context;
use crate::server::group_wire::{optional_shared, shared, text};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// Before this version there is no error of the whole group, only of each partition.
const GROUP_ERROR_VERSION_MIN: i16 = 2;
const LEADER_EPOCH_VERSION_MIN: i16 = 5;
const BATCHED_VERSION_MIN: i16 = 8;
const TOPIC_ID_VERSION_MIN: i16 = 10;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: OffsetFetchRequest = request.decode()?;
    let (version, require_stable) = (request.version(), body.require_stable);
    let image = ctx.metadata();
    let groups = groups(version, body).into_iter();
    let mut asked: Vec<Asked> = groups.map(|group| Asked::of(ctx, &image, version, group, require_stable)).collect();
    if asked.iter().all(|asked| matches!(asked.state, State::Told(_))) {
        return request.now(&to_wire(&image, version, asked));
    }
    Ok(Handled::later(async move {
        for asked in &mut asked {
            asked.state = match std::mem::replace(&mut asked.state, State::Told(Ok(Vec::new()))) {
                State::Waiting(answer) => State::Told(answer.reply().await),
                told => told,
            };
        }
        request.respond(&to_wire(&image, version, asked))
    }))
}

/// The groups that are asked about: one before they came many at a time.
fn groups(version: i16, body: OffsetFetchRequest) -> Vec<OffsetFetchRequestGroup> {
    if version >= BATCHED_VERSION_MIN {
        return body.groups;
    }
    let topics = body.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            partition_indexes: topic.partition_indexes,
            ..Default::default()
        });
        topics.collect()
    });
    vec![OffsetFetchRequestGroup { group_id: body.group_id, topics, ..Default::default() }]
}

enum State {
    Told(Result<Vec<FetchedTopic>, ErrorCode>),
    Waiting(Answer<Vec<FetchedTopic>>),
}

/// One group.
struct Asked {
    group: GroupId,
    /// The topics that there are, as they were named.
    known: Vec<FetchTopic>,
    /// Ids that nobody knows.
    unknown: Vec<FetchedTopic>,
    state: State,
}

impl Asked {
    fn of(
        ctx: &Context,
        image: &MetadataImage,
        version: i16,
        wire: OffsetFetchRequestGroup,
        require_stable: bool,
    ) -> Self {
        let by_id = version >= TOPIC_ID_VERSION_MIN;
        let asks_for_all = wire.topics.is_none();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for topic in wire.topics.into_iter().flatten() {
            let id = ids::Uuid(topic.topic_id.into_bytes());
            let partitions = topic.partition_indexes.into_iter().map(PartitionIndex);
            match image.topic_by_id(id) {
                _ if !by_id => {
                    known.push(FetchTopic { name: shared(&topic.name.0), id, partitions: partitions.collect() });
                }
                Some(topic) => {
                    known.push(FetchTopic { name: topic.name.shared(), id, partitions: partitions.collect() });
                }
                None => {
                    let nothing = |index| FetchedPartition::nothing(index, ErrorCode::UnknownTopicId);
                    unknown.push(FetchedTopic {
                        name: Arc::default(),
                        id,
                        partitions: partitions.map(nothing).collect(),
                    });
                }
            }
        }
        let op = OffsetFetch {
            group: shared(&wire.group_id.0),
            member_id: optional_shared(wire.member_id.as_ref()),
            member_epoch: wire.member_epoch,
            topics: (!asks_for_all).then(|| known.clone()),
            require_stable,
        };
        let submitted = ctx.groups.submit(&op.group, |machine, _| fetch(machine, &op));
        let state = match submitted.map(Answer::now) {
            Err(code) => State::Told(Err(code)),
            Ok(Ok(reply)) => State::Told(Ok(reply)),
            Ok(Err(answer)) => State::Waiting(answer),
        };
        Self { group: wire.group_id, known, unknown, state }
    }

    /// The topics as told, or the code of the whole group.
    fn told(self, image: &MetadataImage, version: i16) -> (GroupId, Result<Vec<FetchedTopic>, ErrorCode>) {
        let told = match self.state {
            State::Told(told) => told,
            State::Waiting(_) => Err(ErrorCode::UnknownServerError),
        };
        let told = match told {
            Ok(topics) => {
                let mut topics: Vec<_> =
                    topics.into_iter().filter_map(|topic| with_id(image, version, topic)).collect();
                topics.extend(self.unknown);
                Ok(topics)
            }
            Err(code) if version < GROUP_ERROR_VERSION_MIN => {
                let refused = self.known.into_iter().map(|topic| FetchedTopic {
                    name: topic.name,
                    id: topic.id,
                    partitions: topic.partitions.into_iter().map(|it| FetchedPartition::nothing(it, code)).collect(),
                });
                Ok(refused.collect())
            }
            Err(code) => Err(code),
        };
        (self.group, told)
    }
}

/// Of all topics only those are told, by id, that there are.
fn with_id(image: &MetadataImage, version: i16, topic: FetchedTopic) -> Option<FetchedTopic> {
    if version < TOPIC_ID_VERSION_MIN || !topic.id.is_zero() {
        return Some(topic);
    }
    let id = image.topic(&topic.name)?.id;
    Some(FetchedTopic { id, ..topic })
}

fn to_wire(image: &MetadataImage, version: i16, asked: Vec<Asked>) -> OffsetFetchResponse {
    let mut told = asked.into_iter().map(|asked| asked.told(image, version));
    let response = OffsetFetchResponse::default();
    if version >= BATCHED_VERSION_MIN {
        return response.with_groups(told.map(|(group, told)| to_group(version, group, told)).collect());
    }
    match told.next() {
        Some((_, Ok(topics))) => {
            response.with_topics(topics.into_iter().map(|topic| to_topic(version, topic)).collect())
        }
        Some((_, Err(code))) => response.with_error_code(code.code()),
        None => response,
    }
}

fn to_group(version: i16, group: GroupId, told: Result<Vec<FetchedTopic>, ErrorCode>) -> OffsetFetchResponseGroup {
    let wire = OffsetFetchResponseGroup::default().with_group_id(group);
    let topics = match told {
        Ok(topics) => topics,
        Err(code) => return wire.with_error_code(code.code()),
    };
    let topics = topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            OffsetFetchResponsePartitions::default()
                .with_partition_index(partition.index.0)
                .with_committed_offset(partition.offset.0)
                .with_committed_leader_epoch(partition.leader_epoch.0)
                .with_metadata(Some(text(&partition.metadata)))
                .with_error_code(partition.error.code())
        });
        let wire = OffsetFetchResponseTopics::default().with_partitions(partitions.collect());
        match version >= TOPIC_ID_VERSION_MIN {
            true => wire.with_topic_id(Uuid::from_bytes(topic.id.0)),
            false => wire.with_name(TopicName(text(&topic.name))),
        }
    });
    wire.with_topics(topics.collect())
}

fn to_topic(version: i16, topic: FetchedTopic) -> OffsetFetchResponseTopic {
    let partitions = topic.partitions.iter().map(|partition| {
        let wire = OffsetFetchResponsePartition::default()
            .with_partition_index(partition.index.0)
            .with_committed_offset(partition.offset.0)
            .with_metadata(Some(text(&partition.metadata)))
            .with_error_code(partition.error.code());
        match version >= LEADER_EPOCH_VERSION_MIN {
            true => wire.with_committed_leader_epoch(partition.leader_epoch.0),
            false => wire,
        }
    });
    OffsetFetchResponseTopic::default().with_name(TopicName(text(&topic.name))).with_partitions(partitions.collect())
}
