//! `partition.metadata`: which topic a directory belongs to, so that a recreated topic never takes over the old one's data.
//!
//! ```text
//!  version: 0
//!  topic_id: ktHqdkXySoGkXBXBx2nXKA
//! ```

use std::path::Path;

use super::disk;
use super::error::{OpenError, StorageError};
use crate::base::ids::Uuid;

/// The file's name.
pub const FILE_NAME: &str = "partition.metadata";

/// The topic's id in `dir`, if the file is there.
pub fn read(dir: &Path) -> Result<Option<Uuid>, OpenError> {
    let path = dir.join(FILE_NAME);
    let Some(text) = disk::read_text(&path)? else { return Ok(None) };
    let id = text.lines().find_map(|line| Uuid::parse(line.strip_prefix("topic_id:")?.trim()));
    match id {
        Some(id) => Ok(Some(id)),
        None => Err(OpenError::BadFile { path, reason: "it holds no topic_id".into() }),
    }
}

/// Writes the file if it is not there.
pub fn ensure(dir: &Path, topic_id: Uuid) -> Result<(), StorageError> {
    let path = dir.join(FILE_NAME);
    if path.exists() {
        return Ok(());
    }
    disk::replace(&path, format!("version: 0\ntopic_id: {topic_id}").as_bytes())
}
