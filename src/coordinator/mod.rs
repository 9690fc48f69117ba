//! The coordinators: pure machines that decide about groups and transactions, each over the records of its own internal topic.
//!
//! Never knows a socket, a wire message or a file; where its records go, and what an outcome has others do, is joined in `node`.

pub mod group;
