//! ListGroups (16), versions 0-5. The groups that this broker coordinates.
//!
//! - v3: flexible
//! - v4: states, and a filter by them (KIP-518)
//! - v5: kinds, and a filter by them (KIP-848)

use std::sync::Arc;

use kafka_protocol::messages::GroupId;
use kafka_protocol::messages::list_groups_request::ListGroupsRequest;
use kafka_protocol::messages::list_groups_response::{ListGroupsResponse, ListedGroup};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::list::{Overview, list};
use crate::coordinator::group::service::Answer;
use crate::server::context::Context;
use crate::server::group_wire::text;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

const STATE_VERSION_MIN: i16 = 4;
const TYPE_VERSION_MIN: i16 = 5;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ListGroupsRequest = request.decode()?;
    let wanted = move |group: &Overview| {
        let is_in = |filter: &[StrBytes], word: &str| {
            filter.is_empty() || filter.iter().any(|one| one.trim().eq_ignore_ascii_case(word))
        };
        is_in(&body.states_filter, group.state) && is_in(&body.types_filter, group.kind)
    };
    let asked = ctx.groups.ask_all(|machine| list(machine, &wanted));
    Ok(Handled::later(async move {
        let answer = match gather(asked).await {
            Err(code) => ListGroupsResponse::default().with_error_code(code.code()),
            Ok(groups) => {
                let groups = groups.iter().map(|group| to_wire(request.version(), group));
                ListGroupsResponse::default().with_groups(groups.collect())
            }
        };
        request.respond(&answer)
    }))
}

async fn gather(asked: Result<Vec<Answer<Vec<Overview>>>, ErrorCode>) -> Result<Vec<Overview>, ErrorCode> {
    let mut all = Vec::new();
    for answer in asked? {
        match answer.reply().await {
            Ok(groups) => all.extend(groups),
            // They are another broker's by now.
            Err(ErrorCode::NotCoordinator) => {}
            Err(code) => return Err(code),
        }
    }
    Ok(all)
}

fn to_wire(version: i16, group: &Overview) -> ListedGroup {
    let mut wire = ListedGroup::default()
        .with_group_id(GroupId(text(&group.group)))
        .with_protocol_type(text(&group.protocol_type));
    if version >= STATE_VERSION_MIN {
        wire.group_state = text(group.state);
    }
    if version >= TYPE_VERSION_MIN {
        wire.group_type = text(group.kind);
    }
    wire
}
