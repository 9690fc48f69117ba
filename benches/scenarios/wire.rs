//! The few requests the load generator speaks, written out by hand: what a frame holds is fixed here, so that the hot
//! loop only patches a correlation id, an offset or a batch.
//!
//! ```text
//! request:  size i32 | key i16 | version i16 | correlation i32 | client id string | tags | body
//!           0          4         6             8
//! response: size i32 | correlation i32 | tags (flexible header) | body
//! ```

/// Where a request frame's correlation id is.
pub const CORRELATION_AT: usize = 8;

pub const PRODUCE: (i16, i16) = (0, 13);
pub const FETCH: (i16, i16) = (1, 17);
pub const METADATA: (i16, i16) = (3, 12);
pub const CREATE_TOPICS: (i16, i16) = (19, 7);
pub const DELETE_TOPICS: (i16, i16) = (20, 6);
pub const CREATE_PARTITIONS: (i16, i16) = (37, 3);
pub const INIT_PRODUCER_ID: (i16, i16) = (22, 4);

pub type TopicId = [u8; 16];

/// What a response could not be read as.
pub type WireError = String;

/// A request frame of the given API with `body` behind a flexible header; the size is filled in.
pub fn request(api: (i16, i16), body: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.extend(api.0.to_be_bytes());
    out.extend(api.1.to_be_bytes());
    out.extend(0i32.to_be_bytes());
    out.extend(5i16.to_be_bytes());
    out.extend(b"bench");
    out.push(0);
    out.extend(body);
    let size = (out.len() - 4) as i32;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out
}

/// A Produce frame with one batch for one partition; returns it and where the batch begins.
pub fn produce(topic: &TopicId, partition: i32, acks: i16, batch: &[u8]) -> (Vec<u8>, usize) {
    let mut body = vec![0]; // no transactional id
    body.extend(acks.to_be_bytes());
    body.extend(30_000i32.to_be_bytes());
    body.push(2); // one topic
    body.extend(topic);
    body.push(2); // one partition
    body.extend(partition.to_be_bytes());
    uvarint(&mut body, batch.len() as u64 + 1);
    let at_in_body = body.len();
    body.extend(batch);
    body.extend([0, 0, 0]); // tags of partition, topic, request
    let frame = request(PRODUCE, &body);
    let at = frame.len() - body.len() + at_in_body;
    (frame, at)
}

/// A sessionless Fetch frame over `partitions`; returns it and where each partition's fetch offset is.
pub fn fetch(topic: &TopicId, partitions: &[i32], max_wait_ms: i32, partition_max_bytes: i32) -> (Vec<u8>, Vec<usize>) {
    let mut body = Vec::new();
    body.extend(max_wait_ms.to_be_bytes());
    body.extend(1i32.to_be_bytes()); // min bytes
    body.extend((50i32 << 20).to_be_bytes());
    body.push(0); // read uncommitted
    body.extend(0i32.to_be_bytes());
    body.extend((-1i32).to_be_bytes()); // no session
    body.push(2);
    body.extend(topic);
    uvarint(&mut body, partitions.len() as u64 + 1);
    let mut offsets = Vec::new();
    for partition in partitions {
        body.extend(partition.to_be_bytes());
        body.extend((-1i32).to_be_bytes()); // leader epoch
        offsets.push(body.len());
        body.extend(0i64.to_be_bytes());
        body.extend((-1i32).to_be_bytes()); // last fetched epoch
        body.extend((-1i64).to_be_bytes()); // log start
        body.extend(partition_max_bytes.to_be_bytes());
        body.push(0);
    }
    body.extend([0, 1, 1, 0]); // topic tags, nothing forgotten, empty rack, request tags
    let frame = request(FETCH, &body);
    let shift = frame.len() - body.len();
    (frame, offsets.into_iter().map(|at| at + shift).collect())
}

pub fn metadata(topic: &str) -> Vec<u8> {
    let mut body = vec![2];
    body.extend([0; 16]);
    string(&mut body, topic);
    body.extend([0, 0, 0, 0]); // topic tags, no auto-creation, no authorized operations, tags
    request(METADATA, &body)
}

pub fn create_topic(topic: &str, partitions: i32, replicas: i16, configs: &[(&str, &str)]) -> Vec<u8> {
    let mut body = vec![2];
    string(&mut body, topic);
    body.extend(partitions.to_be_bytes());
    body.extend(replicas.to_be_bytes());
    body.push(1); // no assignments
    uvarint(&mut body, configs.len() as u64 + 1);
    for (name, value) in configs {
        string(&mut body, name);
        string(&mut body, value);
        body.push(0);
    }
    body.push(0);
    body.extend(30_000i32.to_be_bytes());
    body.extend([0, 0]);
    request(CREATE_TOPICS, &body)
}

/// Grows a topic to `partitions` in all.
pub fn create_partitions(topic: &str, partitions: i32) -> Vec<u8> {
    let mut body = vec![2];
    string(&mut body, topic);
    body.extend(partitions.to_be_bytes());
    body.extend([0, 0]); // no assignments, tags
    body.extend(30_000i32.to_be_bytes());
    body.extend([0, 0]); // not only to validate, tags
    request(CREATE_PARTITIONS, &body)
}

