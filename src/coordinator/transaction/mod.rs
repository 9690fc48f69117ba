//! Transactions: one machine for each partition of `__transaction_state`, nothing shared between them (KIP-98, KIP-890).
//!
//! ```text
//!             add partitions              end                     all markers written
//!   EMPTY ────────────────> ONGOING ──────────────> PREPARE_* ────────────────────────> COMPLETE_*
//!     ▲                        │  timeout, or a newer producer of the same name: PREPARE_ABORT        │
//!     └── init producer id ────┴───────────────────────────────────────────────────── add, init ──────┘
//! ```
//!
//! A transaction is decided by the record that says PREPARE. From there on nothing but its completion can happen to it, also
//! after a crash: what is found prepared when the partition is loaded has its markers sent again.
//!
//! Never knows where partitions are led, nor how a marker gets there; effects say what is to be sent.

pub mod add_offsets;
pub mod add_partitions;
pub mod complete;
pub mod describe;
pub mod end_txn;
pub mod expire;
pub mod init_producer_id;
pub mod list;
pub mod load;
pub mod machine;
pub mod overdue;
pub mod record;
pub mod record_codec;
pub mod service;
pub mod state;
pub mod verify;

#[cfg(test)]
mod machine_test;
#[cfg(test)]
mod transcript_test;
