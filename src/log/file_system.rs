//! The seam below the log: every file is opened, and every directory changed, through here.
//!
//! A path below a mounted [`SimulatedDisk`] is served from memory, every other one by the operating system. What lies below a
//! mount is asked once, when a file is opened; while nothing is mounted (always, outside tests) that is one load of a flag. Reads
//! and writes then are the same system calls as ever, and `sendfile` is given a real descriptor. Knows nothing of logs.

use std::fs;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use rustix::fs::FlockOperation;
use rustix::io::{Errno, ReadWriteFlags};

use super::simulated_disk::{SimulatedDisk, SimulatedFile};

static ANY_MOUNTED: AtomicBool = AtomicBool::new(false);
static MOUNTS: RwLock<Vec<(PathBuf, Arc<SimulatedDisk>)>> = RwLock::new(Vec::new());

/// How long a simulated disk takes for what the machine at work asks of it (ms).
static DELAY_MS: AtomicU64 = AtomicU64::new(0);

/// Has every disk take `delay` from now on, where it is simulated. A simulator sets this for each machine before its turn.
pub fn set_simulated_delay(delay: Duration) {
    DELAY_MS.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// How long the disk takes; none if disks are real.
pub fn simulated_delay() -> Option<Duration> {
    ANY_MOUNTED.load(Ordering::Acquire).then(|| Duration::from_millis(DELAY_MS.load(Ordering::Relaxed)))
}

/// A simulated disk in its place; it is taken away when this is dropped.
#[derive(Debug)]
pub struct Mounted {
    path: PathBuf,
}

/// Puts `disk` where `path` is. Whatever the operating system has there cannot be seen meanwhile.
pub fn mount(path: &Path, disk: Arc<SimulatedDisk>) -> Mounted {
    MOUNTS.write().push((path.to_path_buf(), disk));
    ANY_MOUNTED.store(true, Ordering::Release);
    Mounted { path: path.to_path_buf() }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let mut mounts = MOUNTS.write();
        mounts.retain(|(path, _)| *path != self.path);
        ANY_MOUNTED.store(!mounts.is_empty(), Ordering::Release);
    }
}

/// The simulated disk that serves `path`, and the path within it.
fn simulated(path: &Path) -> Option<(Arc<SimulatedDisk>, PathBuf)> {
    if !ANY_MOUNTED.load(Ordering::Acquire) {
        return None;
    }
    let mounts = MOUNTS.read();
    mounts.iter().find_map(|(at, disk)| Some((Arc::clone(disk), path.strip_prefix(at).ok()?.to_path_buf())))
}

/// True if a simulated disk serves `path`.
pub fn is_simulated(path: &Path) -> bool {
    simulated(path).is_some()
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read what is there.
    Read,
    /// To read and write what is there.
    ReadWrite,
    /// The same; made if it is missing.
    OpenOrCreate,
    /// Emptied, or made if it is missing.
    Replace,
    /// Written at its end; made if it is missing.
    Append,
}

/// An open file.
#[derive(Debug)]
pub enum File {
    /// The operating system's.
    Real(fs::File),
    /// In memory.
    Simulated(SimulatedFile),
}

