//! The coordinators: pure machines that decide about groups and transactions, each over the records of its own internal topic.
//!
//! Never knows a socket, a wire message or a file; where its records go, and what an outcome has others do, is joined in `node`.

use crate::base::ids::PartitionIndex;

pub mod group;
pub mod transaction;

/// Which of `partitions` holds what is said of `id`: Java's hash of the string, as every Kafka client and tool computes it.
pub fn partition_of(id: &str, partitions: usize) -> PartitionIndex {
    let hash = id.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // Kafka's Utils.abs: the one number without a counterpart becomes 0.
    let hash = hash.checked_abs().unwrap_or(0);
    PartitionIndex(hash % i32::try_from(partitions.max(1)).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_where_kafka_looks_for_them() {
        // As Java's String.hashCode gives them.
        // The hash of the third is the smallest integer, which has no absolute value.
        let ids = ["", "console-consumer-1", "polygenelubricants", "grüße-🦦"];
        assert_eq!(ids.map(|id| partition_of(id, 50).0), [0, 24, 0, 18]);
    }
}
