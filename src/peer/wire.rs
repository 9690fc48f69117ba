//! Small conversions between the wire's types and this process's own.

use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;

use super::error::PeerError;
use crate::base::error_code::ErrorCode;
use crate::base::ids::Uuid;

/// Text for a message.
pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_string())
}

/// A topic's name for a message.
pub(super) fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}

/// Text out of a message.
pub(super) fn string(text: Option<&StrBytes>) -> Option<String> {
    text.map(|text| text.to_string())
}

/// An id for a message.
pub(super) fn uuid(id: Uuid) -> uuid::Uuid {
    uuid::Uuid::from_bytes(id.0)
}

/// An id out of a message.
pub(super) fn id(uuid: uuid::Uuid) -> Uuid {
    Uuid(uuid.into_bytes())
}

/// An error code; one that this version does not know is Kafka's "unknown server error".
pub(super) fn code(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError)
}

/// Nothing if the code is none, else the error that the broker answered `what` with.
pub(super) fn check(number: i16, message: Option<&StrBytes>, what: impl FnOnce() -> String) -> Result<(), PeerError> {
    match code(number) {
        ErrorCode::None => Ok(()),
        code => Err(PeerError::refused(what(), code, string(message))),
    }
}
