//! CreatePartitions (37), versions 0-3. Adds partitions to topics, each for itself (KIP-195).
//!
//! - v2: flexible
//! - v3: throttling of topic changes (KIP-599)

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use kafka_protocol::messages::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};
use kafka_protocol::protocol::StrBytes;

use crate::base::ids::NodeId;
use crate::controller::create_partitions::{CreatePartitions, MorePartitions};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: CreatePartitionsRequest = request.decode()?;
    let operation = CreatePartitions {
        topics: body.topics.iter().map(more_partitions).collect(),
        validate_only: body.validate_only,
    };
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let results = match ctx.change(operation, timeout).await {
            Ok(reply) => reply
                .into_iter()
                .map(|(name, result)| match result {
                    Ok(()) => answer(&name, 0, None),
                    Err(error) => answer(&name, error.code.code(), error.message),
                })
                .collect(),
            Err(error) => {
                let code = error_map::controller(&error).code();
                body.topics.iter().map(|topic| answer(&topic.name, code, Some(error.to_string()))).collect()
            }
        };
        request.respond(&CreatePartitionsResponse::default().with_results(results))
    }))
}

fn more_partitions(topic: &CreatePartitionsTopic) -> MorePartitions {
    let assignments = topic.assignments.as_ref();
    MorePartitions {
        name: topic.name.to_string(),
        count: topic.count,
        assignments: assignments
            .map(|all| all.iter().map(|one| one.broker_ids.iter().map(|id| NodeId(id.0)).collect()).collect()),
    }
}

fn answer(name: &str, code: i16, message: Option<String>) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult::default()
        .with_name(StrBytes::from_string(name.to_owned()).into())
        .with_error_code(code)
        .with_error_message(message.map(StrBytes::from_string))
}
