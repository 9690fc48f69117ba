//! DeleteGroups (42), versions 0-2. Groups without members go, and all their offsets.
//!
//! - v2: flexible

use std::collections::HashSet;
use std::sync::Arc;

use kafka_protocol::messages::delete_groups_request::DeleteGroupsRequest;
use kafka_protocol::messages::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::delete_groups::delete;
use crate::server::context::Context;
use crate::server::group_wire::shared;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DeleteGroupsRequest = request.decode()?;
    let mut seen = HashSet::new();
    let groups = body.groups_names.into_iter().filter(|group| seen.insert(group.clone()));
    let submitted: Vec<_> = groups
        .map(|wire| {
            let group = shared(&wire.0);
            let submitted = ctx.groups.submit(&group, |machine, _| delete(machine, &group));
            (wire, submitted)
        })
        .collect();
    Ok(Handled::later(async move {
        let mut results = Vec::with_capacity(submitted.len());
        for (group, submitted) in submitted {
            let code = match submitted {
                Ok(answer) => answer.reply().await.err().unwrap_or(ErrorCode::None),
                Err(code) => code,
            };
            results.push(DeletableGroupResult::default().with_group_id(group).with_error_code(code.code()));
        }
        request.respond(&DeleteGroupsResponse::default().with_results(results))
    }))
}
