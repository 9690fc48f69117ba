//! Topics: what there is of them, creation, deletion, placement.

pub mod request;
pub mod response;
