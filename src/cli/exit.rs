//! Exit codes, which stay what they are, and how an error is told.

use std::process::ExitCode;

use crate::base::error_code::ErrorCode;
use crate::peer::error::{LostError, PeerError};

/// What the help of each command says about exit codes.
pub const HELP: &str = "\
Exit codes: 0 done; 1 the operation failed; 2 the command line is wrong; 3 no connection; \
4 what was named does not exist; 5 no answer in time.";

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// The operation failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// No broker answers.
    NoConnection = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// No answer in time.
    Timeout = 5,
}

impl Exit {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NoConnection => "no_connection",
            Self::NotFound => "not_found",
            Self::Timeout => "timeout",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// A failure of a command with the exit code that it calls for.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

/// The exit code that an error calls for.
pub fn code(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit;
        }
        if let Some(peer) = cause.downcast_ref::<PeerError>() {
            return of_peer(peer);
        }
    }
    Exit::Failed
}

fn of_peer(error: &PeerError) -> Exit {
    match error {
        PeerError::Refused(refused) => of_code(refused.code),
        PeerError::Timeout { .. } | PeerError::NoLeader { .. } => Exit::Timeout,
        PeerError::Bootstrap { tried }
            if !tried.is_empty() && tried.iter().all(|(_, e)| matches!(e, LostError::ConnectTimeout(_))) =>
        {
            Exit::Timeout
        }
        PeerError::Lost { .. }
        | PeerError::Bootstrap { .. }
        | PeerError::Advertised { .. }
        | PeerError::UnknownBroker(_) => Exit::NoConnection,
        PeerError::Unsupported { .. } | PeerError::Encode(_) | PeerError::Decode { .. } => Exit::Failed,
    }
}

/// The exit code that a broker's refusal calls for.
pub fn of_code(code: ErrorCode) -> Exit {
    match code {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::UnknownTopicId
        | ErrorCode::GroupIdNotFound
        | ErrorCode::TransactionalIdNotFound => Exit::NotFound,
        ErrorCode::RequestTimedOut => Exit::Timeout,
        _ => Exit::Failed,
    }
}

/// Tells the error on standard error, as a sentence or as JSON, with what may help.
pub fn report(error: &anyhow::Error, json: bool) -> Exit {
    let exit = code(error);
    // One line, from the outside in; what a cause's own message already says is not said twice.
    let mut message = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !message.contains(&text) {
            message.push_str(if message.is_empty() { "" } else { ": " });
            message.push_str(&text);
        }
    }
    let hint = hint(error);
    if json {
        let kafka = error.chain().find_map(|c| c.downcast_ref::<PeerError>()?.code()).map(ErrorCode::name);
        let document = serde_json::json!({
            "error": { "kind": exit.name(), "exit_code": exit as u8, "kafka_error": kafka, "message": message, "hint": hint }
        });
        eprintln!("{document}");
    } else {
        eprintln!("error: {message}");
        if let Some(hint) = hint {
            eprintln!("  help: {hint}");
        }
    }
    exit
}

fn hint(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| match cause.downcast_ref::<PeerError>()? {
        PeerError::Bootstrap { .. } => Some(
            "is a server running there? Start one with `ottla server`, or name another with -b HOST:PORT or \
             OTTLA_BOOTSTRAP_SERVER",
        ),
        PeerError::Refused(refused) => match refused.code {
            ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => Some(
                "raise the topic's limit with `ottla topic alter TOPIC -c max.message.bytes=BYTES`, or send smaller batches \
                 with --batch-bytes",
            ),
            ErrorCode::InvalidReplicationFactor => {
                Some("a replication factor can be no larger than the number of brokers; leave -r out for the broker's default")
            }
            ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
                Some("fewer replicas are in sync than the topic's min.insync.replicas asks for")
            }
            ErrorCode::NonEmptyGroup => Some("stop the group's members first; `ottla group describe GROUP` tells who they are"),
            ErrorCode::OffsetOutOfRange => Some("read from --from beginning, --from end, or an offset in that range"),
            _ => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn each_error_has_its_exit_code() {
        let refused = |code| anyhow::Error::from(PeerError::refused("do it", code, None));
        assert_eq!(code(&refused(ErrorCode::UnknownTopicOrPartition)), Exit::NotFound);
        assert_eq!(code(&refused(ErrorCode::RequestTimedOut)), Exit::Timeout);
        assert_eq!(code(&refused(ErrorCode::TopicAlreadyExists)), Exit::Failed);
        assert_eq!(code(&anyhow::Error::from(PeerError::Bootstrap { tried: Vec::new() })), Exit::NoConnection);
        let wrapped = Err::<(), _>(Failure::new(Exit::Usage, "x")).context("y").unwrap_err();
        assert_eq!(code(&wrapped), Exit::Usage);
        assert_eq!(code(&anyhow::anyhow!("anything else")), Exit::Failed);
    }
}
