//! The tagged fields at the end of each flexible structure (KIP-482).
//!
//! ```text
//!  count uvarint | (tag uvarint | size uvarint | size bytes)*
//! ```

use super::codec::{CodecError, Reader, Writer};

/// Writes that there are none.
pub fn put_no_tags(out: &mut Writer) {
    out.uvarint(0);
}

/// Tagged fields being written: ascending tags, each only where it differs from its default.
#[derive(Default)]
pub struct Tags {
    count: u32,
    out: Writer,
}

impl Tags {
    /// Adds a field. Tags must come in ascending order.
    pub fn add(&mut self, tag: u32, write: impl FnOnce(&mut Writer)) {
        let mut field = Writer::new();
        write(&mut field);
        self.out.uvarint(tag);
        self.out.uvarint(field.len() as u32);
        self.out.bytes(field.as_slice());
        self.count += 1;
    }

    /// Ends the structure.
    pub fn put(self, out: &mut Writer) {
        out.uvarint(self.count);
        out.bytes(self.out.as_slice());
    }
}

/// Hands each tagged field to `take`, which reads what it knows; a reader left unread is a field from a newer version.
pub fn tags<'a>(
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

/// Skips all of them.
pub fn skip_tags(r: &mut Reader<'_>) -> Result<(), CodecError> {
    tags(r, |_, _| Ok(()))
}
