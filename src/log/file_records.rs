//! A segment's `.log` file: batches one after the other, appended at the end, read at any position.
//!
//! A process has only so many descriptors, and a node may hold many thousand segments. So the file of the active segment is
//! *held* open; that of a sealed one is opened when it is needed and kept open, among a bounded number for all logs
//! together, the longest open of which goes first. A reader holds the open file for as long as it needs it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::file_system::{Access, File};
use crate::base::limits::SEALED_FILES_OPEN_MAX;
use crate::record::records::RecordFile;

/// Slices handed to one vectored write.
const GATHER_MAX: usize = 512;

/// Files of sealed segments kept open, oldest first. One for the process, since that is what descriptors are counted for.
static KEPT: Mutex<VecDeque<Arc<OpenFile>>> = Mutex::new(VecDeque::new());

/// A segment file that is open.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
}

#[derive(Debug)]
enum Slot {
    Held(Arc<OpenFile>),
    /// Its path belongs to another file, or to none: open until nobody reads it any more.
    Pinned(Arc<OpenFile>),
    Loose(Weak<OpenFile>),
}

impl Slot {
    /// The file, if it is open.
    fn file(&self) -> Option<Arc<OpenFile>> {
        match self {
            Self::Held(file) | Self::Pinned(file) => Some(Arc::clone(file)),
            Self::Loose(file) => file.upgrade(),
        }
    }
}

/// A segment file, open or not.
#[derive(Debug)]
pub struct FileRecords {
    path: PathBuf,
    slot: Mutex<Slot>,
}

impl FileRecords {
    /// A file that is there. It is opened when it is first needed.
    pub fn on_disk(path: &Path) -> Self {
        Self { path: path.to_path_buf(), slot: Mutex::new(Slot::Loose(Weak::new())) }
    }

    /// Opens a file, which is created if it is not there, and holds it open.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::open(path, Access::OpenOrCreate)?;
        Ok(Self { path: path.to_path_buf(), slot: Mutex::new(Slot::Held(Arc::new(OpenFile { file }))) })
    }

    /// The open file: what a reader takes with it.
    pub fn opened(&self) -> io::Result<Arc<OpenFile>> {
        let mut slot = self.slot.lock();
        if let Some(open) = slot.file() {
            return Ok(open);
        }
        let file = File::open(&self.path, Access::ReadWrite)?;
        let open = Arc::new(OpenFile { file });
        *slot = Slot::Loose(Arc::downgrade(&open));
        drop(slot);
        keep(Arc::clone(&open));
        Ok(open)
    }

    /// Holds the file open until `loosen`: it is written to, or not synced yet.
    pub fn hold(&self) -> io::Result<()> {
        let open = self.opened()?;
        let mut slot = self.slot.lock();
        if !matches!(&*slot, Slot::Pinned(_)) {
            *slot = Slot::Held(open);
        }
        Ok(())
    }

    /// Keeps the file open for those who read it, since another one is about to take its path.
    pub fn pin(&self) -> io::Result<()> {
        let open = self.opened()?;
        *self.slot.lock() = Slot::Pinned(open);
        Ok(())
    }

    /// Lets the file be closed when others need its place.
    pub fn loosen(&self) {
        let mut slot = self.slot.lock();
        if let Slot::Held(open) = &*slot
            && open.file.as_fd().is_some()
        {
            let open = Arc::clone(open);
            *slot = Slot::Loose(Arc::downgrade(&open));
            drop(slot);
            keep(open);
        }
    }

    /// Bytes in the file.
    pub fn length(&self) -> io::Result<u64> {
        self.opened()?.file.length()
    }

    /// Writes all slices at `position`, in as few calls as the kernel allows.
    pub fn write_all_at(&self, mut slices: &mut [IoSlice<'_>], mut position: u64) -> io::Result<()> {
        let open = self.opened()?;
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let turn = slices.len().min(GATHER_MAX);
            match open.file.write_vectored_at(&slices[..turn], position)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => {
                    position += n as u64;
                    IoSlice::advance_slices(&mut slices, n);
                }
            }
        }
        Ok(())
    }

    /// Reads up to `out.len()` bytes of a file that is open and as far as the page cache holds it; fewer at the end of the file.
    /// `None`: it is not open, or not all of it is at hand.
    pub fn read_cached_at(&self, out: &mut [u8], position: u64) -> io::Result<Option<usize>> {
        let Some(open) = self.slot.lock().file() else { return Ok(None) };
        let mut done = 0;
        while done < out.len() {
            match open.file.read_cached_at(&mut out[done..], position + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(Some(done))
    }

    /// Reads up to `out.len()` bytes; fewer at the end of the file.
    pub fn read_at(&self, out: &mut [u8], position: u64) -> io::Result<usize> {
        let open = self.opened()?;
        let mut done = 0;
        while done < out.len() {
            match open.file.read_at(&mut out[done..], position + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    /// Fills `out` from `position` on; an error if the file ends before.
    pub fn read_exact_at(&self, out: &mut [u8], position: u64) -> io::Result<()> {
        self.opened()?.file.read_exact_at(out, position)
    }

    /// Cuts the file off.
    pub fn truncate(&self, length: u64) -> io::Result<()> {
        self.opened()?.file.set_length(length)
    }

    /// Forces the bytes to the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.opened()?.file.sync_data()
    }
}

fn keep(open: Arc<OpenFile>) {
    let gone = {
        let mut kept = KEPT.lock();
        kept.push_back(open);
        if kept.len() > SEALED_FILES_OPEN_MAX { kept.pop_front() } else { None }
    };
    // Closing is a system call: not under the lock.
    drop(gone);
}

impl RecordFile for OpenFile {
    fn read_exact_at(&self, out: &mut [u8], position: u64) -> io::Result<()> {
        self.file.read_exact_at(out, position)
    }
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_of_sealed_files_stays_open_and_all_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let count = SEALED_FILES_OPEN_MAX + 50;
        let files: Vec<_> = (0..count)
            .map(|i| {
                let file = FileRecords::create(&dir.path().join(i.to_string())).unwrap();
                file.write_all_at(&mut [IoSlice::new(&(i as u32).to_be_bytes())], 0).unwrap();
                file.loosen();
                file
            })
            .collect();
        let first = files[0].opened().unwrap();
        for (i, file) in files.iter().enumerate() {
            let mut out = [0; 4];
            file.read_exact_at(&mut out, 0).unwrap();
            assert_eq!(u32::from_be_bytes(out), i as u32);
        }
        let open =
            files.iter().filter(|f| matches!(&*f.slot.lock(), Slot::Loose(file) if file.strong_count() > 0)).count();
        assert!(open <= SEALED_FILES_OPEN_MAX + 1, "{open} files are open");
        let mut out = [9; 4];
        first.read_exact_at(&mut out, 0).unwrap();
        assert_eq!(out, [0; 4]);
    }
}
