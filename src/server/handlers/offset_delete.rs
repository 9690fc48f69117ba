//! OffsetDelete (47), version 0. A group forgets how far it has come with some partitions (KIP-496).
//!
//! Refused for topics that the group's members subscribe to, and for a whole group whose members do not say what they
//! subscribe to.

use std::sync::Arc;

use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::offset_delete_request::OffsetDeleteRequest;
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::PartitionIndex;
use crate::coordinator::group::offsets::delete::{OffsetDelete, delete};
use crate::server::context::Context;
use crate::server::group_wire::{answer, shared};
use crate::server::handlers::Handled;
use crate::server::offset_topics::{Asked, TopicCodes, existing, merged};
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: OffsetDeleteRequest = request.decode()?;
    let image = ctx.metadata();
    let (mut topics, mut refused) = (Vec::new(), Vec::new());
    let mut names: Vec<(TopicName, crate::base::ids::Uuid)> = Vec::new();
    for topic in body.topics {
        let asked = Asked::Name(&topic.name);
        match asked.find(&image) {
            Err(code) => refused.push(asked.refused(code, topic.partitions.iter().map(|p| p.partition_index))),
            Ok(known) => {
                let partitions = existing(known, topic.partitions, |p| p.partition_index, &mut refused);
                if !partitions.is_empty() {
                    let partitions = partitions.iter().map(|p| PartitionIndex(p.partition_index)).collect();
                    topics.push((known.name.shared(), partitions));
                    names.push((topic.name, known.id));
                }
            }
        }
    }
    let op = Arc::new(OffsetDelete { group: shared(&body.group_id.0), topics });
    let submitted = ctx.groups.submit(&op.group, |machine, _| delete(machine, &op));
    answer(request, submitted, move |_, reply| match reply {
        Err(code) => OffsetDeleteResponse::default().with_error_code(code.code()),
        Ok(codes) => to_wire(merged(refused, answered(&op, names, &codes))),
    })
}

fn answered(
    op: &OffsetDelete,
    names: Vec<(TopicName, crate::base::ids::Uuid)>,
    codes: &[ErrorCode],
) -> Vec<TopicCodes> {
    let topics = op.topics.iter().zip(names).zip(codes).map(|(((_, partitions), (name, id)), code)| TopicCodes {
        name,
        id,
        partitions: partitions.iter().map(|index| (index.0, *code)).collect(),
    });
    topics.collect()
}

fn to_wire(topics: Vec<TopicCodes>) -> OffsetDeleteResponse {
    let topics = topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|(index, code)| {
            OffsetDeleteResponsePartition::default().with_partition_index(index).with_error_code(code.code())
        });
        OffsetDeleteResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
    });
    OffsetDeleteResponse::default().with_topics(topics.collect())
}
