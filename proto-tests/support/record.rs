//! A record as tests compare it, and the record files that client programs read and write.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One record. `offset` is -1 before it is produced.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Offset in its partition.
    pub offset: i64,
    /// Timestamp in milliseconds since 1970.
    pub timestamp: i64,
    /// Key, which may be null.
    pub key: Option<Vec<u8>>,
    /// Value, which may be null.
    pub value: Option<Vec<u8>>,
    /// Headers in order; a value may be null.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |b: &Option<Vec<u8>>| match b {
            None => "null".to_string(),
            Some(b) if b.len() <= 24 => format!("{:?}", String::from_utf8_lossy(b)),
            Some(b) => format!("{} bytes, crc {:08x}", b.len(), crc(b)),
        };
        let headers: Vec<String> = self.headers.iter().map(|(n, v)| format!("{n}={}", short(v))).collect();
        write!(f, "[{} @{} {} -> {} {headers:?}]", self.offset, self.timestamp, short(&self.key), short(&self.value))
    }
}

/// CRC-32C, to name a long value in few characters.
pub fn crc(bytes: &[u8]) -> u32 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

fn text(bytes: &Option<Vec<u8>>) -> Value {
    bytes.as_ref().map_or(Value::Null, |b| Value::String(STANDARD.encode(b)))
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    value.as_str().map(|t| STANDARD.decode(t).expect("base64"))
}

/// Writes a record file.
pub fn write(path: &Path, records: &[Record]) {
    let mut out = BufWriter::new(std::fs::File::create(path).expect("a record file"));
    for r in records {
        let headers: Vec<Value> = r.headers.iter().map(|(n, v)| json!([n, text(v)])).collect();
        let line = json!({"o": r.offset, "t": r.timestamp, "k": text(&r.key), "v": text(&r.value), "h": headers});
        writeln!(out, "{line}").expect("the record file takes a line");
    }
    out.flush().expect("the record file is written");
}

/// Reads a record file.
pub fn read(path: &Path) -> Vec<Record> {
    let file = BufReader::new(std::fs::File::open(path).expect("a record file"));
    let lines = file.lines().map(|line| line.expect("a line"));
    lines
        .map(|line| {
            let v: Value = serde_json::from_str(&line).expect("a JSON line");
            let headers = v["h"].as_array().expect("headers");
            Record {
                offset: v["o"].as_i64().expect("an offset"),
                timestamp: v["t"].as_i64().expect("a timestamp"),
                key: bytes(&v["k"]),
                value: bytes(&v["v"]),
                headers: headers.iter().map(|h| (h[0].as_str().expect("a name").to_string(), bytes(&h[1]))).collect(),
            }
        })
        .collect()
}

/// Bytes that no codec makes smaller, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}
