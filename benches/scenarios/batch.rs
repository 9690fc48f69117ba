//! Record batches (message format v2) as a producer would send them, built once before the clock starts.
//!
//! The load generator owns its encoder so that the server's own encoder is never what measures it. The first record's
//! value begins with eight bytes that an open-loop run overwrites with the intended send time; `patch` then renews the
//! CRC, which is all the work that a frame costs in the hot loop.

/// Where the fields of a v2 batch are, in bytes from its start.
pub const LENGTH_AT: usize = 8;
pub const CRC_AT: usize = 17;
pub const CRC_FROM: usize = 21;
pub const LAST_DELTA_AT: usize = 23;
pub const PRODUCER_ID_AT: usize = 43;
pub const PRODUCER_EPOCH_AT: usize = 51;
pub const SEQUENCE_AT: usize = 53;
pub const COUNT_AT: usize = 57;
pub const RECORDS_AT: usize = 61;

/// One encoded batch.
pub struct Batch {
    pub bytes: Vec<u8>,
    pub records: u32,
    /// Offset of the eight-byte slot for the intended send time.
    pub slot_at: usize,
}

impl Batch {
    /// As many records of `value_len` bytes (no key, no headers) as fit into `target` bytes, at least one.
    pub fn build(value_len: usize, target: usize, now_ms: i64) -> Batch {
        assert!(value_len >= 8, "a record needs room for the send time");
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
        let mut bytes = vec![0u8; RECORDS_AT];
        let mut records = 0u32;
        let mut slot_at = 0;
        loop {
            let mut record = Vec::with_capacity(value_len + 16);
            record.push(0); // attributes
            varint(&mut record, 0); // timestamp delta
            varint(&mut record, i64::from(records));
            varint(&mut record, -1); // null key
            varint(&mut record, value_len as i64);
            let value_at = record.len();
            record.extend((0..value_len).map(|_| noise.printable()));
            varint(&mut record, 0); // headers
            let mut framed = Vec::with_capacity(record.len() + 5);
            varint(&mut framed, record.len() as i64);
            if records > 0 && bytes.len() + framed.len() + record.len() > target {
                break;
            }
            if records == 0 {
                slot_at = bytes.len() + framed.len() + value_at;
            }
            bytes.extend_from_slice(&framed);
            bytes.extend_from_slice(&record);
            records += 1;
        }
        let length = (bytes.len() - 12) as i32;
        put(&mut bytes, LENGTH_AT, &length.to_be_bytes());
        put(&mut bytes, 12, &(-1i32).to_be_bytes()); // leader epoch: the broker's to set
        bytes[16] = 2; // magic
        put(&mut bytes, LAST_DELTA_AT, &(records as i32 - 1).to_be_bytes());
        put(&mut bytes, 27, &now_ms.to_be_bytes());
        put(&mut bytes, 35, &now_ms.to_be_bytes());
        put(&mut bytes, PRODUCER_ID_AT, &(-1i64).to_be_bytes());
        put(&mut bytes, PRODUCER_EPOCH_AT, &(-1i16).to_be_bytes());
        put(&mut bytes, SEQUENCE_AT, &(-1i32).to_be_bytes());
        put(&mut bytes, COUNT_AT, &(records as i32).to_be_bytes());
        renew_crc(&mut bytes);
        Batch { bytes, records, slot_at }
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Computes the CRC of `batch` again after a field inside it changed.
pub fn renew_crc(batch: &mut [u8]) {
    let crc = crc_fast::crc32_iscsi(&batch[CRC_FROM..]);
    put(batch, CRC_AT, &crc.to_be_bytes());
}

/// True if the CRC that `batch` carries is the one its bytes have.
pub fn crc_holds(batch: &[u8]) -> bool {
    batch[CRC_AT..CRC_AT + 4] == crc_fast::crc32_iscsi(&batch[CRC_FROM..]).to_be_bytes()
}

/// Appends a zig-zag varint.
fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Bytes without structure, the same in every run.
struct Noise(u64);

impl Noise {
    fn printable(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        b' ' + (self.0 % 95) as u8
    }
}
