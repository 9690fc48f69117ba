//! Entries of an index: in memory while its segment grows, mapped from the file once it is sealed.
//!
//! A growing index costs what it holds and needs no file; it is written whole when the segment is synced, rolled or closed.
//! A crash in between loses nothing: what lies behind the recovery point is rebuilt from the log.

use std::path::{Path, PathBuf};

use parking_lot::{Mutex, RwLock};

use super::mmap::MappedFile;
use crate::log::disk;
use crate::log::error::StorageError;
use crate::log::file_system::{self, Access, File};

enum Store {
    Growing(Vec<u8>),
    Sealed(MappedFile),
    /// Not looked at yet.
    OnDisk,
}

/// Fixed-size entries of `N` bytes.
pub struct Entries<const N: usize> {
    path: PathBuf,
    store: RwLock<Store>,
    /// Held while the file is written: a roll's sealing and a flush may come at once.
    writing: Mutex<()>,
}

impl<const N: usize> Entries<N> {
    /// An empty index that will grow.
    pub fn growing(path: PathBuf) -> Self {
        Self { path, store: RwLock::new(Store::Growing(Vec::new())), writing: Mutex::new(()) }
    }

    /// An index whose file is there and complete; read when it is first needed.
    pub fn on_disk(path: PathBuf) -> Self {
        Self { path, store: RwLock::new(Store::OnDisk), writing: Mutex::new(()) }
    }

    /// Where its file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds an entry. Only a growing index grows.
    pub fn push(&self, entry: [u8; N]) {
        if let Store::Growing(bytes) = &mut *self.store.write() {
            bytes.extend_from_slice(&entry);
        }
    }

    /// Runs `look` over all entries. A sealed index whose file cannot be read looks empty: readers then scan the log.
    pub fn with<R>(&self, look: impl FnOnce(&[[u8; N]]) -> R) -> R {
        {
            let store = self.store.read();
            match &*store {
                Store::Growing(bytes) => return look(bytes.as_chunks::<N>().0),
                Store::Sealed(map) => return look(map.as_chunks::<N>().0),
                Store::OnDisk => {}
            }
        }
        let mut store = self.store.write();
        if let Store::OnDisk = &*store {
            *store = match File::open(&self.path, Access::Read).and_then(|file| MappedFile::open(&file)) {
                Ok(map) => Store::Sealed(map),
                Err(error) => {
                    tracing::warn!(path = %self.path.display(), %error, "an index cannot be read; the log is scanned instead");
                    Store::Growing(Vec::new())
                }
            };
        }
        match &*store {
            Store::Growing(bytes) => look(bytes.as_chunks::<N>().0),
            Store::Sealed(map) => look(map.as_chunks::<N>().0),
            Store::OnDisk => look(&[]),
        }
    }

    /// False if nobody has looked at the file yet.
    pub fn is_at_hand(&self) -> bool {
        !matches!(&*self.store.read(), Store::OnDisk)
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.with(|entries| entries.len())
    }

    /// True if none are held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops entries from `count` on, and makes the index grow again.
    pub fn truncate(&self, count: usize) {
        let mut kept: Vec<u8> = self.with(|entries| entries.as_flattened().to_vec());
        kept.truncate(count * N);
        *self.store.write() = Store::Growing(kept);
    }

    /// Takes a sealed index into memory again, to grow on.
    pub fn reopen(&self) {
        let bytes = self.with(|entries| entries.as_flattened().to_vec());
        *self.store.write() = Store::Growing(bytes);
    }

    /// Writes a growing index to its file.
    pub fn write(&self) -> Result<(), StorageError> {
        let _one_at_a_time = self.writing.lock();
        self.write_locked()
    }

    fn write_locked(&self) -> Result<(), StorageError> {
        let bytes = match &*self.store.read() {
            Store::Growing(bytes) => bytes.clone(),
            _ => return Ok(()),
        };
        let temporary = disk::with_suffix(&self.path, ".tmp");
        let write = || -> std::io::Result<()> {
            let mut file = File::open(&temporary, Access::Replace)?;
            file.write_all(&bytes)?;
            file.sync_data()?;
            file_system::rename(&temporary, &self.path)
        };
        write().map_err(StorageError::of("write the index", &self.path))
    }

    /// Writes a growing index to its file and maps it from there from now on.
    pub fn seal(&self) -> Result<(), StorageError> {
        // Held throughout: once this returns, nobody writes to that path any more.
        let _one_at_a_time = self.writing.lock();
        self.write_locked()?;
        let mut store = self.store.write();
        if let Store::Growing(_) = &*store {
            *store = Store::OnDisk;
        }
        Ok(())
    }
}
