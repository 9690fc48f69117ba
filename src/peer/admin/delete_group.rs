//! DeleteGroups, one group at a time: each may have a coordinator of its own.

use kafka_protocol::messages::{DeleteGroupsRequest, GroupId};

use super::coordinator::{self, Key};
use crate::base::error_code::ErrorCode;
use crate::peer::client::{Client, Retry};
use crate::peer::error::PeerError;
use crate::peer::wire;

/// Deletes a group with its offsets. One that has members is refused (NON_EMPTY_GROUP).
pub async fn delete_group(client: &Client, group: &str, retry: &mut Retry) -> Result<(), PeerError> {
    let request = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(wire::text(group))]);
    let what = || format!("delete group {group:?}");
    coordinator::ask(client, Key::Group(group), retry, async |_, connection| {
        let answer = connection.call(&request).await?;
        let found = answer.results.first();
        let found = found.ok_or_else(|| PeerError::refused(what(), ErrorCode::UnknownServerError, None))?;
        wire::check(found.error_code, None, what)
    })
    .await
}
