//! What a broker asks of the active controller for itself, as Kafka's own messages: one file for each.
//!
//! These messages answer with codes alone. What a person is to read is put together here, from the code and from what was asked.

use kafka_protocol::protocol::Request;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, NodeId};
use crate::controller::api_error::ApiError;
use crate::controller::operation::Ask;
use crate::controller::quorum_controller::ControllerError;
use crate::peer::wire;

mod allocate_producer_ids;
mod alter_partition;
mod assign_replicas;
mod broker_heartbeat;
mod register_broker;

/// What a question of this kind comes to: an answer, or why nobody has decided it.
type Answered<T> = Result<T, ControllerError>;

/// An operation that travels as one of Kafka's messages.
pub trait BrokerRequest: Ask + Clone + Send + Sync {
    /// Which.
    type Message: Request<Response: Send> + Send + Sync;
    /// The operation as that message.
    fn message(&self) -> Self::Message;
    /// What the response to it says.
    fn answer_of(&self, response: <Self::Message as Request>::Response) -> Answered<Self::Answer>;
}

/// What the code of a whole response says: `Ok` if the rest of it counts, else the error, worded by `explain`.
fn checked(code: i16, explain: impl FnOnce(ErrorCode) -> Option<String>) -> Answered<Result<(), ApiError>> {
    match wire::code(code) {
        ErrorCode::None => Ok(Ok(())),
        ErrorCode::NotController => Err(ControllerError::NotController { leader: None }),
        ErrorCode::RequestTimedOut => Err(ControllerError::Unknown),
        ErrorCode::ThrottlingQuotaExceeded => Err(ControllerError::Busy),
        ErrorCode::BrokerNotAvailable => Err(ControllerError::Stopped),
        code => Ok(Err(ApiError { code, message: explain(code) })),
    }
}

/// The words for what every registered broker can be told.
fn stale(id: NodeId, epoch: BrokerEpoch) -> impl FnOnce(ErrorCode) -> Option<String> {
    move |code| {
        let text = format!(
            "broker {id} is no longer registered under epoch {epoch}: it has registered anew, or was taken out"
        );
        (code == ErrorCode::StaleBrokerEpoch).then_some(text)
    }
}
