//! Randomness, entered in one place.

use super::ids::Uuid;

/// A random version-4 id that is neither one of Kafka's reserved ids nor begins with a dash in its text form
/// (a leading dash would look like an option on a command line).
pub fn uuid() -> Uuid {
    loop {
        let mut bytes = [0u8; 16];
        fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let id = Uuid(bytes);
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}

/// Fills `bytes` from the operating system's generator.
pub fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system's random generator answers");
}

/// A uniformly random 64-bit number.
pub fn u64() -> u64 {
    let mut bytes = [0u8; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
