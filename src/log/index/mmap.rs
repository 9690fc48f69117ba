//! A file mapped for reading. The one place where memory is mapped.

use std::io;
use std::ops::Deref;

use memmap2::{Advice, Mmap};

use crate::log::file_system::File;

#[derive(Debug)]
enum Held {
    Nothing,
    Mapped(Mmap),
    /// A simulated file has nothing to map.
    Copied(Vec<u8>),
}

/// A whole file, read-only. The descriptor is not kept.
#[derive(Debug)]
pub struct MappedFile {
    held: Held,
}

impl MappedFile {
    /// Maps `file`. An empty file needs no map.
    pub fn open(file: &File) -> io::Result<Self> {
        let length = file.length()? as usize;
        let file = match file {
            _ if length == 0 => return Ok(Self { held: Held::Nothing }),
            File::Real(file) => file,
            File::Simulated(_) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, 0)?;
                return Ok(Self { held: Held::Copied(bytes) });
            }
        };
        // SAFETY: index files lie in a log directory that this process holds locked, are written whole before they are mapped
        // (tmp, fsync, rename or at the roll of a segment) and are never changed in place or truncated while mapped: they are
        // only ever replaced by rename or unlinked, which leaves a map as it is. Somebody who edits them under a running
        // broker could make a read fault, as with every mapped file.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(file)? };
        // All of it is read in now, behind our back: a later look-up may come from an event loop, which must not wait for a page.
        // A kernel that cannot is none the worse.
        let _ = map.advise(Advice::WillNeed);
        Ok(Self { held: Held::Mapped(map) })
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.held {
            Held::Nothing => &[],
            Held::Mapped(map) => map,
            Held::Copied(bytes) => bytes,
        }
    }
}
