//! The cluster: versions, features, brokers and controllers.

pub mod request;
pub mod response;
