//! What is known of one transactional id (KIP-664).

use super::machine::{Outcome, TransactionMachine};
use super::state::TransactionMetadata;
use crate::base::error_code::ErrorCode;

/// Looks it up.
pub fn describe(machine: &TransactionMachine, transactional_id: &str) -> Outcome<TransactionMetadata> {
    if transactional_id.is_empty() {
        return Outcome::reply(Err(ErrorCode::InvalidRequest));
    }
    let found = machine.find(transactional_id).map(|(_, metadata)| metadata.clone());
    Outcome::reply(found.ok_or(ErrorCode::TransactionalIdNotFound))
}
