//! Which key is of which kind, and which value belongs to it.

use super::fields::{Fields, Output};
use super::{classic, consumer, offset};
use crate::base::codec::CodecError;
use crate::base::ids::PartitionIndex;
use crate::coordinator::group::record::{GroupRecord, OffsetKey};
use crate::machine::codec::{DecodeError, EncodeError, Encoded, LogRecord};

const OLD_OFFSET: i16 = 0;
const OFFSET: i16 = 1;
const CLASSIC: i16 = 2;
const GROUP: i16 = 3;
const PARTITION_METADATA: i16 = 4;
const MEMBER: i16 = 5;
const TARGET_EPOCH: i16 = 6;
const TARGET: i16 = 7;
const CURRENT: i16 = 8;
const REGEX: i16 = 16;

impl LogRecord for GroupRecord {
    fn encode(&self) -> Result<Encoded, EncodeError> {
        let key = |kind: i16, parts: &[&str]| {
            let mut out = Output::new(kind);
            parts.iter().for_each(|part| out.string(part));
            out
        };
        let (key, value) = match self {
            Self::Offset(at, value) => {
                let mut key = key(OFFSET, &[&at.group, &at.topic]);
                key.i32(at.partition.0);
                (key, value.as_ref().map(offset::put))
            }
            Self::Classic(group, value) => (key(CLASSIC, &[group]), value.as_ref().map(classic::put)),
            Self::ConsumerPartitionMetadata(group, false) => (key(PARTITION_METADATA, &[group]), None),
            Self::ConsumerGroup(group, value) => (key(GROUP, &[group]), value.as_ref().map(consumer::put_group)),
            Self::ConsumerMember(group, member, value) => {
                (key(MEMBER, &[group, member]), value.as_ref().map(consumer::put_member))
            }
            Self::ConsumerTargetEpoch(group, value) => {
                (key(TARGET_EPOCH, &[group]), value.as_ref().map(consumer::put_target_epoch))
            }
            Self::ConsumerTarget(group, member, value) => {
                (key(TARGET, &[group, member]), value.as_ref().map(|value| consumer::put_target(value)))
            }
            Self::ConsumerCurrent(group, member, value) => {
                (key(CURRENT, &[group, member]), value.as_ref().map(consumer::put_current))
            }
            Self::ConsumerRegex(group, regex, value) => {
                (key(REGEX, &[group, regex]), value.as_ref().map(consumer::put_regex))
            }
            Self::ConsumerPartitionMetadata(_, true)
            | Self::ClassicSoft(..)
            | Self::ConsumerSoft(..)
            | Self::OffsetsSoft(..)
            | Self::Image(..) => return Err(EncodeError::Soft),
        };
        Ok(Encoded { key: key.end()?, value: value.map(Output::end).transpose()? })
    }

    fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Option<Self>, DecodeError> {
        let mut key = Fields::new(key.ok_or(DecodeError::NoKey)?);
        let kind = key.i16().map_err(named("the key's type"))?;
        Ok(Some(match kind {
            OLD_OFFSET | OFFSET => {
                let at = offset_key(&mut key).map_err(named("OffsetCommitKey"))?;
                let most = if kind == OFFSET { 4 } else { 0 };
                Self::Offset(at, read(value, "OffsetCommitValue", most, offset::value)?)
            }
            CLASSIC => {
                let group = key.text().map_err(named("GroupMetadataKey"))?;
                Self::Classic(group, read(value, "GroupMetadataValue", 4, classic::value)?)
            }
            GROUP => {
                let group = key.text().map_err(named("ConsumerGroupMetadataKey"))?;
                Self::ConsumerGroup(group, read(value, "ConsumerGroupMetadataValue", 0, consumer::group)?)
            }
            PARTITION_METADATA => {
                let group = key.text().map_err(named("ConsumerGroupPartitionMetadataKey"))?;
                Self::ConsumerPartitionMetadata(group, value.is_some())
            }
            MEMBER => {
                let (group, member) = pair(&mut key).map_err(named("ConsumerGroupMemberMetadataKey"))?;
                let value = read(value, "ConsumerGroupMemberMetadataValue", 0, consumer::member)?;
                Self::ConsumerMember(group, member, value)
            }
            TARGET_EPOCH => {
                let group = key.text().map_err(named("ConsumerGroupTargetAssignmentMetadataKey"))?;
                let value = read(value, "ConsumerGroupTargetAssignmentMetadataValue", 0, consumer::target_epoch)?;
                Self::ConsumerTargetEpoch(group, value)
            }
            TARGET => {
                let (group, member) = pair(&mut key).map_err(named("ConsumerGroupTargetAssignmentMemberKey"))?;
                let value = read(value, "ConsumerGroupTargetAssignmentMemberValue", 0, consumer::target)?;
                Self::ConsumerTarget(group, member, value)
            }
            CURRENT => {
                let (group, member) = pair(&mut key).map_err(named("ConsumerGroupCurrentMemberAssignmentKey"))?;
                let value = read(value, "ConsumerGroupCurrentMemberAssignmentValue", 0, consumer::current)?;
                Self::ConsumerCurrent(group, member, value)
            }
            REGEX => {
                let (group, regex) = pair(&mut key).map_err(named("ConsumerGroupRegularExpressionKey"))?;
                Self::ConsumerRegex(
                    group,
                    regex,
                    read(value, "ConsumerGroupRegularExpressionValue", 0, consumer::regex)?,
                )
            }
            _ => return Ok(None),
        }))
    }
}

type Text = std::sync::Arc<str>;

fn pair(key: &mut Fields<'_>) -> Result<(Text, Text), CodecError> {
    Ok((key.text()?, key.text()?))
}

fn offset_key(key: &mut Fields<'_>) -> Result<OffsetKey, CodecError> {
    Ok(OffsetKey { group: key.text()?, topic: key.text()?, partition: PartitionIndex(key.i32()?) })
}

/// Reads a value of at most version `most`. Bytes behind it are left alone, as Kafka leaves them.
fn read<T>(
    value: Option<&[u8]>,
    what: &'static str,
    most: i16,
    fields: impl FnOnce(&mut Fields<'_>, i16) -> Result<T, CodecError>,
) -> Result<Option<T>, DecodeError> {
    let Some(value) = value else { return Ok(None) };
    let mut r = Fields::new(value);
    let version = r.i16().map_err(named(what))?;
    if !(0..=most).contains(&version) {
        return Err(DecodeError::Version { what, version });
    }
    fields(&mut r, version).map(Some).map_err(named(what))
}

fn named(what: &'static str) -> impl Fn(CodecError) -> DecodeError {
    move |source| DecodeError::Bytes { what, source }
}

#[cfg(test)]
#[path = "kinds_test.rs"]
mod tests;
