//! What brokers ask the active controller for themselves, on the controllers' listener (BrokerRegistration, BrokerHeartbeat,
//! AlterPartition, AllocateProducerIds, AssignReplicasToDirs): how each of them is decided, and what its connection tells.
//!
//! Only this node's own controller is asked: who does not lead says so, and the broker looks further. Each question is decided apart
//! from those before it on the connection; only the answers keep the order.

use std::sync::Arc;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::protocol::{Encodable, Message};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, NodeId};
use crate::controller::api_error::ApiError;
use crate::controller::operation::Ask;
use crate::controller::quorum_controller::ControllerError;
use crate::metadata::image::MetadataImage;
use crate::server::connection_info::{ConnectedNode, ConnectionInfo};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// Has this node's controller decide `operation`, and answers what `answer` makes of it.
pub fn decide<O, T, R>(
    ctx: &Arc<Context>,
    request: Request,
    operation: O,
    answer: impl FnOnce(Result<T, ErrorCode>) -> R + 'static,
) -> Result<Handled, Refusal>
where
    O: Ask<Answer = Result<T, ApiError>> + 'static,
    T: 'static,
    R: Encodable + Message,
{
    let Some(local) = ctx.controller.local().cloned() else {
        return request.now(&answer(Err(ErrorCode::NotController)));
    };
    let deciding = tokio::task::spawn_local(async move { local.submit(operation).await });
    Ok(Handled::later(async move {
        let decided = deciding.await.unwrap_or(Err(ControllerError::Unknown));
        let outcome = match decided {
            Ok(decided) => decided.reply.map_err(|error| error.code),
            Err(error) => Err(error_map::controller(&error)),
        };
        request.respond(&answer(outcome))
    }))
}

/// A broker speaks under this registration: if it is the one in force, the end of the connection is the broker's.
pub fn speaks(ctx: &Context, connection: &ConnectionInfo, broker: BrokerId, epoch: i64) -> (NodeId, BrokerEpoch) {
    let (id, epoch) = (NodeId(broker.0), BrokerEpoch(epoch));
    let registered = |image: &MetadataImage| image.brokers().get(id).is_some_and(|known| known.broker_epoch == epoch);
    if ctx.controller.local().is_some_and(|local| registered(&local.image())) {
        belongs_to(connection, id);
    }
    (id, epoch)
}

/// The connection is that broker's from now on.
pub fn belongs_to(connection: &ConnectionInfo, broker: NodeId) {
    *connection.node.borrow_mut() = Some(ConnectedNode::Broker(broker));
}
