//! What went wrong with one item of an operation: Kafka's code and words for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::error_code::ErrorCode;

/// An error as it is told to a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApiError {
    /// Kafka's code.
    pub code: ErrorCode,
    /// What exactly is wrong; none where the code says it all.
    pub message: Option<String>,
}

impl ApiError {
    /// A code with an explanation.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.code),
            None => fmt::Display::fmt(&self.code, f),
        }
    }
}
