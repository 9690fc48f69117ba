//! Which cluster this is and who votes in it: asked of the other voters before a node knows it itself.
//!
//! ```text
//!  answer   compact string cluster  u8 founded  uvarint voters { i32 node  compact string host:port } ...
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::node_link::NodeLink;
use crate::base::clock::SharedClock;
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::controller::quorum::voters::Voters;
use crate::protocol::internal::{Identity, InternalAnswer, InternalApi};

/// What a voter knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who answered.
    pub node_id: NodeId,
    /// Its cluster.
    pub cluster_id: String,
    /// Whether its quorum exists: one that was founded is not founded again.
    pub founded: bool,
    /// Who votes in it.
    pub voters: BTreeMap<NodeId, Address>,
}

/// The answer as bytes.
pub fn put(cluster_id: &str, founded: bool, voters: &Voters) -> Vec<u8> {
    let mut out = Writer::new();
    out.compact_string(cluster_id);
    out.u8(u8::from(founded));
    out.uvarint(voters.voters.len() as u32);
    for (id, member) in &voters.voters {
        out.i32(id.0);
        out.compact_string(&member.address());
    }
    out.into_vec()
}

fn read(node_id: NodeId, bytes: &[u8]) -> Result<Known, CodecError> {
    let mut from = Reader::new(bytes);
    let (cluster_id, founded) = (from.compact_string()?.to_owned(), from.u8()? != 0);
    let mut voters = BTreeMap::new();
    for _ in 0..from.uvarint()? {
        let (id, address) = (NodeId(from.i32()?), from.compact_string()?);
        // A voter that listens nowhere cannot be asked.
        if let Ok(address) = Address::parse(address) {
            voters.insert(id, address);
        }
    }
    Ok(Known { node_id, cluster_id, founded, voters })
}

/// The cluster that an answer names, if it is one.
pub(super) fn cluster_of(answer: &InternalAnswer) -> Option<String> {
    let text = Reader::new(&answer.payload).compact_string().ok()?.to_owned();
    (answer.error == ErrorCode::None).then_some(text)
}

/// Asks one voter once. `None` if it cannot be reached, or does not know.
pub async fn ask(address: &Address, identity: &Arc<Identity>, clock: &SharedClock, limit: Duration) -> Option<Known> {
    let link = NodeLink::new(address.clone(), Arc::clone(identity), Arc::clone(clock));
    let answer = link.ask(InternalApi::Identify, &[], limit).await.ok()?;
    if answer.error != ErrorCode::None {
        return None;
    }
    read(answer.node_id, &answer.payload).ok()
}
