//! The controllers' quorum.

pub mod request;
pub mod response;
