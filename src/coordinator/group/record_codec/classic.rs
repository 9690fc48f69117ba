//! A classic group's value.
//!
//! ```text
//!  protocol type string | generation i32 | protocol string? | leader string? | state timestamp i64 (v2) | members
//!  member: id string | instance string? (v3) | client id string | client host string | rebalance timeout i32 (v1)
//!          | session timeout i32 | subscription bytes | assignment bytes
//! ```
//!
//! Version 4 says the same in flexible form; version 3 is what is written.

use super::fields::{Fields, Output};
use crate::base::codec::CodecError;
use crate::base::ids::Millis;
use crate::coordinator::group::record::{ClassicGroupValue, ClassicMemberValue};

const VERSION: i16 = 3;

pub(super) fn put(value: &ClassicGroupValue) -> Output {
    let mut out = Output::new(VERSION);
    out.string(&value.protocol_type);
    out.i32(value.generation);
    out.nullable_string(value.protocol.as_deref());
    out.nullable_string(value.leader.as_deref());
    out.i64(value.current_state_timestamp.0);
    out.i32(value.members.len() as i32);
    for member in &value.members {
        out.string(&member.member_id);
        out.nullable_string(member.instance_id.as_deref());
        out.string(&member.client_id);
        out.string(&member.client_host);
        out.i32(member.rebalance_timeout_ms);
        out.i32(member.session_timeout_ms);
        out.blob(&member.subscription);
        out.blob(&member.assignment);
    }
    out
}

pub(super) fn value(r: &mut Fields<'_>, version: i16) -> Result<ClassicGroupValue, CodecError> {
    let flexible = version >= 4;
    let protocol_type = if flexible { r.compact_text()? } else { r.text()? };
    let generation = r.i32()?;
    let protocol = if flexible { r.compact_nullable_text()? } else { r.nullable_text()? };
    let leader = if flexible { r.compact_nullable_text()? } else { r.nullable_text()? };
    let current_state_timestamp = if version >= 2 { Millis(r.i64()?) } else { Millis::NONE };
    // An empty member has 15 bytes in the first flexible version, more in those before.
    let members = if flexible { r.compact_array(15, flexible_member)? } else { r.array(18, |r| member(r, version))? };
    if flexible {
        r.skip_tags()?;
    }
    Ok(ClassicGroupValue { protocol_type, generation, protocol, leader, current_state_timestamp, members })
}

fn member(r: &mut Fields<'_>, version: i16) -> Result<ClassicMemberValue, CodecError> {
    let member_id = r.text()?;
    let instance_id = if version >= 3 { r.nullable_text()? } else { None };
    let (client_id, client_host) = (r.text()?, r.text()?);
    let rebalance_timeout_ms = if version >= 1 { r.i32()? } else { -1 };
    Ok(ClassicMemberValue {
        member_id,
        instance_id,
        client_id,
        client_host,
        rebalance_timeout_ms,
        session_timeout_ms: r.i32()?,
        subscription: r.blob()?,
        assignment: r.blob()?,
    })
}

fn flexible_member(r: &mut Fields<'_>) -> Result<ClassicMemberValue, CodecError> {
    let member = ClassicMemberValue {
        member_id: r.compact_text()?,
        instance_id: r.compact_nullable_text()?,
        client_id: r.compact_text()?,
        client_host: r.compact_text()?,
        rebalance_timeout_ms: r.i32()?,
        session_timeout_ms: r.i32()?,
        subscription: r.compact_blob()?,
        assignment: r.compact_blob()?,
    };
    r.skip_tags()?;
    Ok(member)
}
