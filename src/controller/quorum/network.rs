//! How controllers reach each other.
//!
//! A quorum of one reaches nobody; `peer` brings the body that speaks on wires.

use openraft::error::{InstallSnapshotError, RPCError, RaftError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};
use openraft::{AnyError, BasicNode};

use super::types::QuorumTypes;

/// The network of a node that is alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

/// A way to a node that is not there.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

type Rpc<E = openraft::error::Infallible> = RPCError<u64, BasicNode, RaftError<u64, E>>;

fn unreachable<E: std::error::Error>() -> Rpc<E> {
    RPCError::Unreachable(Unreachable::new(&AnyError::error("this controller is a quorum of one")))
}

impl RaftNetworkFactory<QuorumTypes> for Alone {
    type Network = Nowhere;

    async fn new_client(&mut self, _target: u64, _node: &BasicNode) -> Nowhere {
        Nowhere
    }
}

impl RaftNetwork<QuorumTypes> for Nowhere {
    async fn append_entries(
        &mut self,
        _request: AppendEntriesRequest<QuorumTypes>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, Rpc> {
        Err(unreachable())
    }

    async fn install_snapshot(
        &mut self,
        _request: InstallSnapshotRequest<QuorumTypes>,
        _option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, Rpc<InstallSnapshotError>> {
        Err(unreachable())
    }

    async fn vote(&mut self, _request: VoteRequest<u64>, _option: RPCOption) -> Result<VoteResponse<u64>, Rpc> {
        Err(unreachable())
    }
}
