//! Which cluster this is: asked of the other voters before a node knows it itself.

use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::node_link::NodeLink;
use crate::base::clock::SharedClock;
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::protocol::internal::{Identity, InternalApi};

/// What a voter knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who answered.
    pub node_id: NodeId,
    /// Its cluster.
    pub cluster_id: String,
    /// Whether its quorum exists: one that was founded is not founded again.
    pub founded: bool,
}

/// The answer as bytes.
pub fn put(cluster_id: &str, founded: bool) -> Vec<u8> {
    let mut out = Writer::new();
    out.compact_string(cluster_id);
    out.u8(u8::from(founded));
    out.into_vec()
}

fn read(bytes: &[u8]) -> Result<(String, bool), CodecError> {
    let mut from = Reader::new(bytes);
    Ok((from.compact_string()?.to_owned(), from.u8()? != 0))
}

/// Asks one voter once. `None` if it cannot be reached, or does not know.
pub async fn ask(address: &Address, identity: &Arc<Identity>, clock: &SharedClock, limit: Duration) -> Option<Known> {
    let link = NodeLink::new(address.clone(), Arc::clone(identity), Arc::clone(clock));
    let answer = link.ask(InternalApi::Identify, &[], limit).await.ok()?;
    if answer.error != ErrorCode::None {
        return None;
    }
    let (cluster_id, founded) = read(&answer.payload).ok()?;
    Some(Known { node_id: answer.node_id, cluster_id, founded })
}
