//! A committed offset's value.
//!
//! ```text
//!  offset i64 | leader epoch i32 (v3) | metadata string | commit timestamp i64 | expire timestamp i64 (v1 only)
//!  | tagged (v4): 0 topic id uuid
//! ```

use super::fields::{Fields, Output};
use crate::base::codec::CodecError;
use crate::base::ids::{LeaderEpoch, Millis, Offset, Uuid};
use crate::coordinator::group::record::OffsetValue;

/// Version 4, or version 1 where the offset has a time of its own at which it expires: only that version can say it.
pub(super) fn put(value: &OffsetValue) -> Output {
    let version = if value.expire_timestamp.is_some() { 1 } else { 4 };
    let mut out = Output::new(version);
    out.i64(value.offset.0);
    if version >= 3 {
        out.i32(value.leader_epoch.0);
        out.compact_string(&value.metadata);
    } else {
        out.string(&value.metadata);
    }
    out.i64(value.commit_timestamp.0);
    if let Some(expires) = value.expire_timestamp {
        out.i64(expires.0);
    } else {
        let id = value.topic_id;
        out.tag_0((!id.is_zero()).then_some(|out: &mut crate::base::codec::Writer| out.uuid(id)));
    }
    out
}

pub(super) fn value(r: &mut Fields<'_>, version: i16) -> Result<OffsetValue, CodecError> {
    let offset = Offset(r.i64()?);
    let leader_epoch = if version >= 3 { LeaderEpoch(r.i32()?) } else { LeaderEpoch::NONE };
    let metadata = if version >= 4 { r.compact_text()? } else { r.text()? };
    let commit_timestamp = Millis(r.i64()?);
    let expires = if version == 1 { Millis(r.i64()?) } else { Millis::NONE };
    let topic_id = if version >= 4 { r.tag_0(|r| r.uuid())? } else { None };
    Ok(OffsetValue {
        offset,
        leader_epoch,
        metadata,
        commit_timestamp,
        expire_timestamp: Some(expires).filter(|at| *at != Millis::NONE),
        topic_id: topic_id.unwrap_or(Uuid::ZERO),
    })
}
