//! One log directory.
use std::path::Path;
use std::sync::Arc;

use super::disk::Disk;
use super::error::{DirError, StorageError};
use crate::base::ids::{NodeId, Uuid};

/// What `meta.properties` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster's id.
    pub cluster_id: String,
    /// The node that the directory belongs to.
    pub node_id: NodeId,
    /// The directory's own id (KIP-858).
    pub directory_id: Uuid,
}

/// One log directory (`log.dirs`), held locked.
pub struct LogDir {}

impl LogDir {
    /// Creates the directory where it is missing and takes its lock.
    pub fn open(_path: &Path, _disk: Arc<dyn Disk>) -> Result<Arc<Self>, DirError> {
        todo!()
    }
    /// Where it lies.
    pub fn path(&self) -> &Path {
        todo!()
    }
    /// What `meta.properties` says; `None` while it is not formatted.
    pub fn meta(&self) -> Option<MetaProperties> {
        todo!()
    }
    /// Writes `meta.properties` with a fresh directory id.
    pub fn format(&self, _cluster_id: &str, _node_id: NodeId) -> Result<MetaProperties, DirError> {
        todo!()
    }
    /// True once a write or an fsync has failed: nothing more is written here.
    pub fn is_offline(&self) -> bool {
        todo!()
    }
    /// What failed.
    pub fn failure(&self) -> Option<StorageError> {
        todo!()
    }
}
