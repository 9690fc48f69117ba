//! A raw connection: frames in and out, with or without a schema in between.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::schema;

/// How a call can fail.
#[derive(Debug, PartialEq, Eq)]
pub enum WireError {
    /// The server closed the connection.
    Closed,
    /// No answer in time.
    Timeout,
    /// An answer that is none.
    Bad(String),
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A connection to a broker on the loopback interface.
pub struct Wire {
    stream: TcpStream,
    next: i32,
    /// Sent in each request header.
    pub client_id: String,
}

impl Wire {
    /// Connects; reads give up after 20 s.
    pub fn connect(port: u16) -> std::io::Result<Wire> {
        Wire::connect_to("localhost", port)
    }

    /// Connects to a host by its name or address.
    pub fn connect_to(host: &str, port: u16) -> std::io::Result<Wire> {
        let stream = TcpStream::connect((host, port))?;
        stream.set_nodelay(true)?;
        let wire = Wire { stream, next: 1, client_id: "proto-tests".to_string() };
        wire.set_timeout(Duration::from_secs(20));
        Ok(wire)
    }

    /// The same connection again, to write on it from a second thread.
    pub fn second(&self) -> Wire {
        Wire { stream: self.stream.try_clone().expect("a second handle"), next: 1, client_id: self.client_id.clone() }
    }

    /// The address from which it goes out.
    pub fn local_address(&self) -> std::net::IpAddr {
        self.stream.local_addr().expect("an address").ip()
    }

    /// How long reads wait.
    pub fn set_timeout(&self, limit: Duration) {
        self.stream.set_read_timeout(Some(limit)).expect("a timeout");
        self.stream.set_write_timeout(Some(limit)).expect("a timeout");
    }

    /// One request and its answer.
    pub fn call(&mut self, api: &str, version: i16, body: Value) -> Result<Value, WireError> {
        let id = self.send(api, version, body)?;
        self.receive(api, version, id)
    }

    /// Sends a request and returns its correlation id.
    pub fn send(&mut self, api: &str, version: i16, body: Value) -> Result<i32, WireError> {
        let bytes = schema::request(api).encode(version, &body);
        self.send_body(api, version, &bytes)
    }

    /// Sends a request whose body is given in bytes.
    pub fn send_body(&mut self, api: &str, version: i16, body: &[u8]) -> Result<i32, WireError> {
        let message = schema::request(api);
        let id = self.next;
        self.next += 1;
        let frame = request_frame(message.key, version, message.is_flexible(version), id, &self.client_id, body);
        self.send_bytes(&frame)?;
        Ok(id)
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        self.stream.write_all(bytes).map_err(of_io)
    }

    /// Reads the answer to `id`, which must be the next one.
    pub fn receive(&mut self, api: &str, version: i16, id: i32) -> Result<Value, WireError> {
        let frame = self.receive_frame()?;
        if frame.len() < 4 || frame[..4] != id.to_be_bytes() {
            return Err(WireError::Bad(format!("correlation id {:?}, not {id}", frame.get(..4))));
        }
        let message = schema::response(api);
        // The answer to ApiVersions has the old header at all versions, so that an older client can read it.
        let tagged = message.is_flexible(version) && api != "ApiVersions";
        let mut body = &frame[4..];
        if tagged {
            match body.split_first() {
                Some((0, rest)) => body = rest,
                _ => return Err(WireError::Bad("a response header with tagged fields".to_string())),
            }
        }
        message.decode(version, body).map_err(WireError::Bad)
    }

    /// Reads one frame without its size.
    pub fn receive_frame(&mut self) -> Result<Vec<u8>, WireError> {
        let mut size = [0; 4];
        self.stream.read_exact(&mut size).map_err(of_io)?;
        let size = i32::from_be_bytes(size);
        if !(0..=256 << 20).contains(&size) {
            return Err(WireError::Bad(format!("a frame of {size} bytes")));
        }
        let mut frame = vec![0; size as usize];
        self.stream.read_exact(&mut frame).map_err(of_io)?;
        Ok(frame)
    }

    /// No more will be sent.
    pub fn finish(&self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }
}

fn of_io(e: std::io::Error) -> WireError {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    if matches!(e.kind(), TimedOut | WouldBlock) { WireError::Timeout } else { WireError::Closed }
}

/// A whole request frame, with its size in front.
pub fn request_frame(key: i16, version: i16, flexible: bool, id: i32, client_id: &str, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 4];
    frame.extend(key.to_be_bytes());
    frame.extend(version.to_be_bytes());
    frame.extend(id.to_be_bytes());
    frame.extend((client_id.len() as i16).to_be_bytes());
    frame.extend(client_id.as_bytes());
    if flexible {
        frame.push(0);
    }
    frame.extend(body);
    let size = (frame.len() - 4) as i32;
    frame[..4].copy_from_slice(&size.to_be_bytes());
    frame
}

