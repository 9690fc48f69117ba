//! A segment's `.log` file: batches one after the other, appended at the end, read at any position.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::record::records::RecordFile;

/// Slices handed to one vectored write.
const GATHER_MAX: usize = 512;

/// An open segment file.
#[derive(Debug)]
pub struct FileRecords {
    file: File,
}

impl FileRecords {
    /// Opens a file that is there, for reading and writing.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: OpenOptions::new().read(true).write(true).open(path)? })
    }

    /// Opens a file, which is created if it is not there.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file })
    }

    /// Bytes in the file.
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Writes all slices at `position`, in as few calls as the kernel allows.
    pub fn write_all_at(&self, mut slices: &mut [IoSlice<'_>], mut position: u64) -> io::Result<()> {
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let turn = slices.len().min(GATHER_MAX);
            match rustix::io::pwritev(&self.file, &slices[..turn], position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    position += n as u64;
                    IoSlice::advance_slices(&mut slices, n);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    /// Reads up to `out.len()` bytes; fewer at the end of the file.
    pub fn read_at(&self, out: &mut [u8], position: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < out.len() {
            match self.file.read_at(&mut out[done..], position + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    /// Cuts the file off.
    pub fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    /// Forces the bytes to the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// The file behind it.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl RecordFile for FileRecords {
    fn read_exact_at(&self, out: &mut [u8], position: u64) -> io::Result<()> {
        self.file.read_exact_at(out, position)
    }
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }
}
