//! DescribeLogDirs with the cordoned flag of version 5 (KIP-1066).

use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;

use super::message::{message, structure};
use crate::protocol::api::ApiKey;

structure! {
    /// What lies in which log directory of a broker.
    DescribeLogDirsResponse {
        /// How long the client was throttled (ms).
        throttle_time_ms: i32, 1..=5;
        /// The error of the whole request, or 0.
        error_code: i16, 3..=5;
        /// The directories.
        results: Vec<DescribeLogDirsResult>, 1..=5;
    }
}
structure! {
    /// One log directory.
    DescribeLogDirsResult {
        /// The directory's error, or 0.
        error_code: i16, 1..=5;
        /// Its absolute path.
        log_dir: StrBytes, 1..=5;
        /// The topics that have partitions in it.
        topics: Vec<DescribeLogDirsTopic>, 1..=5;
        /// Size of the volume (bytes), or -1.
        total_bytes: i64 = -1, 4..=5;
        /// Free space on the volume (bytes), or -1.
        usable_bytes: i64 = -1, 4..=5;
        /// True if no new partitions are placed there.
        is_cordoned: bool, 5..=5;
    }
}
structure! {
    /// One topic in a directory.
    DescribeLogDirsTopic {
        /// Its name.
        name: TopicName, 1..=5;
        /// Its partitions there.
        partitions: Vec<DescribeLogDirsPartition>, 1..=5;
    }
}
structure! {
    /// One replica in a directory.
    DescribeLogDirsPartition {
        /// The partition.
        partition_index: i32, 1..=5;
        /// The size of its segments (bytes).
        partition_size: i64, 1..=5;
        /// How far its end lies behind the high watermark, or, of a future replica, behind the current one (offsets).
        offset_lag: i64, 1..=5;
        /// True if the replica is being moved here (AlterReplicaLogDirs).
        is_future_key: bool, 1..=5;
    }
}
message!(ApiKey::DescribeLogDirs, response DescribeLogDirsResponse);
