//! What the APIs of groups share: their words on the wire, and how an answer that may have to wait goes out.

use std::net::IpAddr;
use std::sync::Arc;

use kafka_protocol::protocol::{Encodable, Message, StrBytes};

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::service::Answer;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// What anybody may do with a group while nothing is forbidden: read, delete, describe, and see and alter its settings.
pub const GROUP_OPERATIONS: i32 = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

/// Whether this broker serves the consumer groups of KIP-848: switched off by `group.coordinator.rebalance.protocols`, or for the
/// whole cluster by the feature `group.version`.
pub fn serves_consumer_groups(ctx: &Context) -> bool {
    let protocols = ctx.config.text("group.coordinator.rebalance.protocols").unwrap_or_default();
    protocols.split(',').any(|name| name.trim() == "consumer") && ctx.metadata().features().level("group.version") > 0
}

/// A word for the wire.
pub fn text(word: &str) -> StrBytes {
    StrBytes::from_string(word.to_owned())
}

/// A word that may be missing.
pub fn optional_text(word: Option<&Arc<str>>) -> Option<StrBytes> {
    word.map(|word| text(word))
}

/// A word from the wire.
pub fn shared(word: &StrBytes) -> Arc<str> {
    word.as_str().into()
}

/// A word from the wire that may be missing.
pub fn optional_shared(word: Option<&StrBytes>) -> Option<Arc<str>> {
    word.map(shared)
}

/// A client's address as Kafka keeps it with a member: a slash, and all parts of an IPv6 address.
pub fn client_host(address: IpAddr) -> Arc<str> {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("/{address}").into(),
        IpAddr::V6(address) => format!("/{}", address.segments().map(|part| format!("{part:x}")).join(":")).into(),
    }
}

/// Answers a request that was submitted: at once, or as soon as may be.
pub fn answer<T: 'static, W: Encodable + Message>(
    request: Request,
    submitted: Result<Answer<T>, ErrorCode>,
    to_wire: impl FnOnce(&Request, Result<T, ErrorCode>) -> W + 'static,
) -> Result<Handled, Refusal> {
    let ready = match submitted.map(Answer::now) {
        Err(code) => Err(code),
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(waiting)) => {
            return Ok(Handled::later(async move {
                let reply = waiting.reply().await;
                request.respond(&to_wire(&request, reply))
            }));
        }
    };
    request.now(&to_wire(&request, ready))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_java_writes_them() {
        let written = |address: &str| client_host(address.parse().unwrap()).to_string();
        assert_eq!(written("127.0.0.1"), "/127.0.0.1");
        assert_eq!(written("::ffff:10.0.0.7"), "/10.0.0.7");
        assert_eq!(written("::1"), "/0:0:0:0:0:0:0:1");
    }
}
