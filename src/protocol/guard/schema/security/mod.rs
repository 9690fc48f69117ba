//! Authentication and authorization: SASL, ACLs, delegation tokens, SCRAM credentials.

pub mod request;
pub mod response;
