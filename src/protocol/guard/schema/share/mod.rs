//! Share groups (KIP-932) as their members and administrators see them.

pub mod request;
pub mod response;
