//! What a controller that does not lead says of the one that does: its number, and where it listens, for who does not know it yet. The
//! voters may have changed while a broker was cut off, and the one that leads be none of those that it knew.
//!
//! ```text
//!  payload of NOT_CONTROLLER   i32 leader (-1: not known)   compact string host:port (empty: not known)
//! ```

use super::address::Address;
use crate::base::codec::{Reader, Writer};
use crate::base::ids::NodeId;
use crate::controller::quorum::voters::{Member, Voters};
use crate::protocol::internal::InternalAnswer;

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeaderHint {
    /// Its number.
    pub id: NodeId,
    /// Where it listens, if that was said.
    pub at: Option<Address>,
}

/// The hint as bytes.
pub fn put(leader: Option<NodeId>, voters: &Voters) -> Vec<u8> {
    let member = leader.and_then(|id| voters.voters.get(&id));
    let mut out = Writer::new();
    out.i32(leader.unwrap_or(NodeId::NONE).0);
    out.compact_string(&member.map(Member::address).unwrap_or_default());
    out.into_vec()
}

/// The hint in an answer, if it says anything.
pub(super) fn read(answer: &InternalAnswer) -> Option<LeaderHint> {
    let mut from = Reader::new(&answer.payload);
    let id = from.i32().ok().map(NodeId).filter(|id| !id.is_none())?;
    let at = from.compact_string().ok().and_then(|text| Address::parse(text).ok());
    Some(LeaderHint { id, at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error_code::ErrorCode;
    use crate::base::ids::Uuid;
    use crate::controller::quorum::voters::VoterEndpoint;

    fn told(payload: Vec<u8>) -> Option<LeaderHint> {
        let (node_id, directory_id) = (NodeId(1), Uuid::ZERO);
        read(&InternalAnswer { error: ErrorCode::NotController, node_id, directory_id, payload: payload.into() })
    }

    #[test]
    fn who_leads_is_told_with_where_it_listens() {
        let endpoint = VoterEndpoint { name: "CONTROLLER".to_owned(), host: "h".to_owned(), port: 9093 };
        let mut voters = Voters::default();
        voters.voters.insert(NodeId(8), Member { directory_id: Uuid::ZERO, endpoints: vec![endpoint] });
        let hint = told(put(Some(NodeId(8)), &voters)).unwrap();
        assert_eq!((hint.id, hint.at.map(|at| at.to_string()).as_deref()), (NodeId(8), Some("h:9093")));
        assert_eq!(told(put(Some(NodeId(7)), &voters)), Some(LeaderHint { id: NodeId(7), at: None }));
        assert_eq!(told(put(None, &voters)), None);
        assert_eq!(told(Vec::new()), None);
        // As it was told before there were addresses.
        assert_eq!(told(8i32.to_be_bytes().to_vec()), Some(LeaderHint { id: NodeId(8), at: None }));
    }
}
