//! Which partition a record goes to: as the Java client's default (KIP-794) chooses, so that records of one key meet whoever
//! produced them.

use crate::base::ids::PartitionIndex;
use crate::base::random;

/// Chooses partitions.
#[derive(Debug)]
pub struct Partitioner {
    count: u32,
    sticky: u32,
}

impl Partitioner {
    /// For a topic of `count` partitions, at least one.
    pub fn new(count: u32) -> Self {
        let mut new = Self { count: count.max(1), sticky: 0 };
        new.turn();
        new
    }

    /// The partition of a record: by its key, or the one that records without a key go to for now.
    pub fn partition(&self, key: Option<&[u8]>) -> PartitionIndex {
        let index = match key {
            Some(key) => (murmur2(key) & 0x7fff_ffff) % self.count,
            None => self.sticky,
        };
        PartitionIndex(index as i32)
    }

    /// Says that a batch is complete: if it was the keyless records' partition's, they go to another from now on.
    pub fn completed(&mut self, partition: PartitionIndex) {
        if partition.0 == self.sticky as i32 {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.sticky = (random::u64() % u64::from(self.count)) as u32;
    }
}

/// Austin Appleby's MurmurHash2, 32 bits, little-endian, with Kafka's seed.
pub fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut hash = SEED ^ bytes.len() as u32;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ (k >> R)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (at, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_where_java_sends_them() {
        // From org.apache.kafka.common.utils.Utils.murmur2 of kafka-clients 4.3.1.
        for (key, expected) in JAVA {
            assert_eq!(murmur2(key.as_bytes()) as i32, *expected, "{key:?}");
        }
    }

    const JAVA: &[(&str, i32)] = &[
        ("", 275646681),
        ("a", -1563381124),
        ("ab", 316155434),
        ("abc", 479470107),
        ("abcd", -1323649548),
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("order-42", 501153024),
        ("größe", 588164084),
    ];

    #[test]
    fn keyless_records_stay_together_until_a_batch_is_complete() {
        let mut partitioner = Partitioner::new(1000);
        let first = partitioner.partition(None);
        assert_eq!(partitioner.partition(None), first);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let now = partitioner.partition(None);
            seen.insert(now);
            partitioner.completed(now);
        }
        assert!(seen.len() > 5);
        assert!(seen.iter().all(|p| (0..1000).contains(&p.0)));
    }
}
