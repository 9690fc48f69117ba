//! Records of `__transaction_state` in Kafka's schemas.
//!
//! ```text
//!  key     version i16 = 0 | transactional id string
//!  value 0 version i16 = 0 | producer id i64 | epoch i16 | timeout i32 ms | state i8
//!          | topics: count i32 (-1: none) | (name string | count i32 | partition i32 ...) ... | updated i64 | started i64
//!  value 1 the same, flexible: compact strings and arrays, and tagged fields at the end of each structure:
//!          0 previous producer id i64 | 1 next producer id i64 | 2 client's transaction version i16
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use super::record::TransactionRecord;
use super::state::{Producer, TransactionMetadata, TransactionState, TransactionVersion};
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{Millis, PartitionIndex, ProducerEpoch, ProducerId, TopicName, TopicPartition};
use crate::machine::codec::{DecodeError, EncodeError, Encoded, LogRecord};

const KEY: &str = "TransactionLogKey";
const VALUE: &str = "TransactionLogValue";
const KEY_VERSION: i16 = 0;
const FLEXIBLE_VERSION: i16 = 1;

const PREVIOUS_PRODUCER_ID: u32 = 0;
const NEXT_PRODUCER_ID: u32 = 1;
const CLIENT_VERSION: u32 = 2;

impl LogRecord for TransactionRecord {
    fn encode(&self) -> Result<Encoded, EncodeError> {
        let Self::Transaction(id, metadata) = self else { return Err(EncodeError::Soft) };
        i16::try_from(id.len()).map_err(|_| EncodeError::TooLong(id.len()))?;
        let mut key = Writer::with_capacity(4 + id.len());
        key.i16(KEY_VERSION);
        key.string(id);
        Ok(Encoded { key: key.into_vec(), value: metadata.as_ref().map(put_value) })
    }

    fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Option<Self>, DecodeError> {
        let mut r = Reader::new(key.ok_or(DecodeError::NoKey)?);
        let of_key = |source| DecodeError::Bytes { what: KEY, source };
        if r.i16().map_err(of_key)? != KEY_VERSION {
            return Ok(None);
        }
        let id = Arc::from(r.string().map_err(of_key)?);
        Ok(Some(Self::Transaction(id, value.map(take_value).transpose()?)))
    }
}

fn put_value(metadata: &TransactionMetadata) -> Vec<u8> {
    let flexible = metadata.value_version >= FLEXIBLE_VERSION;
    let mut w = Writer::with_capacity(48 + metadata.partitions.len() * 8);
    w.i16(metadata.value_version);
    w.i64(metadata.producer.id.0);
    w.i16(metadata.producer.epoch.0);
    w.i32(metadata.timeout_ms);
    w.i8(metadata.state as i8);
    put_topics(&mut w, metadata, flexible);
    w.i64(metadata.updated.0);
    w.i64(metadata.started.0);
    if flexible {
        put_tags(&mut w, metadata);
    }
    w.into_vec()
}

fn put_topics(w: &mut Writer, metadata: &TransactionMetadata, flexible: bool) {
    let mut topics: Vec<(&TopicName, Vec<PartitionIndex>)> = Vec::new();
    for partition in metadata.partitions.iter() {
        match topics.last_mut() {
            Some((topic, indexes)) if *topic == &partition.topic => indexes.push(partition.partition),
            _ => topics.push((&partition.topic, vec![partition.partition])),
        }
    }
    let has_topics = metadata.state != TransactionState::Empty;
    match (flexible, has_topics) {
        (true, true) => w.compact_array_len(topics.len()),
        (true, false) => w.uvarint(0),
        (false, true) => w.i32(topics.len() as i32),
        (false, false) => w.i32(-1),
    }
    for (topic, indexes) in topics.into_iter().filter(|_| has_topics) {
        if flexible {
            w.compact_string(topic);
            w.compact_array_len(indexes.len());
        } else {
            w.string(topic);
            w.i32(indexes.len() as i32);
        }
        indexes.into_iter().for_each(|index| w.i32(index.0));
        if flexible {
            w.uvarint(0);
        }
    }
}

fn put_tags(w: &mut Writer, metadata: &TransactionMetadata) {
    let ids = [(PREVIOUS_PRODUCER_ID, metadata.prev_producer_id), (NEXT_PRODUCER_ID, metadata.next_producer_id)];
    let version = metadata.client_version;
    let has_version = version != TransactionVersion::V0;
    w.uvarint(ids.iter().filter(|(_, id)| *id != ProducerId::NONE).count() as u32 + u32::from(has_version));
    for (tag, id) in ids.into_iter().filter(|(_, id)| *id != ProducerId::NONE) {
        w.uvarint(tag);
        w.uvarint(8);
        w.i64(id.0);
    }
    if has_version {
        w.uvarint(CLIENT_VERSION);
        w.uvarint(2);
        w.i16(version.0);
    }
}

