//! `partition.metadata`: which topic a directory belongs to, so that a recreated topic never takes over the old one's data.
//!
//! ```text
//!  version: 0
//!  topic_id: ktHqdkXySoGkXBXBx2nXKA
//! ```
//!
//! Synced with the log's first flush, not when it is made: a topic may have thousands of partitions, and until a log is
//! flushed nothing in its directory is sure to outlive the machine.

use std::path::Path;

use super::disk;
use super::error::{OpenError, StorageError};
use crate::base::ids::Uuid;

/// The file's name.
pub const FILE_NAME: &str = "partition.metadata";

/// The topic's id in `dir`, if the file is there and not empty, as a crash before the first flush may leave it.
pub fn read(dir: &Path) -> Result<Option<Uuid>, OpenError> {
    let path = dir.join(FILE_NAME);
    let Some(text) = disk::read_text(&path)? else { return Ok(None) };
    if text.bytes().all(|byte| byte == 0) {
        return Ok(None);
    }
    let id = text.lines().find_map(|line| Uuid::parse(line.strip_prefix("topic_id:")?.trim()));
    match id {
        Some(id) => Ok(Some(id)),
        None => Err(OpenError::BadFile { path, reason: "it holds no topic_id".into() }),
    }
}

/// Writes the file if it is not there and the id is known.
pub fn ensure(dir: &Path, topic_id: Uuid) -> Result<(), OpenError> {
    if topic_id.is_zero() || read(dir)?.is_some_and(|known| !known.is_zero()) {
        return Ok(());
    }
    Ok(disk::place(&dir.join(FILE_NAME), format!("version: 0\ntopic_id: {topic_id}").as_bytes())?)
}

/// Forces the file to the disk, if it is there.
pub fn sync(dir: &Path) -> Result<(), StorageError> {
    match disk::sync_file(&dir.join(FILE_NAME)) {
        Err(error) if error.is_not_found() => Ok(()),
        synced => synced,
    }
}
