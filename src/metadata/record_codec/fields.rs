//! The pieces that records are made of: arrays of ids, bytes, and the tagged fields at the end of each structure.
//!
//! ```text
//!  tagged fields: count uvarint | (tag uvarint | size uvarint | size bytes)*
//! ```

use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::{NodeId, Uuid};

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

pub(super) fn put_no_tags(out: &mut Writer) {
    out.uvarint(0);
}

/// Tagged fields being written: ascending tags, each only where it differs from its default.
#[derive(Default)]
pub(super) struct Tags {
    count: u32,
    out: Writer,
}

impl Tags {
    /// Adds a field. Tags must come in ascending order.
    pub(super) fn add(&mut self, tag: u32, write: impl FnOnce(&mut Writer)) {
        let mut field = Writer::new();
        write(&mut field);
        self.out.uvarint(tag);
        self.out.uvarint(field.len() as u32);
        self.out.bytes(field.as_slice());
        self.count += 1;
    }

    /// Ends the structure.
    pub(super) fn put(self, out: &mut Writer) {
        out.uvarint(self.count);
        out.bytes(self.out.as_slice());
    }
}

/// Hands each tagged field to `take`, which reads what it knows; a reader left unread is a field from a newer version.
pub(super) fn tags<'a>(
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

pub(super) fn skip_tags(r: &mut Reader<'_>) -> Result<(), CodecError> {
    tags(r, |_, _| Ok(()))
}