pub fn delete_topic(topic: &str) -> Vec<u8> {
    let mut body = vec![2];
    string(&mut body, topic);
    body.extend([0; 16]);
    body.push(0);
    body.extend(30_000i32.to_be_bytes());
    body.push(0);
    request(DELETE_TOPICS, &body)
}

pub fn init_producer_id() -> Vec<u8> {
    let mut body = vec![0];
    body.extend(60_000i32.to_be_bytes());
    body.extend((-1i64).to_be_bytes());
    body.extend((-1i16).to_be_bytes());
    body.push(0);
    request(INIT_PRODUCER_ID, &body)
}

pub fn string(out: &mut Vec<u8>, text: &str) {
    uvarint(out, text.len() as u64 + 1);
    out.extend(text.as_bytes());
}

pub fn uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A reader over one response frame, its size prefix taken off.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts behind the flexible response header.
    pub fn response(frame: &'a [u8]) -> Result<Reader<'a>, WireError> {
        let mut reader = Reader { bytes: frame, at: 4 };
        reader.tags()?;
        Ok(reader)
    }

    pub fn slice(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| format!("response ends at {} where {len} bytes were due", self.at))?;
        let out = &self.bytes[self.at..end];
        self.at = end;
        Ok(out)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut out = [0; N];
        out.copy_from_slice(self.slice(N)?);
        Ok(out)
    }

    pub fn i16(&mut self) -> Result<i16, WireError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32, WireError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64, WireError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub fn topic_id(&mut self) -> Result<TopicId, WireError> {
        self.array()
    }

    pub fn uvarint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("over-long varint".into())
    }

    /// The number of elements of a compact array; null counts as none.
    pub fn count(&mut self) -> Result<usize, WireError> {
        Ok(self.uvarint()?.saturating_sub(1) as usize)
    }

    /// A compact nullable string or byte field.
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.count()?;
        self.slice(len)
    }

    pub fn tags(&mut self) -> Result<(), WireError> {
        for _ in 0..self.uvarint()? {
            self.uvarint()?;
            let len = self.uvarint()?;
            self.slice(len as usize)?;
        }
        Ok(())
    }
}

/// Fails unless `code` is NONE.
pub fn no_error(what: &str, code: i16) -> Result<(), WireError> {
    if code == 0 { Ok(()) } else { Err(format!("{what} answered with error code {code}")) }
}

/// Reads a Produce response with one partition: its base offset, or the error it carries.
pub fn produce_answer(frame: &[u8]) -> Result<i64, WireError> {
    let mut reader = Reader::response(frame)?;
    let topics = reader.count()?;
    reader.topic_id()?;
    let partitions = reader.count()?;
    if (topics, partitions) != (1, 1) {
        return Err(format!("Produce answered for {topics} topics and {partitions} partitions, not one"));
    }
    reader.i32()?;
    no_error("Produce", reader.i16()?)?;
    reader.i64()
}

/// A Produce response as a server without a log would give it, for the null servers.
pub fn produce_answer_frame(correlation: [u8; 4]) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.extend(correlation);
    out.extend([0, 2]);
    out.extend([0; 16]);
    out.push(2);
    out.extend([0; 4 + 2 + 8]);
    out.extend((-1i64).to_be_bytes());
    out.extend([0; 8]);
    out.extend([1, 0, 0, 0]); // no record errors, no message, tags
    out.extend([0; 4]);
    out.push(0);
    let size = (out.len() - 4) as i32;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out
}

/// Walks a Fetch response: calls `each` with a partition and its record bytes.
pub fn fetch_answer(frame: &[u8], mut each: impl FnMut(i32, &[u8]) -> Result<(), WireError>) -> Result<(), WireError> {
    let mut reader = Reader::response(frame)?;
    reader.i32()?;
    no_error("Fetch", reader.i16()?)?;
    reader.i32()?;
    for _ in 0..reader.count()? {
        reader.topic_id()?;
        for _ in 0..reader.count()? {
            let partition = reader.i32()?;
            no_error("Fetch of a partition", reader.i16()?)?;
            reader.slice(8 * 3)?; // high watermark, last stable, log start
            for _ in 0..reader.count()? {
                reader.slice(16)?; // aborted transactions
                reader.tags()?;
            }
            reader.i32()?;
            each(partition, reader.bytes()?)?;
            reader.tags()?;
        }
        reader.tags()?;
    }
    reader.tags()
}

/// The body of a Fetch response (behind the correlation id) with `records` for partition 0.
pub fn fetch_answer_body(records: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    out.extend([0; 4 + 2 + 4]);
    out.push(2);
    out.extend([0; 16]);
    out.push(2);
    out.extend([0; 4 + 2 + 24]);
    out.push(0); // aborted transactions: null
    out.extend((-1i32).to_be_bytes());
    uvarint(&mut out, records.len() as u64 + 1);
    out.extend(records);
    out.extend([0, 0, 0]);
    out
}
