//! DeleteTopics (20), versions 1-6. By name, or by id.
//!
//! - v4: flexible
//! - v5: an error's words in the answer (KIP-599)
//! - v6: topics by id (KIP-516)

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::delete_topics_request::DeleteTopicsRequest;
use kafka_protocol::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::Uuid;
use crate::controller::delete_topics::{DeleteTopics, TopicRef};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The first version that names topics one by one, by name or id.
const TOPIC_ID_VERSION_MIN: i16 = 6;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DeleteTopicsRequest = request.decode()?;
    let topics = if request.version() >= TOPIC_ID_VERSION_MIN {
        let named = |topic: &kafka_protocol::messages::delete_topics_request::DeleteTopicState| match &topic.name {
            Some(name) => TopicRef::Name(name.to_string()),
            None => TopicRef::Id(Uuid(topic.topic_id.into_bytes())),
        };
        body.topics.iter().map(named).collect()
    } else {
        body.topic_names.iter().map(|name| TopicRef::Name(name.to_string())).collect()
    };
    let operation = DeleteTopics { topics };
    if !ctx.config.delete_topic_enable() {
        let code = if request.version() < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled };
        let refused = operation.topics.iter().map(|t| answer(t, Some((code, None))));
        return request.now(&DeleteTopicsResponse::default().with_responses(refused.collect()));
    }
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let responses = match ctx.change(operation.clone(), timeout).await {
            Ok(reply) => reply
                .into_iter()
                .map(|(topic, result)| match result {
                    Ok((name, id)) => answer(&topic, None)
                        .with_name(Some(StrBytes::from_string(name.to_string()).into()))
                        .with_topic_id(uuid::Uuid::from_bytes(id.0)),
                    Err(error) => answer(&topic, Some((error.code, error.message))),
                })
                .collect(),
            Err(error) => {
                let refusal = (error_map::controller(&error), Some(error.to_string()));
                operation.topics.iter().map(|topic| answer(topic, Some(refusal.clone()))).collect()
            }
        };
        request.respond(&DeleteTopicsResponse::default().with_responses(responses))
    }))
}

fn answer(topic: &TopicRef, error: Option<(ErrorCode, Option<String>)>) -> DeletableTopicResult {
    let answer = match topic {
        TopicRef::Name(name) => {
            DeletableTopicResult::default().with_name(Some(StrBytes::from_string(name.clone()).into()))
        }
        TopicRef::Id(id) => DeletableTopicResult::default().with_name(None).with_topic_id(uuid::Uuid::from_bytes(id.0)),
    };
    match error {
        None => answer,
        Some((code, message)) => answer.with_error_code(code.code()).with_error_message(message.map(StrBytes::from_string)),
    }
}
