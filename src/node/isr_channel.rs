//! How a leader's wish for another in-sync set reaches the controller, and what its answers mean (KIP-497).

use std::sync::Arc;
use std::time::Duration;

use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::controller::alter_partition::{AlterPartition, PartitionNow, WantedIsr};
use crate::peer::controller_channel::ControllerChannel;
use crate::peer::leader_endpoint::Surroundings;
use crate::replica::edges::{IsrChannel, IsrWish, Promise};
use crate::replica::isr::IsrAnswer;

/// What a partition is asked to be: out of recovery, since a leader that serves has nothing left to recover.
const RECOVERED: i8 = 0;

/// Longest that one wish is waited for: who was asked may be gone without a word, and another leads. The same wish may arrive twice;
/// the second time the state is another one, which the answer says.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(3);

/// Wishes go to the controller as one operation.
pub struct ControllerIsrChannel {
    /// Who asks.
    pub node: NodeId,
    /// Knows the registration under which this broker lives.
    pub surroundings: Arc<dyn Surroundings>,
    /// Who decides.
    pub controller: ControllerChannel,
}

impl IsrChannel for ControllerIsrChannel {
    fn alter_partitions(&self, wishes: Vec<IsrWish>) -> Promise<'_, Vec<IsrAnswer>> {
        Box::pin(async move {
            let count = wishes.len();
            let wanted = |wish: IsrWish| WantedIsr {
                topic_id: wish.topic_id,
                partition: wish.partition,
                leader_epoch: wish.leader_epoch,
                partition_epoch: wish.partition_epoch,
                isr: wish.isr,
                leader_recovery_state: RECOVERED,
            };
            let operation = AlterPartition {
                broker_id: self.node,
                broker_epoch: self.surroundings.broker_epoch(),
                partitions: wishes.into_iter().map(wanted).collect(),
            };
            match self.controller.request_within(operation, ATTEMPT_LIMIT).await {
                Ok(Ok(results)) => results.into_iter().map(|(_, _, result)| answer(result)).collect(),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the controller did not look at the wish for other in-sync sets");
                    vec![IsrAnswer::Unknown; count]
                }
                Err(error) => {
                    tracing::warn!(%error, "a wish for other in-sync sets did not reach the controller");
                    vec![IsrAnswer::Unknown; count]
                }
            }
        })
    }
}

fn answer(result: Result<PartitionNow, ErrorCode>) -> IsrAnswer {
    match result {
        Ok(partition) => IsrAnswer::Applied {
            leader_epoch: partition.leader_epoch,
            partition_epoch: partition.partition_epoch,
            isr: partition.isr,
        },
        // The controller says that the state is as we know it, and that it changed nothing.
        Err(ErrorCode::IneligibleReplica | ErrorCode::OperationNotAttempted) => IsrAnswer::NotApplied,
        Err(
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest
            | ErrorCode::NewLeaderElected,
        ) => IsrAnswer::Outdated,
        Err(_) => IsrAnswer::Unknown,
    }
}
