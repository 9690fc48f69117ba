//! ConsumerGroupHeartbeat (68), versions 0-1. A member of a consumer group joins, lives, changes, leaves (KIP-848).
//!
//! - v1: regular expressions, member ids that clients make (KIP-848, KIP-1082)
//!
//! Where a heartbeat asks for what regular expressions stand for, that is looked up here before the answer goes out.

use std::sync::Arc;

use kafka_protocol::messages::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use kafka_protocol::messages::consumer_group_heartbeat_response::{
    Assignment, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::Uuid;
use crate::base::random;
use crate::coordinator::group::consumer::assignment::Owned;
use crate::coordinator::group::consumer::heartbeat::{ConsumerGroupHeartbeat, HeartbeatReply, heartbeat};
use crate::coordinator::group::consumer::regex::{self, RegexLookUp};
use crate::coordinator::group::machine::Outcome;
use crate::coordinator::group::record;
use crate::server::context::Context;
use crate::server::group_wire::{answer, client_host, optional_shared, serves_consumer_groups, shared, text};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ConsumerGroupHeartbeatRequest = request.decode()?;
    if !serves_consumer_groups(ctx) {
        let refused = ConsumerGroupHeartbeatResponse::default().with_error_code(ErrorCode::UnsupportedVersion.code());
        return request.now(&refused.with_error_message(Some(text("consumer groups are switched off here"))));
    }
    let op = to_domain(&request, &body);
    let submitted = ctx.groups.submit(&body.group_id.0, |machine, call| {
        let decided = heartbeat(machine, call.now, machine.consumer_settings(), op);
        // A refusal is an answer as well: it has words of its own.
        Ok(match decided {
            Ok(outcome) => outcome.map(Ok),
            Err(error) => Outcome::reply(Err(error)),
        })
    });
    let ctx = Arc::clone(ctx);
    answer(request, submitted, move |_, reply| match reply {
        Ok(Ok(mut reply)) => {
            if let Some(look_up) = reply.regex_look_up.take() {
                resolve(&ctx, look_up);
            }
            to_wire(&reply)
        }
        Ok(Err(error)) => ConsumerGroupHeartbeatResponse::default()
            .with_error_code(error.code().code())
            .with_error_message(Some(StrBytes::from_string(error.to_string()))),
        Err(code) => ConsumerGroupHeartbeatResponse::default().with_error_code(code.code()),
    })
}

fn resolve(ctx: &Context, look_up: RegexLookUp) {
    let found = look_up.resolve(&ctx.metadata(), |_| true);
    let group = Arc::clone(&found.group);
    let submitted =
        ctx.groups.submit(&group, |machine, call| Ok::<_, ErrorCode>(regex::resolved(machine, call.now, found)));
    // The next heartbeat asks again.
    if let Err(code) = submitted {
        tracing::debug!(%group, %code, "what its regular expressions stand for was not written");
    }
}

fn to_domain(request: &Request, body: &ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeat {
    let fresh = if body.member_id.is_empty() { random::uuid() } else { Uuid::ZERO };
    let owned = body.topic_partitions.as_ref().map(|topics| {
        let topic = |topic: &kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions| {
            let topic_id = Uuid(topic.topic_id.into_bytes());
            record::TopicPartitions { topic_id, partitions: topic.partitions.clone(), assignment_epochs: None }
        };
        topics.iter().map(topic).collect()
    });
    ConsumerGroupHeartbeat {
        api_version: request.version(),
        group: shared(&body.group_id.0),
        member_id: shared(&body.member_id),
        fresh_member_id: fresh.to_string().into(),
        member_epoch: body.member_epoch,
        instance_id: optional_shared(body.instance_id.as_ref()),
        rack_id: optional_shared(body.rack_id.as_ref()),
        rebalance_timeout_ms: body.rebalance_timeout_ms,
        subscribed_topic_names: body
            .subscribed_topic_names
            .as_ref()
            .map(|names| names.iter().map(|name| shared(&name.0)).collect()),
        subscribed_topic_regex: optional_shared(body.subscribed_topic_regex.as_ref()),
        server_assignor: optional_shared(body.server_assignor.as_ref()),
        owned,
        client_id: request.client_id().into(),
        client_host: client_host(request.client_host()),
    }
}

fn to_wire(reply: &HeartbeatReply) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default()
        .with_member_id(Some(text(&reply.member_id)))
        .with_member_epoch(reply.member_epoch)
        .with_heartbeat_interval_ms(i32::try_from(reply.heartbeat_interval.0).unwrap_or(i32::MAX))
        .with_assignment(reply.assignment.as_deref().map(assignment))
}

fn assignment(owned: &Owned) -> Assignment {
    let topic = |(topic, partitions): (Uuid, &[(i32, i32)])| {
        TopicPartitions::default()
            .with_topic_id(uuid::Uuid::from_bytes(topic.0))
            .with_partitions(partitions.iter().map(|(partition, _)| *partition).collect())
    };
    Assignment::default().with_topic_partitions(owned.iter().map(topic).collect())
}