impl File {
    /// Opens a file.
    pub fn open(path: &Path, access: Access) -> io::Result<Self> {
        if let Some((disk, path)) = simulated(path) {
            return disk.open(&path, access).map(Self::Simulated);
        }
        let mut options = fs::OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            Access::ReadWrite => options.read(true).write(true),
            Access::OpenOrCreate => options.read(true).write(true).create(true).truncate(false),
            Access::Replace => options.write(true).create(true).truncate(true),
            Access::Append => options.create(true).append(true),
        };
        options.open(path).map(Self::Real)
    }

    /// Bytes in the file.
    pub fn length(&self) -> io::Result<u64> {
        match self {
            Self::Real(file) => Ok(file.metadata()?.len()),
            Self::Simulated(file) => file.length(),
        }
    }

    /// Reads some bytes at `position`; none at the end.
    pub fn read_at(&self, out: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            Self::Real(file) => file.read_at(out, position),
            Self::Simulated(file) => file.read_at(out, position),
        }
    }

    /// The same, as far as the page cache holds it: fewer bytes where it does not, `WouldBlock` if it holds none of them. A file
    /// system that cannot tell is read from as ever.
    pub fn read_cached_at(&self, out: &mut [u8], position: u64) -> io::Result<usize> {
        let Self::Real(file) = self else { return self.read_at(out, position) };
        let mut buffers = [IoSliceMut::new(out)];
        match rustix::io::preadv2(file, &mut buffers, position, ReadWriteFlags::NOWAIT) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.read_at(out, position),
            done => Ok(done?),
        }
    }

    /// Fills `out` from `position` on; an error if the file ends before.
    pub fn read_exact_at(&self, out: &mut [u8], position: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.read_exact_at(out, position),
            Self::Simulated(file) => match file.read_at(out, position)? {
                read if read == out.len() => Ok(()),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            },
        }
    }

    /// Writes some of `slices` at `position` with one system call.
    pub fn write_vectored_at(&self, slices: &[IoSlice<'_>], position: u64) -> io::Result<usize> {
        match self {
            Self::Real(file) => loop {
                match rustix::io::pwritev(file, slices, position) {
                    Err(rustix::io::Errno::INTR) => {}
                    done => return Ok(done?),
                }
            },
            Self::Simulated(file) => {
                let mut bytes = Vec::with_capacity(slices.iter().map(|slice| slice.len()).sum());
                slices.iter().for_each(|slice| bytes.extend_from_slice(slice));
                file.write_at(&bytes, Some(position))
            }
        }
    }

    /// Writes all of `bytes` where the file stands: at its begin if it was opened to be replaced, at its end if to be appended to.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Real(file) => file.write_all(bytes),
            Self::Simulated(file) => {
                let mut left = bytes;
                while !left.is_empty() {
                    left = &left[file.write_at(left, None)?..];
                }
                Ok(())
            }
        }
    }

    /// Cuts the file off, or lengthens it with zeros.
    pub fn set_length(&self, length: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.set_len(length),
            Self::Simulated(file) => file.set_length(length),
        }
    }

    /// Forces the bytes to the disk.
    pub fn sync_data(&self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.sync_data(),
            Self::Simulated(file) => file.sync(),
        }
    }

    /// Forces the bytes and all that is known of the file to the disk.
    pub fn sync_all(&self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.sync_all(),
            Self::Simulated(file) => file.sync(),
        }
    }

    /// Sets when the file was last changed.
    pub fn set_modified(&self, to: SystemTime) -> io::Result<()> {
        match self {
            Self::Real(file) => file.set_modified(to),
            // A simulated file has no time; what would ask for it takes the time it is given.
            Self::Simulated(_) => Ok(()),
        }
    }

    /// The descriptor, if there is one.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Real(file) => Some(file.as_fd()),
            Self::Simulated(_) => None,
        }
    }

    /// Keeps every other process away from the file for as long as it is open.
    pub fn lock(&self) -> io::Result<()> {
        match self {
            Self::Real(file) => Ok(rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)?),
            Self::Simulated(_) => Ok(()),
        }
    }
}

/// What is known of a file or directory.
#[derive(Debug, Clone, Copy)]
pub struct Metadata {
    /// Bytes in it.
    pub length: u64,
    /// True for a directory.
    pub is_dir: bool,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
}

/// Looks at a file or directory.
pub fn metadata(path: &Path) -> io::Result<Metadata> {
    match simulated(path) {
        Some((disk, path)) => disk.metadata(&path),
        None => {
            fs::metadata(path).map(|m| Metadata { length: m.len(), is_dir: m.is_dir(), modified: m.modified().ok() })
        }
    }
}

/// True if there is such a file or directory.
pub fn exists(path: &Path) -> bool {
    metadata(path).is_ok()
}

/// A file's bytes.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    match simulated(path) {
        Some((disk, path)) => disk.read(&path),
        None => fs::read(path),
    }
}

/// The names of a directory's entries, in no order; one that is no text is passed over.
pub fn list(path: &Path) -> io::Result<Vec<String>> {
    if let Some((disk, path)) = simulated(path) {
        return disk.list(&path);
    }
    let entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

/// Gives a file or directory another name in the same directory, taking it from what bears it.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match (simulated(from), simulated(to)) {
        (Some((disk, from)), Some((_, to))) => disk.rename(&from, &to),
        _ => fs::rename(from, to),
    }
}

/// Removes a file.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match simulated(path) {
        Some((disk, path)) => disk.remove(&path),
        None => fs::remove_file(path),
    }
}

/// Removes a directory and all in it.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match simulated(path) {
        Some((disk, path)) => disk.remove(&path),
        None => fs::remove_dir_all(path),
    }
}

/// Makes a directory, and those above it, where they are missing.
pub fn create_dirs(path: &Path) -> io::Result<()> {
    match simulated(path) {
        Some((disk, path)) => disk.create_dirs(&path),
        None => fs::create_dir_all(path),
    }
}

/// A path without links and dots.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    match simulated(path) {
        Some(_) => Ok(path.to_path_buf()),
        None => fs::canonicalize(path),
    }
}

/// Forces a directory's entries to the disk.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    match simulated(path) {
        Some((disk, path)) => disk.sync_dir(&path),
        None => fs::File::open(path)?.sync_all(),
    }
}

/// A file system to be synced as a whole: what failed since it was opened will be told.
#[derive(Debug)]
pub struct FileSystem {
    path: PathBuf,
    root: Option<fs::File>,
}

impl FileSystem {
    /// The one that `path` lies on.
    pub fn of(path: &Path) -> Self {
        let root = if simulated(path).is_none() { fs::File::open(path).ok() } else { None };
        Self { path: path.to_path_buf(), root }
    }

    /// Forces everything on it to the disk.
    pub fn sync(&self) -> io::Result<()> {
        match (&self.root, simulated(&self.path)) {
            (_, Some((disk, _))) => disk.sync_everything(),
            (Some(root), None) => Ok(rustix::fs::syncfs(root)?),
            (None, None) => Ok(rustix::fs::syncfs(&fs::File::open(&self.path)?)?),
        }
    }
}
