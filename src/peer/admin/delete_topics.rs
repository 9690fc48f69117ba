//! DeleteTopics, by name.

use kafka_protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};

use super::BROKER_TIMEOUT_MS;
use crate::base::error_code::ErrorCode;
use crate::peer::client::Client;
use crate::peer::error::{PeerError, Refused};
use crate::peer::wire;

/// Deletes topics. The answers are in the order of `names`.
pub async fn delete_topics(client: &Client, names: &[String]) -> Result<Vec<Result<(), Refused>>, PeerError> {
    let connection = client.any().await?;
    let version = connection.version::<DeleteTopicsRequest>(i16::MAX)?;
    let mut request = DeleteTopicsRequest::default().with_timeout_ms(BROKER_TIMEOUT_MS);
    // Version 6 can name topics by id, and so has a list of its own for them.
    if version >= 6 {
        request.topics =
            names.iter().map(|name| DeleteTopicState::default().with_name(Some(wire::topic(name)))).collect();
    } else {
        request.topic_names = names.iter().map(|name| wire::topic(name)).collect();
    }
    let response = connection.send(version, &request).await?.answer().await?;
    Ok(names
        .iter()
        .map(|name| {
            let answer = response.responses.iter().find(|r| r.name.as_ref().is_some_and(|n| **n == **name));
            let (code, message) = answer.map_or((ErrorCode::UnknownServerError, None), |answer| {
                (wire::code(answer.error_code), wire::string(answer.error_message.as_ref()))
            });
            if code.is_none() { Ok(()) } else { Err(Refused { what: format!("delete topic {name:?}"), code, message }) }
        })
        .collect())
}
