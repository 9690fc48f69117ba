//! The Produce request, versions 3 to 13, read in place: no structure is built per topic or partition.
//!
//! The guard has walked the body; the iterators walk it once more. Names are borrowed from the frame; only a partition's records
//! are a counted slice of it, since they outlive the request.
//!
//! ```text
//!  request    transactional id? | acks i16 | timeout i32 | [topics] | 9+: tags
//!  topic      3-12: name, 13+: id | [partitions] | 9+: tags
//!  partition  index i32 | records? | 9+: tags
//! ```

use std::ops::Range;

use bytes::Bytes;

use super::api::ApiKey;
use super::codec::DecodeError;
use super::guard;
use crate::base::codec::{CodecError, Reader};
use crate::base::ids::{PartitionIndex, Uuid};

/// A Produce request.
#[derive(Clone, Debug)]
pub struct ProduceRequest {
    /// 0, 1, or -1 for all in-sync replicas; whatever the client sent.
    pub acks: i16,
    /// How long to wait for the other replicas (ms).
    pub timeout_ms: i32,
    form: Form,
    body: Bytes,
    transactional_id: Option<Range<usize>>,
    /// Where the first topic starts in the body.
    topics_start: usize,
    topic_count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Form {
    flexible: bool,
    by_id: bool,
}

/// One topic of the request.
#[derive(Clone, Copy, Debug)]
pub struct ProducedTopic<'a> {
    /// Its name; empty from version 13 on.
    pub name: &'a str,
    /// Its id; zero before version 13.
    pub id: Uuid,
    /// How many partitions follow.
    pub partition_count: usize,
    request: &'a ProduceRequest,
    /// Where the first partition starts in the body.
    partitions_start: usize,
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
        Self::read(form, body).map_err(|error| DecodeError::Decoder {
            key: ApiKey::Produce,
            version,
            reason: error.to_string(),
        })
    }

    fn read(form: Form, body: Bytes) -> Result<Self, CodecError> {
        let mut reader = Reader::new(&body);
        let length = match form.flexible {
            true => (reader.uvarint()? as usize).checked_sub(1),
            false => usize::try_from(reader.i16()?).ok(),
        };
        let id_start = reader.position();
        reader.bytes(length.unwrap_or(0))?;
        let transactional_id = length.map(|length| id_start..id_start + length);
        let acks = reader.i16()?;
        let timeout_ms = reader.i32()?;
        let topic_count = count(&mut reader, form)?;
        let topics_start = reader.position();
        Ok(Self { acks, timeout_ms, form, body, transactional_id, topics_start, topic_count })
    }

    /// The transactional id, or none.
    pub fn transactional_id(&self) -> Option<&str> {
        let bytes = self.body.get(self.transactional_id.clone()?)?;
        std::str::from_utf8(bytes).ok()
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topic_count
    }

    /// The topics, in the client's order.
    pub fn topics(&self) -> impl Iterator<Item = ProducedTopic<'_>> {
        let mut reader = self.reader_at(self.topics_start);
        (0..self.topic_count).map_while(move |_| self.topic(&mut reader).ok())
    }

    fn topic<'a>(&'a self, reader: &mut Reader<'a>) -> Result<ProducedTopic<'a>, CodecError> {
        let form = self.form;
        let (name, id) = match (form.by_id, form.flexible) {
            (true, _) => ("", reader.uuid()?),
            (false, true) => (reader.compact_string()?, Uuid::ZERO),
            (false, false) => (reader.string()?, Uuid::ZERO),
        };
        let partition_count = count(reader, form)?;
        let partitions_start = self.position(reader);
        for _ in 0..partition_count {
            reader.i32()?;
            if let Some(length) = records_length(reader, form)? {
                reader.bytes(length)?;
            }
            skip_tags(reader, form)?;
        }
        skip_tags(reader, form)?;
        Ok(ProducedTopic { name, id, partition_count, request: self, partitions_start })
    }

    fn reader_at(&self, start: usize) -> Reader<'_> {
        Reader::new(self.body.get(start..).unwrap_or_default())
    }

    /// Where in the body a reader of its rest stands.
    fn position(&self, reader: &Reader<'_>) -> usize {
        self.body.len() - reader.remaining()
    }
}

impl<'a> ProducedTopic<'a> {
    /// The partitions, in the client's order.
    pub fn partitions(&self) -> impl Iterator<Item = ProducedPartition> + use<'a> {
        let request = self.request;
        let mut reader = request.reader_at(self.partitions_start);
        (0..self.partition_count).map_while(move |_| partition(request, &mut reader).ok())
    }
}

fn partition(request: &ProduceRequest, reader: &mut Reader<'_>) -> Result<ProducedPartition, CodecError> {
    let index = PartitionIndex(reader.i32()?);
    let records = match records_length(reader, request.form)? {
        Some(length) => {
            let start = request.position(reader);
            reader.bytes(length)?;
            Some(request.body.slice(start..start + length))
        }
        None => None,
    };
    skip_tags(reader, request.form)?;
    Ok(ProducedPartition { index, records })
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
