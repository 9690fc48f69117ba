//! A file mapped for reading. The one place where memory is mapped.

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// A whole file, read-only. The descriptor is not kept.
#[derive(Debug)]
pub struct MappedFile {
    map: Option<Mmap>,
}

impl MappedFile {
    /// Maps `file`. An empty file needs no map.
    pub fn open(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self { map: None });
        }
        // SAFETY: index files lie in a log directory that this process holds locked, are written whole before they are mapped
        // (tmp, fsync, rename or at the roll of a segment) and are never changed in place or truncated while mapped: they are
        // only ever replaced by rename or unlinked, which leaves a map as it is. Somebody who edits them under a running
        // broker could make a read fault, as with every mapped file.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(file)? };
        Ok(Self { map: Some(map) })
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}