fn take_value(bytes: &[u8]) -> Result<TransactionMetadata, DecodeError> {
    let of_value = |source| DecodeError::Bytes { what: VALUE, source };
    let wrong = |why| DecodeError::Field { what: VALUE, why };
    let mut r = Reader::new(bytes);
    let version = r.i16().map_err(of_value)?;
    if !(0..=FLEXIBLE_VERSION).contains(&version) {
        return Err(DecodeError::Version { what: VALUE, version });
    }
    let fields = take_fields(&mut r, version >= FLEXIBLE_VERSION).map_err(of_value)?;
    let state = TransactionState::from_number(fields.state).ok_or(wrong("a state that there is not"))?;
    if matches!(state, TransactionState::Dead | TransactionState::PrepareEpochFence) {
        return Err(wrong("a state that is never written"));
    }
    let partitions = if state == TransactionState::Empty { BTreeSet::new() } else { fields.partitions };
    let told = TransactionMetadata {
        producer: fields.producer,
        prev_producer_id: fields.prev_producer_id,
        next_producer_id: fields.next_producer_id,
        last_epoch: ProducerEpoch::NONE,
        timeout_ms: fields.timeout_ms,
        state,
        partitions: Arc::new(partitions),
        started: fields.started,
        updated: fields.updated,
        client_version: fields.client_version,
        value_version: version,
    };
    Ok(TransactionMetadata { last_epoch: told.epoch_before(), ..told })
}

struct Fields {
    producer: Producer,
    timeout_ms: i32,
    state: i8,
    partitions: BTreeSet<TopicPartition>,
    updated: Millis,
    started: Millis,
    prev_producer_id: ProducerId,
    next_producer_id: ProducerId,
    client_version: TransactionVersion,
}

fn take_fields(r: &mut Reader<'_>, flexible: bool) -> Result<Fields, CodecError> {
    let producer = Producer::new(ProducerId(r.i64()?), ProducerEpoch(r.i16()?));
    let (timeout_ms, state) = (r.i32()?, r.i8()?);
    let mut fields = Fields {
        producer,
        timeout_ms,
        state,
        partitions: take_topics(r, flexible)?,
        updated: Millis(r.i64()?),
        started: Millis(r.i64()?),
        prev_producer_id: ProducerId::NONE,
        next_producer_id: ProducerId::NONE,
        client_version: TransactionVersion::V0,
    };
    if flexible {
        tags(r, |tag, field| {
            match tag {
                PREVIOUS_PRODUCER_ID => fields.prev_producer_id = ProducerId(field.i64()?),
                NEXT_PRODUCER_ID => fields.next_producer_id = ProducerId(field.i64()?),
                CLIENT_VERSION => fields.client_version = TransactionVersion(field.i16()?),
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok(fields)
}

fn take_topics(r: &mut Reader<'_>, flexible: bool) -> Result<BTreeSet<TopicPartition>, CodecError> {
    let mut partitions = BTreeSet::new();
    for _ in 0..count(r, flexible)? {
        let topic = TopicName::from(if flexible { r.compact_string()? } else { r.string()? });
        for _ in 0..count(r, flexible)? {
            partitions.insert(TopicPartition::new(topic.clone(), PartitionIndex(r.i32()?)));
        }
        if flexible {
            tags(r, |_, _| Ok(()))?;
        }
    }
    Ok(partitions)
}

/// The length of an array; none is nothing in it. What it claims is not believed: nothing is set aside for it.
fn count(r: &mut Reader<'_>, flexible: bool) -> Result<usize, CodecError> {
    if flexible {
        return Ok(r.compact_array_len(1)?.unwrap_or(0));
    }
    match r.i32()? {
        -1 => Ok(0),
        n => usize::try_from(n).map_err(|_| CodecError::BadLength(n.into())),
    }
}

fn tags<'a>(
    r: &mut Reader<'a>,
    mut take: impl FnMut(u32, &mut Reader<'a>) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    for _ in 0..r.uvarint()? {
        let tag = r.uvarint()?;
        let size = r.uvarint()? as usize;
        take(tag, &mut Reader::new(r.bytes(size)?))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "record_codec_test.rs"]
mod tests;
