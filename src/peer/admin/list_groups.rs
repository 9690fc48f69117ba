//! ListGroups, of every broker: each tells of the groups that it coordinates.

use std::collections::BTreeMap;

use kafka_protocol::messages::ListGroupsRequest;

use crate::peer::client::{Client, Retry};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::metadata::Wanted;
use crate::peer::wire;

/// A group as the list shows it. What an older broker does not tell is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its id.
    pub id: String,
    /// `classic`, `consumer`, `share` or `streams`.
    pub kind: String,
    /// `Stable`, `Empty` and so on.
    pub state: String,
    /// What its members speak among themselves: `consumer`, `connect`; nothing for a group that only holds offsets.
    pub protocol: String,
}

/// All groups of the cluster, by id. Asks a broker again that is still loading some.
pub async fn list_groups(client: &Client, retry: &mut Retry) -> Result<Vec<ListedGroup>, PeerError> {
    let brokers: Vec<_> = client.metadata(Wanted::These(&[]), false).await?.brokers.keys().copied().collect();
    let mut all = BTreeMap::new();
    for broker in brokers {
        loop {
            let answer = match client.broker(broker).await {
                Ok(connection) => ask(&connection).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(groups) => {
                    all.extend(groups.into_iter().map(|group| (group.id.clone(), group)));
                    break;
                }
                Err(error) => retry.pause(error).await?,
            }
        }
    }
    Ok(all.into_values().collect())
}

async fn ask(connection: &Connection) -> Result<Vec<ListedGroup>, PeerError> {
    let answer = connection.call(&ListGroupsRequest::default()).await?;
    wire::check(answer.error_code, None, || format!("list the groups of {}", connection.address()))?;
    let group = |group: kafka_protocol::messages::list_groups_response::ListedGroup| ListedGroup {
        id: group.group_id.0.to_string(),
        kind: group.group_type.to_string(),
        state: group.group_state.to_string(),
        protocol: group.protocol_type.to_string(),
    };
    Ok(answer.groups.into_iter().map(group).collect())
}
