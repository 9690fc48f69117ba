//! Records in and out: Produce, Fetch, and the questions about offsets.

pub mod request;
pub mod response;
