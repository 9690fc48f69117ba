//! The pieces that records are made of: arrays of ids, bytes.

use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{NodeId, Uuid};
pub(super) use crate::base::tagged_fields::{Tags, put_no_tags, skip_tags, tags};

pub(super) fn put_nodes(out: &mut Writer, nodes: &[NodeId]) {
    out.compact_array_len(nodes.len());
    for node in nodes {
        out.i32(node.0);
    }
}

pub(super) fn nullable_nodes(r: &mut Reader<'_>) -> Result<Option<Vec<NodeId>>, CodecError> {
    let Some(count) = r.compact_array_len(4)? else { return Ok(None) };
    (0..count).map(|_| r.i32().map(NodeId)).collect::<Result<_, _>>().map(Some)
}

pub(super) fn nodes(r: &mut Reader<'_>) -> Result<Vec<NodeId>, CodecError> {
    nullable_nodes(r)?.ok_or(CodecError::BadLength(-1))
}

pub(super) fn put_ids(out: &mut Writer, ids: &[Uuid]) {
    out.compact_array_len(ids.len());
    for id in ids {
        out.uuid(*id);
    }
}

pub(super) fn nullable_ids(r: &mut Reader<'_>) -> Result<Option<Vec<Uuid>>, CodecError> {
    let Some(count) = r.compact_array_len(16)? else { return Ok(None) };
    (0..count).map(|_| r.uuid()).collect::<Result<_, _>>().map(Some)
}

pub(super) fn ids(r: &mut Reader<'_>) -> Result<Vec<Uuid>, CodecError> {
    nullable_ids(r)?.ok_or(CodecError::BadLength(-1))
}

/// The count of an array that may not be null.
pub(super) fn array_len(r: &mut Reader<'_>, element_bytes_min: usize) -> Result<usize, CodecError> {
    r.compact_array_len(element_bytes_min)?.ok_or(CodecError::BadLength(-1))
}

pub(super) fn put_blob(out: &mut Writer, blob: &[u8]) {
    out.compact_array_len(blob.len());
    out.bytes(blob);
}

pub(super) fn blob(r: &mut Reader<'_>) -> Result<Vec<u8>, CodecError> {
    let n = array_len(r, 1)?;
    r.bytes(n).map(<[u8]>::to_vec)
}

pub(super) fn string(r: &mut Reader<'_>) -> Result<String, CodecError> {
    r.compact_string().map(str::to_owned)
}

pub(super) fn nullable_string(r: &mut Reader<'_>) -> Result<Option<String>, CodecError> {
    Ok(r.compact_nullable_string()?.map(str::to_owned))
}

pub(super) fn put_bool(out: &mut Writer, v: bool) {
    out.u8(u8::from(v));
}

pub(super) fn boolean(r: &mut Reader<'_>) -> Result<bool, CodecError> {
    Ok(r.u8()? != 0)
}

pub(super) fn put_only_id(out: &mut Writer, id: Uuid) {
    out.uuid(id);
    put_no_tags(out);
}

pub(super) fn only_id(r: &mut Reader<'_>) -> Result<Uuid, CodecError> {
    let id = r.uuid()?;
    skip_tags(r)?;
    Ok(id)
}
