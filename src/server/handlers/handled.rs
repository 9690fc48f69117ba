//! What a handler made of a request, and how that is waited for.

use std::future::Future;
use std::pin::Pin;

use crate::protocol::response::Response;
use crate::server::request::Refusal;

/// What a handler made of a request.
pub enum Handled {
    /// The answer.
    Now(Response),
    /// The answer will come; what fixes the request's order has already happened.
    Later(Pin<Box<dyn Future<Output = Result<Response, Refusal>>>>),
    /// The answer will come, and so will what fixes the request's order: the next request of the connection waits for it.
    Alone(Pin<Box<dyn Future<Output = Result<Response, Refusal>>>>),
    /// No answer is due (a Produce with acks=0).
    Silent,
}

impl Handled {
    /// Boxes the rest of the work.
    pub fn later(rest: impl Future<Output = Result<Response, Refusal>> + 'static) -> Self {
        Self::Later(Box::pin(rest))
    }
}
