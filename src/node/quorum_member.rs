//! This node's controller as the quorum sees it: it tells the leader its directory and its listeners until the quorum's own record
//! says the same, and asks for a vote if it is configured to (`controller.quorum.auto.join.enable`).

use std::time::Duration;

use crate::base::ids::NodeId;
use crate::controller::quorum::membership::QuorumChange;
use crate::controller::quorum_controller::QuorumController;
use crate::peer::controller_channel::ControllerChannel;

/// How often the record is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long the leader may take over one change.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs until the task is dropped.
pub async fn stay(channel: ControllerChannel, local: QuorumController, id: NodeId, wants_vote: bool) {
    let mut told = None;
    loop {
        let voters = local.voters();
        let change = match voters.member(id) {
            Some(known) if known == local.own() => {
                let asks = wants_vote && !voters.voters.contains_key(&id);
                let timeout_ms = i32::try_from(LIMIT.as_millis()).unwrap_or(i32::MAX);
                asks.then(|| QuorumChange::Add {
                    id,
                    member: local.own().clone(),
                    timeout_ms,
                    ack_when_committed: true,
                })
            }
            _ => Some(QuorumChange::Join { id, member: local.own().clone() }),
        };
        if let Some(change) = change {
            let why = match channel.change_quorum(change, LIMIT).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(why) = &why
                && told.as_ref() != Some(why)
            {
                tracing::info!(why, "the quorum does not take this controller as it is yet");
            }
            told = why;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
