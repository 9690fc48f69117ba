//! Small things done to files and directories, done so that a crash leaves either the old or the new.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::StorageError;
use super::file_system::{self, Access, File};

/// A path with `suffix` put behind its file name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Replaces a file's content as a whole, and forces it to the disk.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), StorageError> {
    put(path, content, true)
}

/// The same without waiting for the disk: until it is synced, a crash of the machine may leave an empty file or none.
pub fn place(path: &Path, content: &[u8]) -> Result<(), StorageError> {
    put(path, content, false)
}

/// Written beside it and renamed over it; each forced to the disk if it is to be `synced`.
fn put(path: &Path, content: &[u8], synced: bool) -> Result<(), StorageError> {
    // Two may replace one file at a time, each by a file of its own: a snapshot that is written as its segment is sealed, and
    // again as the log is closed.
    static PUT: AtomicU64 = AtomicU64::new(0);
    let temporary = with_suffix(path, &format!(".{}.tmp", PUT.fetch_add(1, Ordering::Relaxed)));
    let write = || -> std::io::Result<()> {
        let mut file = File::open(&temporary, Access::Replace)?;
        file.write_all(content)?;
        if synced {
            file.sync_all()?;
        }
        file_system::rename(&temporary, path)?;
        if synced { path.parent().map_or(Ok(()), file_system::sync_dir) } else { Ok(()) }
    };
    write().map_err(StorageError::of("write", path))
}

/// Forces a file's content to the disk.
pub fn sync_file(path: &Path) -> Result<(), StorageError> {
    File::open(path, Access::Read).and_then(|file| file.sync_all()).map_err(StorageError::of("sync", path))
}

/// Forces a directory's entries to the disk.
pub fn sync_dir(path: &Path) -> Result<(), StorageError> {
    file_system::sync_dir(path).map_err(StorageError::of("sync the directory", path))
}

/// A file's text, or `None` if there is no such file. Bytes that are no text become replacement characters, which no format
/// has: a damaged file is for its reader to judge, and not a disk that cannot be read.
pub fn read_text(path: &Path) -> Result<Option<String>, StorageError> {
    Ok(read_bytes(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// A file's bytes, or `None` if there is no such file.
pub fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match file_system::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StorageError::of("read", path)(e)),
    }
}

/// The names of a directory's entries, in order; one that is no text is passed over. The directory is made if it is missing.
pub fn names_in(path: &Path) -> Result<Vec<String>, StorageError> {
    let listed = file_system::create_dirs(path).and_then(|()| file_system::list(path));
    let mut names = listed.map_err(StorageError::of("list", path))?;
    names.sort();
    Ok(names)
}

/// Removes a file; one that is not there is removed already.
pub fn remove(path: &Path) -> Result<(), StorageError> {
    match file_system::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StorageError::of("remove", path)(e)),
        _ => Ok(()),
    }
}
