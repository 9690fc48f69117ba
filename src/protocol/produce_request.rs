//! The Produce request, versions 3 to 13, read in place: no structure is built per topic or partition.
//!
//! The guard has walked the body; the iterators walk it once more and hand out slices of it. Text is cut out and checked once
//! per topic, records are a slice of the frame.
//!
//! ```text
//!  request    transactional id? | acks i16 | timeout i32 | [topics] | 9+: tags
//!  topic      3-12: name, 13+: id | [partitions] | 9+: tags
//!  partition  index i32 | records? | 9+: tags
//! ```

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;

use super::api::ApiKey;
use super::codec::DecodeError;
use super::guard;
use crate::base::codec::{CodecError, Reader};
use crate::base::ids::{PartitionIndex, Uuid};

/// A Produce request.
#[derive(Clone, Debug)]
pub struct ProduceRequest {
    /// The transactional id, or none.
    pub transactional_id: Option<StrBytes>,
    /// 0, 1, or -1 for all in-sync replicas; whatever the client sent.
    pub acks: i16,
    /// How long to wait for the other replicas (ms).
    pub timeout_ms: i32,
    form: Form,
    /// From the first topic on.
    topics: Bytes,
    topic_count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Form {
    flexible: bool,
    by_id: bool,
}

/// One topic of the request.
#[derive(Clone, Debug)]
pub struct ProducedTopic {
    /// Its name; empty from version 13 on.
    pub name: StrBytes,
    /// Its id; zero before version 13.
    pub id: Uuid,
    /// How many partitions follow.
    pub partition_count: usize,
    form: Form,
    /// From the first partition on; past the topic's end there is more.
    partitions: Bytes,
}

/// One partition of a topic.
#[derive(Clone, Debug)]
pub struct ProducedPartition {
    /// The partition.
    pub index: PartitionIndex,
    /// The batches, or none if the client sent null.
    pub records: Option<Bytes>,
}

impl ProduceRequest {
    /// Reads a request's body; the guard goes first.
    pub fn decode(version: i16, body: Bytes) -> Result<Self, DecodeError> {
        guard::check_request(ApiKey::Produce, version, &body)?;
        let form = Form { flexible: ApiKey::Produce.is_flexible(version), by_id: version >= 13 };
        Self::read(form, &body).map_err(|error| DecodeError::Decoder {
            key: ApiKey::Produce,
            version,
            reason: error.to_string(),
        })
    }

    fn read(form: Form, body: &Bytes) -> Result<Self, CodecError> {
        let mut reader = Reader::new(body);
        let transactional_id = match form.flexible {
            true => reader.compact_nullable_string()?,
            false => reader.nullable_string()?,
        };
        let transactional_id = transactional_id.map(|text| str_bytes(body, text));
        let acks = reader.i16()?;
        let timeout_ms = reader.i32()?;
        let topic_count = count(&mut reader, form)?;
        Ok(Self { transactional_id, acks, timeout_ms, form, topics: body.slice(reader.position()..), topic_count })
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topic_count
    }

    /// The topics, in the client's order.
    pub fn topics(&self) -> impl Iterator<Item = ProducedTopic> + '_ {
        let mut reader = Reader::new(&self.topics);
        (0..self.topic_count).map_while(move |_| self.topic(&mut reader).ok())
    }

    fn topic(&self, reader: &mut Reader<'_>) -> Result<ProducedTopic, CodecError> {
        let form = self.form;
        let (name, id) = match form.by_id {
            true => (StrBytes::new(), reader.uuid()?),
            false => {
                let name = if form.flexible { reader.compact_string()? } else { reader.string()? };
                (str_bytes(&self.topics, name), Uuid::ZERO)
            }
        };
        let partition_count = count(reader, form)?;
        let partitions = self.topics.slice(reader.position()..);
        for _ in 0..partition_count {
            skip_partition(reader, form)?;
        }
        skip_tags(reader, form)?;
        Ok(ProducedTopic { name, id, partition_count, form, partitions })
    }
}

impl ProducedTopic {
    /// The partitions, in the client's order.
    pub fn partitions(&self) -> impl Iterator<Item = ProducedPartition> + '_ {
        let mut reader = Reader::new(&self.partitions);
        (0..self.partition_count).map_while(move |_| self.partition(&mut reader).ok())
    }

    fn partition(&self, reader: &mut Reader<'_>) -> Result<ProducedPartition, CodecError> {
        let index = PartitionIndex(reader.i32()?);
        let records = match records_length(reader, self.form)? {
            Some(length) => {
                let start = reader.position();
                reader.bytes(length)?;
                Some(self.partitions.slice(start..start + length))
            }
            None => None,
        };
        skip_tags(reader, self.form)?;
        Ok(ProducedPartition { index, records })
    }
}

fn skip_partition(reader: &mut Reader<'_>, form: Form) -> Result<(), CodecError> {
    reader.i32()?;
    if let Some(length) = records_length(reader, form)? {
        reader.bytes(length)?;
    }
    skip_tags(reader, form)
}

fn records_length(reader: &mut Reader<'_>, form: Form) -> Result<Option<usize>, CodecError> {
    if form.flexible {
        return Ok((reader.uvarint()? as usize).checked_sub(1));
    }
    Ok(usize::try_from(reader.i32()?).ok())
}

fn count(reader: &mut Reader<'_>, form: Form) -> Result<usize, CodecError> {
    let raw = if form.flexible { i64::from(reader.uvarint()?) - 1 } else { i64::from(reader.i32()?) };
    usize::try_from(raw).map_err(|_| CodecError::BadLength(raw))
}

fn skip_tags(reader: &mut Reader<'_>, form: Form) -> Result<(), CodecError> {
    if !form.flexible {
        return Ok(());
    }
    for _ in 0..reader.uvarint()? {
        reader.uvarint()?;
        let size = reader.uvarint()?;
        reader.bytes(size as usize)?;
    }
    Ok(())
}

/// `text`, which lies within `of`, as a slice of it.
fn str_bytes(of: &Bytes, text: &str) -> StrBytes {
    // The text was checked as UTF-8 by the reader; this checks a topic's name once more, some nanoseconds.
    StrBytes::from_utf8(of.slice_ref(text.as_bytes())).unwrap_or_default()
}
