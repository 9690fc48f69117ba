//! Consumer groups: coordination and committed offsets.

pub mod request;
pub mod response;
