//! From the errors of the rooms below to Kafka's codes. The only place where the two meet; no arm is a catch-all, so that a
//! new error cannot be forgotten here.

use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::controller::api_error::ApiError;
use crate::controller::quorum_controller::ControllerError;
use crate::log::error::{AppendError, DeleteRecordsError, ReadError};
use crate::replica::append::ProduceError;
use crate::replica::offsets::OffsetsError;
use crate::replica::partition::{CommitError, LeaderError};
use crate::replica::read::FetchError;

/// Who leads, and in which epoch.
pub fn leader(error: LeaderError) -> ErrorCode {
    match error {
        LeaderError::NotLeader => ErrorCode::NotLeaderOrFollower,
        LeaderError::Fenced => ErrorCode::FencedLeaderEpoch,
        LeaderError::Unknown => ErrorCode::UnknownLeaderEpoch,
        LeaderError::Offline => ErrorCode::KafkaStorageError,
    }
}

/// What became of records after they were appended.
pub fn commit(error: CommitError) -> ErrorCode {
    match error {
        CommitError::Leader(error) => leader(error),
        CommitError::NotEnoughReplicas { .. } => ErrorCode::NotEnoughReplicasAfterAppend,
    }
}

/// Before `since`, a client of transactions knows `PRODUCER_FENCED` by another name (KIP-588).
pub fn fenced(code: ErrorCode, version: i16, since: i16) -> ErrorCode {
    match code {
        ErrorCode::ProducerFenced if version < since => ErrorCode::InvalidProducerEpoch,
        code => code,
    }
}

/// Produce.
pub fn produce(error: &ProduceError) -> ErrorCode {
    match error {
        ProduceError::Leader(error) => leader(*error),
        ProduceError::NotEnoughReplicas { .. } => ErrorCode::NotEnoughReplicas,
        ProduceError::Append(error) => append(error),
    }
}

fn append(error: &AppendError) -> ErrorCode {
    match error {
        AppendError::Corrupt(_) | AppendError::Compression(_) => ErrorCode::CorruptMessage,
        AppendError::NotOneBatch(_)
        | AppendError::Invalid(_)
        | AppendError::InvalidRecords { .. }
        | AppendError::UnknownCodec(_) => ErrorCode::InvalidRecord,
        AppendError::Timestamp { .. } => ErrorCode::InvalidTimestamp,
        AppendError::TooLarge { .. } => ErrorCode::MessageTooLarge,
        AppendError::LargerThanSegment { .. } => ErrorCode::RecordListTooLarge,
        AppendError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        AppendError::BadProducerEpoch(_) | AppendError::ProducerFenced { .. } => ErrorCode::InvalidProducerEpoch,
        AppendError::CoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
        AppendError::StaleLeaderEpoch { .. } => ErrorCode::NotLeaderOrFollower,
        AppendError::TransactionState(_) => ErrorCode::InvalidTxnState,
        // A leader gives the offsets itself: this would be a defect of ours.
        AppendError::OutOfOrderOffset { .. } => ErrorCode::UnknownServerError,
        AppendError::Storage(_) => ErrorCode::KafkaStorageError,
    }
}

/// Fetch.
pub fn fetch(error: &FetchError) -> ErrorCode {
    match error {
        FetchError::Leader(error) => leader(*error),
        FetchError::Read(error) => read(error),
    }
}

fn read(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        ReadError::Corrupt(_) | ReadError::Compression(_) => ErrorCode::CorruptMessage,
        ReadError::Storage(_) | ReadError::Cold => ErrorCode::KafkaStorageError,
    }
}

/// ListOffsets, OffsetForLeaderEpoch, DeleteRecords.
pub fn offsets(error: &OffsetsError) -> ErrorCode {
    match error {
        OffsetsError::Leader(error) => leader(*error),
        OffsetsError::NotKnownYet => ErrorCode::OffsetNotAvailable,
        OffsetsError::Read(error) => read(error),
        OffsetsError::DeleteRecords(DeleteRecordsError::BeyondHighWatermark { .. }) => ErrorCode::OffsetOutOfRange,
        OffsetsError::DeleteRecords(DeleteRecordsError::Policy) => ErrorCode::PolicyViolation,
        OffsetsError::DeleteRecords(DeleteRecordsError::Storage(_)) => ErrorCode::KafkaStorageError,
    }
}

/// Operations that have no answer from the controller.
pub fn controller(error: &ControllerError) -> ErrorCode {
    match error {
        ControllerError::NotController { .. } => ErrorCode::NotController,
        ControllerError::Unknown => ErrorCode::RequestTimedOut,
        ControllerError::Busy => ErrorCode::ThrottlingQuotaExceeded,
        ControllerError::Stopped => ErrorCode::BrokerNotAvailable,
    }
}

/// A change of the quorum.
pub fn quorum(outcome: Result<Result<(), ApiError>, ControllerError>) -> Result<(), ApiError> {
    outcome.unwrap_or_else(|error| Err(controller(&error).into()))
}

/// What is wrong with a request that names its cluster, if it is another one.
pub fn other_cluster(named: Option<&str>, ours: &str) -> Option<ApiError> {
    let named = named.filter(|named| *named != ours)?;
    let message = format!("the request is for the cluster {named}, this is {ours}");
    Some(ApiError::new(ErrorCode::InconsistentClusterId, message))
}

/// Code and message as a response without further items has them.
pub fn code_and_message(outcome: Result<(), ApiError>) -> (i16, Option<StrBytes>) {
    match outcome {
        Ok(()) => (ErrorCode::None.code(), None),
        Err(error) => (error.code.code(), error.message.map(StrBytes::from_string)),
    }
}
