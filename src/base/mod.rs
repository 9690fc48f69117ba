//! The ground: identifiers, error codes, a byte codec, the clock, randomness, limits.
//!
//! Knows nothing of logs, networks or the protocol. Everything above imports from here.

pub mod clock;
pub mod codec;
pub mod error_code;
pub mod ids;
pub mod limits;
pub mod random;
pub mod tagged_fields;
pub mod topic_name;
