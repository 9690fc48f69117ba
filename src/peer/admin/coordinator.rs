//! FindCoordinator, and asking the coordinator of a group or of a transactional id until it is there and ready.

use kafka_protocol::messages::FindCoordinatorRequest;

use crate::base::ids::NodeId;
use crate::peer::client::{Client, Retry};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::metadata::Wanted;
use crate::peer::wire;

/// From this version on several coordinators are asked for at a time.
const BATCHED_FROM: i16 = 4;
/// From this version on a key says of what kind it is.
const TYPED_FROM: i16 = 1;

/// What has a coordinator.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'a> {
    /// A group.
    Group(&'a str),
    /// A transactional id.
    TransactionalId(&'a str),
}

impl Key<'_> {
    /// Kafka's number for the kind, the name, and what to call both.
    fn parts(&self) -> (i8, &str, String) {
        match self {
            Self::Group(group) => (0, group, format!("group {group:?}")),
            Self::TransactionalId(id) => (1, id, format!("transactional id {id:?}")),
        }
    }
}

/// A connection to the coordinator of `key`, and which broker that is.
async fn find(client: &Client, key: Key<'_>) -> Result<(NodeId, Connection), PeerError> {
    let (kind, name, called) = key.parts();
    // The coordinator's address is taken from the metadata, as all addresses are.
    client.metadata(Wanted::These(&[]), false).await?;
    let connection = client.any().await?;
    let version = connection.version::<FindCoordinatorRequest>(i16::MAX)?;
    let mut request = FindCoordinatorRequest::default();
    if version >= TYPED_FROM {
        request.key_type = kind;
    }
    if version >= BATCHED_FROM {
        request.coordinator_keys = vec![wire::text(name)];
    } else {
        request.key = wire::text(name);
    }
    let answer = connection.send(version, &request).await?.answer().await?;
    let what = || format!("find the coordinator of {called}");
    let node = match answer.coordinators.first() {
        Some(found) => {
            wire::check(found.error_code, found.error_message.as_ref(), what)?;
            NodeId(found.node_id.0)
        }
        None => {
            wire::check(answer.error_code, answer.error_message.as_ref(), what)?;
            NodeId(answer.node_id.0)
        }
    };
    Ok((node, client.broker(node).await?))
}

/// Asks the coordinator of `key`; again where it has moved or is not ready yet, until the retry's deadline.
pub(super) async fn ask<T>(
    client: &Client,
    key: Key<'_>,
    retry: &mut Retry,
    question: impl AsyncFn(NodeId, &Connection) -> Result<T, PeerError>,
) -> Result<T, PeerError> {
    loop {
        let answer = match find(client, key).await {
            Ok((node, connection)) => question(node, &connection).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => retry.pause(error).await?,
        }
    }
}
