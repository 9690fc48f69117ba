//! Who votes in the quorum, who follows its log without a vote, and where each is: what the quorum itself keeps of its members.

use std::collections::BTreeMap;
use std::fmt;

use openraft::Membership;
use serde::{Deserialize, Serialize};

use super::types::node_id;
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{NodeId, Uuid};

/// Where a controller listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoterEndpoint {
    /// The listener's name.
    pub name: String,
    /// A host name or an address, an IPv6 one without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for VoterEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What is kept of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The directory of its log; zero until it has told. From then on an answer from another directory counts for nothing: the
    /// log that was counted on is gone.
    pub directory_id: Uuid,
    /// Where it listens; the first one is for the other controllers.
    pub endpoints: Vec<VoterEndpoint>,
}

impl Member {
    /// `host:port` of the listener for other controllers; empty if it has none.
    pub fn address(&self) -> String {
        self.endpoints.first().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether `directory_id` can be this member's.
    pub fn may_be(&self, directory_id: Uuid) -> bool {
        self.directory_id.is_zero() || self.directory_id == directory_id
    }

    pub(super) fn put(&self, out: &mut Writer) {
        out.uuid(self.directory_id);
        out.uvarint(self.endpoints.len() as u32);
        for endpoint in &self.endpoints {
            out.compact_string(&endpoint.name);
            out.compact_string(&endpoint.host);
            out.u16(endpoint.port);
        }
    }

    pub(super) fn take(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        let directory_id = from.uuid()?;
        let mut endpoints = Vec::new();
        for _ in 0..from.uvarint()? {
            let (name, host) = (from.compact_string()?.to_owned(), from.compact_string()?.to_owned());
            endpoints.push(VoterEndpoint { name, host, port: from.u16()? });
        }
        Ok(Self { directory_id, endpoints })
    }
}

/// The members of the quorum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Voters {
    /// Those who vote; while that changes, those of both sides.
    pub voters: BTreeMap<NodeId, Member>,
    /// Those who are given the log without a vote.
    pub learners: BTreeMap<NodeId, Member>,
    /// True while the old and the new voters must both agree.
    pub joint: bool,
}

impl Voters {
    /// As openraft keeps them.
    pub fn of(membership: &Membership<u64, Member>) -> Self {
        let votes: Vec<u64> = membership.voter_ids().collect();
        let (mut voters, mut learners) = (BTreeMap::new(), BTreeMap::new());
        for (id, member) in membership.nodes() {
            let side = if votes.contains(id) { &mut voters } else { &mut learners };
            side.insert(node_id(*id), member.clone());
        }
        Self { voters, learners, joint: membership.get_joint_config().len() > 1 }
    }

    /// A member, voting or not.
    pub fn member(&self, id: NodeId) -> Option<&Member> {
        self.voters.get(&id).or_else(|| self.learners.get(&id))
    }

    /// Nobody is known.
    pub fn is_empty(&self) -> bool {
        self.voters.is_empty()
    }
}
