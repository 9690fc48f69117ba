//! The latest offset of each key in a dirty section, in bounded memory.
//!
//! Keys are not held, only 128 bits of their SHA-256: two keys are taken for one with a probability of 2⁻⁶⁴ at four thousand
//! million keys, and nobody can construct such a pair. The table is cut into shards by the hash; each starts small and
//! doubles by itself, so that growing never needs more than one shard's memory twice.
//!
//! ```text
//!  slot:  hash 16 bytes | offset + 1, i64 (0: empty)
//! ```

use sha2::{Digest, Sha256};

use crate::base::ids::Offset;
use crate::base::limits::CLEANER_MAP_BYTES_MIN;

/// Bytes of a slot.
pub const SLOT_BYTES: usize = size_of::<Slot>();
const SHARDS: usize = 64;
/// Slots that a shard begins with.
const SLOTS_FIRST: usize = 16;

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: [u64; 2],
    behind: i64,
}

#[derive(Debug, Default)]
struct Shard {
    slots: Vec<Slot>,
    used: usize,
}

/// The map.
#[derive(Debug)]
pub struct OffsetMap {
    shards: Vec<Shard>,
    slots_per_shard_max: usize,
    load_factor: f64,
    len: usize,
    latest: Option<Offset>,
}

/// The map holds as many keys as its memory allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl OffsetMap {
    /// An empty map that will take at most `bytes_max`, each shard filled up to `load_factor` (0 to 1).
    pub fn new(bytes_max: usize, load_factor: f64) -> Self {
        let slots = bytes_max.max(CLEANER_MAP_BYTES_MIN) / SLOT_BYTES;
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            slots_per_shard_max: slots / SHARDS,
            // Without an empty slot a search would not end.
            load_factor: if load_factor > 0.0 { load_factor.min(0.95) } else { 0.5 },
            len: 0,
            latest: None,
        }
    }

    /// Notes that `key` was last seen at `offset`; offsets ascend.
    pub fn put(&mut self, key: &[u8], offset: Offset) -> Result<(), Full> {
        let hash = hash(key);
        let max = self.slots_per_shard_max;
        let shard = &mut self.shards[shard_of(hash)];
        let found = shard.find(hash);
        if let Some(slot) = found.filter(|at| shard.slots[*at].behind != 0) {
            shard.slots[slot].behind = offset.0 + 1;
            return Ok(());
        }
        if shard.used >= (shard.slots.len() as f64 * self.load_factor) as usize && !shard.grow(max) {
            return Err(Full);
        }
        shard.insert(Slot { hash, behind: offset.0 + 1 });
        shard.used += 1;
        self.len += 1;
        Ok(())
    }

    /// Where `key` was last seen.
    pub fn offset_of(&self, key: &[u8]) -> Option<Offset> {
        let hash = hash(key);
        let shard = &self.shards[shard_of(hash)];
        let slot = shard.slots[shard.find(hash)?];
        (slot.behind != 0).then(|| Offset(slot.behind - 1))
    }

    /// Notes that every batch up to the one that ends with `offset` has been looked at.
    pub fn looked_at(&mut self, offset: Offset) {
        self.latest = self.latest.max(Some(offset));
    }

    /// The last offset of which the map knows everything.
    pub fn latest(&self) -> Option<Offset> {
        self.latest
    }

    /// Keys held.
    pub fn len(&self) -> usize {
        self.len
    }
    /// True if it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// How much of the memory that it may take is used (0 to 1).
    pub fn utilization(&self) -> f64 {
        self.len as f64 / (self.slots_per_shard_max * SHARDS) as f64
    }
    /// Bytes that the slots take now.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|s| s.slots.len() * SLOT_BYTES).sum()
    }
}

impl Shard {
    /// The slot that holds the hash, or the empty one where it would go.
    fn find(&self, hash: [u64; 2]) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = place(hash, self.slots.len());
        while self.slots[at].behind != 0 && self.slots[at].hash != hash {
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
        Some(at)
    }

    fn insert(&mut self, slot: Slot) {
        if let Some(at) = self.find(slot.hash) {
            self.slots[at] = slot;
        }
    }

    fn grow(&mut self, max: usize) -> bool {
        let next = (self.slots.len() * 2).max(SLOTS_FIRST).min(max);
        if next <= self.slots.len() {
            return false;
        }
        let before = std::mem::replace(&mut self.slots, vec![Slot::default(); next]);
        before.into_iter().filter(|slot| slot.behind != 0).for_each(|slot| self.insert(slot));
        true
    }
}

fn hash(key: &[u8]) -> [u64; 2] {
    let digest = Sha256::digest(key);
    let word = |from: usize| digest[from..from + 8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    [word(0), word(8)]
}

fn shard_of(hash: [u64; 2]) -> usize {
    hash[1] as usize % SHARDS
}

/// Spreads over `slots` without a division.
fn place(hash: [u64; 2], slots: usize) -> usize {
    ((u128::from(hash[0]) * slots as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_latest_offset_of_each_key_and_grows_from_little() {
        let mut map = OffsetMap::new(1 << 20, 0.9);
        assert_eq!((map.bytes(), map.offset_of(b"none")), (0, None));
        for round in 0..3 {
            for key in 0..10_000i64 {
                map.put(&key.to_be_bytes(), Offset(round * 10_000 + key)).unwrap();
            }
        }
        assert_eq!(map.len(), 10_000);
        assert!(map.bytes() <= 1 << 20);
        for key in 0..10_000i64 {
            assert_eq!(map.offset_of(&key.to_be_bytes()), Some(Offset(20_000 + key)));
        }
        assert_eq!(map.offset_of(b"none"), None);
    }

    #[test]
    fn is_full_near_its_bound_and_not_beyond() {
        let bytes = 1 << 20;
        let mut map = OffsetMap::new(bytes, 0.9);
        let full = (0i64..).position(|key| map.put(&key.to_be_bytes(), Offset(key)) == Err(Full)).unwrap();
        let slots = bytes / SLOT_BYTES;
        assert!(full > slots * 8 / 10 && full <= slots, "{full} of {slots}");
        assert!(map.bytes() <= bytes);
        map.put(&0i64.to_be_bytes(), Offset(1 << 40)).unwrap();
        assert_eq!(map.offset_of(&0i64.to_be_bytes()), Some(Offset(1 << 40)));
    }
}
