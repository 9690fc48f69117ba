//! What the machine is told: the records of `__transaction_state` in domain words, and one soft record.

use std::sync::Arc;

use super::state::{TransactionMetadata, TransactionVersion};
use crate::base::ids::Millis;

/// A producer's name across restarts.
pub type TransactionalId = Arc<str>;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionRecord {
    /// A transactional id (key version 0); none is a tombstone.
    Transaction(TransactionalId, Option<TransactionMetadata>),
    /// Soft: the settings have changed.
    Settings(Settings),
}

/// What the configuration and the finalised features say of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `transaction.version`, as finalised.
    pub version: TransactionVersion,
    /// `transaction.max.timeout.ms`.
    pub timeout_ms_max: i32,
    /// `transactional.id.expiration.ms`.
    pub expiration_ms: Millis,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`.
    pub expiry_interval_ms: Millis,
    /// `transaction.two.phase.commit.enable`.
    pub two_phase_commit: bool,
}