/// A record batch to be, with every header field open to lies.
#[derive(Clone)]
pub struct Batch {
    /// First offset.
    pub base_offset: i64,
    /// Attributes: codec in bits 0-2, timestamp type 3, transactional 4, control 5.
    pub attributes: i16,
    /// Format; only 2 exists.
    pub magic: i8,
    /// Timestamp of the first record.
    pub base_timestamp: i64,
    /// Producer id, -1 for none.
    pub producer_id: i64,
    /// Producer epoch.
    pub producer_epoch: i16,
    /// Sequence of the first record.
    pub sequence: i32,
    /// Records: timestamp delta, key, value, headers.
    pub records: Vec<RawRecord>,
    /// Replaces the last offset delta.
    pub last_offset_delta: Option<i32>,
    /// Replaces the count of records.
    pub count: Option<i32>,
    /// Replaces the batch length.
    pub length: Option<i32>,
    /// Replaces the record section, after compression if any.
    pub payload: Option<Vec<u8>>,
    /// Added to the right checksum.
    pub crc_error: u32,
}

/// Timestamp delta, key, value, headers.
pub type RawRecord = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

impl Batch {
    /// A right batch of plain values.
    pub fn of(timestamp: i64, values: &[&[u8]]) -> Batch {
        let records = values.iter().map(|v| (0, None, Some(v.to_vec()), Vec::new())).collect();
        Batch {
            base_offset: 0,
            attributes: 0,
            magic: 2,
            base_timestamp: timestamp,
            producer_id: -1,
            producer_epoch: -1,
            sequence: -1,
            records,
            last_offset_delta: None,
            count: None,
            length: None,
            payload: None,
            crc_error: 0,
        }
    }

    /// The record section before compression.
    pub fn section(&self) -> Vec<u8> {
        let mut section = Vec::new();
        for (i, (delta, key, value, headers)) in self.records.iter().enumerate() {
            let mut r = vec![0];
            put_zigzag(&mut r, *delta);
            put_zigzag(&mut r, i as i64);
            put_field(&mut r, key.as_deref());
            put_field(&mut r, value.as_deref());
            put_zigzag(&mut r, headers.len() as i64);
            for (name, value) in headers {
                put_field(&mut r, Some(name.as_bytes()));
                put_field(&mut r, value.as_deref());
            }
            put_zigzag(&mut section, r.len() as i64);
            section.extend(r);
        }
        section
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let section = self.payload.clone().unwrap_or_else(|| self.section());
        let count = self.records.len() as i32;
        let max = self.records.iter().map(|r| r.0).max().unwrap_or(0);
        let mut tail = Vec::new();
        tail.extend(self.attributes.to_be_bytes());
        tail.extend(self.last_offset_delta.unwrap_or(count - 1).to_be_bytes());
        tail.extend(self.base_timestamp.to_be_bytes());
        tail.extend((self.base_timestamp + max).to_be_bytes());
        tail.extend(self.producer_id.to_be_bytes());
        tail.extend(self.producer_epoch.to_be_bytes());
        tail.extend(self.sequence.to_be_bytes());
        tail.extend(self.count.unwrap_or(count).to_be_bytes());
        tail.extend(section);
        let crc = super::record::crc(&tail).wrapping_add(self.crc_error);
        let mut out = Vec::new();
        out.extend(self.base_offset.to_be_bytes());
        out.extend(self.length.unwrap_or(tail.len() as i32 + 9).to_be_bytes());
        out.extend((-1i32).to_be_bytes());
        out.push(self.magic as u8);
        out.extend(crc.to_be_bytes());
        out.extend(tail);
        out
    }

    /// Its bytes as a schema's `records` field takes them.
    pub fn base64(&self) -> Value {
        json!(STANDARD.encode(self.bytes()))
    }
}

/// A signed varint.
pub fn put_zigzag(out: &mut Vec<u8>, n: i64) {
    schema::put_varint(out, ((n << 1) ^ (n >> 63)) as u64);
}

fn put_field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_zigzag(out, bytes.map_or(-1, |b| b.len() as i64));
    out.extend(bytes.unwrap_or_default());
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_millis() as i64)
}
