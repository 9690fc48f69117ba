//! DeleteTopics (20), versions 1-6. By name, or by id.
//!
//! - v4: flexible
//! - v5: an error's words in the answer (KIP-599)
//! - v6: topics by id (KIP-516)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
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
    let mut invalid = refused(&body);
    let names = body.topics.iter().filter_map(|t| t.name.as_ref()).chain(&body.topic_names);
    let mut seen = BTreeMap::new();
    names.for_each(|name| *seen.entry(name.clone()).or_insert(0) += 1);
    let once = |name: &TopicName| seen.get(name) == Some(&1);
    let topics: Vec<TopicRef> = if request.version() >= TOPIC_ID_VERSION_MIN {
        let named = |topic: &DeleteTopicState| match &topic.name {
            Some(name) => TopicRef::Name(name.to_string()),
            None => TopicRef::Id(Uuid(topic.topic_id.into_bytes())),
        };
        let right = |topic: &&DeleteTopicState| topic.name.is_some() == topic.topic_id.is_nil();
        body.topics.iter().filter(right).filter(|t| t.name.as_ref().is_none_or(once)).map(named).collect()
    } else {
        body.topic_names.iter().filter(|name| once(name)).map(|name| TopicRef::Name(name.to_string())).collect()
    };
    for (name, _) in seen.iter().filter(|(_, times)| **times > 1) {
        let words = Some("the topic is named more than once".to_string());
        invalid.push(answer(&TopicRef::Name(name.to_string()), Some((ErrorCode::InvalidRequest, words))));
    }
    let operation = DeleteTopics { topics };
    if !ctx.config.delete_topic_enable() {
        let code = if request.version() < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled };
        invalid.extend(operation.topics.iter().map(|t| answer(t, Some((code, None)))));
        return request.now(&DeleteTopicsResponse::default().with_responses(invalid));
    }
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let mut responses: Vec<DeletableTopicResult> = match ctx.change(operation.clone(), timeout).await {
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
        responses.extend(invalid);
        request.respond(&DeleteTopicsResponse::default().with_responses(responses))
    }))
}

/// Topics that are named by both name and id, or by neither.
fn refused(body: &DeleteTopicsRequest) -> Vec<DeletableTopicResult> {
    let wrong = body.topics.iter().filter(|t| t.name.is_some() != t.topic_id.is_nil());
    let answers = wrong.map(|t| {
        let words = if t.name.is_some() { "both name and id are given" } else { "neither name nor id is given" };
        DeletableTopicResult::default()
            .with_name(t.name.clone())
            .with_topic_id(t.topic_id)
            .with_error_code(ErrorCode::InvalidRequest.code())
            .with_error_message(Some(StrBytes::from_static_str(words)))
    });
    answers.collect()
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
        Some((code, message)) => {
            answer.with_error_code(code.code()).with_error_message(message.map(StrBytes::from_string))
        }
    }
}
