//! Committed offsets: commit, fetch, delete, expiry, and those that wait for a transaction's end.
//!
//! A commit outside a transaction counts as soon as it is replayed. One inside waits, by producer, for the transaction's
//! marker; if it is committed then, it counts unless something newer was committed meanwhile.

pub mod commit;
pub mod delete;
pub mod expire;
pub mod fetch;
pub mod forget;
pub mod on_timer;
pub mod pending;
pub mod replay;
pub mod soft;
pub mod store;
pub mod txn_commit;

#[cfg(test)]
mod bench_test;
#[cfg(test)]
mod model_test;
#[cfg(test)]
mod story_test;
