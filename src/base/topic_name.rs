//! What may be a topic's name, and which topics are Kafka's own.

use super::limits::TOPIC_NAME_BYTES_MAX;

/// The offsets and members of groups.
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// The state of transactions.
pub const TRANSACTION_STATE: &str = "__transaction_state";
/// The state of share groups (KIP-932).
pub const SHARE_GROUP_STATE: &str = "__share_group_state";
/// The metadata log: no topic that a client sees, so its name is taken.
pub const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Why a name cannot be a topic's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicNameError {
    /// There is none.
    #[error("a topic's name may not be empty")]
    Empty,
    /// `.` and `..` are directories.
    #[error("a topic's name may not be \".\" or \"..\"")]
    Dots,
    /// It could not name a directory with a partition's number behind it.
    #[error("a topic's name has at most {TOPIC_NAME_BYTES_MAX} characters, not {0}")]
    TooLong(usize),
    /// It has a character that is not allowed.
    #[error("a topic's name consists of ASCII letters, digits, '.', '_' and '-'; {0:?} is none of them")]
    Character(char),
}

/// Checks a name.
pub fn check(name: &str) -> Result<(), TopicNameError> {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name {
        "" => Err(TopicNameError::Empty),
        "." | ".." => Err(TopicNameError::Dots),
        long if long.len() > TOPIC_NAME_BYTES_MAX => Err(TopicNameError::TooLong(long.len())),
        _ => name.chars().find(|c| !allowed(c)).map_or(Ok(()), |c| Err(TopicNameError::Character(c))),
    }
}

/// True for the topics that Kafka keeps for itself and marks as internal.
pub fn is_internal(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | TRANSACTION_STATE | SHARE_GROUP_STATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_kafka_takes_them() {
        for good in ["a", "...", "A.b_c-9", "__x", &"x".repeat(249)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check(""), Err(TopicNameError::Empty));
        assert_eq!(check(".."), Err(TopicNameError::Dots));
        assert_eq!(check(&"x".repeat(250)), Err(TopicNameError::TooLong(250)));
        assert_eq!(check("a/b"), Err(TopicNameError::Character('/')));
        assert_eq!(check("tøpic"), Err(TopicNameError::Character('ø')));
        assert!(is_internal("__consumer_offsets") && !is_internal("__cluster_metadata"));
    }
}
