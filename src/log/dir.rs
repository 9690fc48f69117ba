//! A log directory: whose it is, and whether another process uses it.
//!
//! `meta.properties` says which cluster and node it belongs to and gives the directory its own id; a directory of another
//! cluster or node is refused before anything in it is touched.
//!
//! ```text
//!  version=1
//!  cluster.id=5L6g3nShT-eMCtK--X86sw
//!  node.id=1
//!  directory.id=JkJ6yPyQR7mB4eUWhRGsPA
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::disk;
use super::error::{OpenError, StorageError};
use super::file_system::{self, Access, File};
use crate::base::ids::{BrokerEpoch, NodeId, Uuid};
use crate::base::random;

const META_FILE: &str = "meta.properties";
const LOCK_FILE: &str = ".lock";
/// Written by a clean stop, removed by the next start.
const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";

/// What `meta.properties` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster.
    pub cluster_id: String,
    /// The node.
    pub node_id: NodeId,
    /// The directory itself.
    pub directory_id: Uuid,
}

/// Reads `meta.properties`; `None` in a directory that has never been used.
pub fn read_meta(dir: &Path) -> Result<Option<MetaProperties>, OpenError> {
    let path = dir.join(META_FILE);
    let Some(text) = disk::read_text(&path)? else { return Ok(None) };
    let pairs: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let bad = |reason: &str| OpenError::BadFile { path: path.clone(), reason: reason.to_owned() };
    if pairs.get("version") != Some(&"1") {
        return Err(bad("its version is not 1"));
    }
    let cluster_id = (*pairs.get("cluster.id").ok_or_else(|| bad("it holds no cluster.id"))?).to_owned();
    let node_id = pairs.get("node.id").and_then(|id| id.parse().ok()).ok_or_else(|| bad("it holds no node.id"))?;
    let directory_id = pairs.get("directory.id").and_then(|id| Uuid::parse(id)).unwrap_or(Uuid::ZERO);
    Ok(Some(MetaProperties { cluster_id, node_id: NodeId(node_id), directory_id }))
}

/// Writes `meta.properties`.
pub fn write_meta(dir: &Path, meta: &MetaProperties) -> Result<(), StorageError> {
    let MetaProperties { cluster_id, node_id, directory_id } = meta;
    let text = format!("version=1\ncluster.id={cluster_id}\nnode.id={node_id}\ndirectory.id={directory_id}\n");
    disk::replace(&dir.join(META_FILE), text.as_bytes())
}

/// A log directory, held by this process.
#[derive(Debug)]
pub struct LogDir {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub meta: MetaProperties,
    /// True if the last process to use it stopped cleanly.
    pub was_clean: bool,
    /// The broker epoch under which it did (KIP-966); none if it did not, or did not say.
    pub clean_epoch: BrokerEpoch,
    /// Held until the process ends.
    _lock: File,
}

impl LogDir {
    /// Creates the directory if it is not there, locks it, checks that it belongs to `node_id` of `cluster_id`, and formats it
    /// if it has never been used. The mark of a clean stop is taken away: from here on a crash is a crash.
    pub fn open(path: &Path, cluster_id: &str, node_id: NodeId) -> Result<Self, OpenError> {
        file_system::create_dirs(path).map_err(StorageError::of("create the directory", path))?;
        let path = file_system::canonical(path).map_err(StorageError::of("find", path))?;
        let lock_path = path.join(LOCK_FILE);
        let lock = File::open(&lock_path, Access::Replace).map_err(StorageError::of("create", &lock_path))?;
        if let Err(errno) = lock.lock() {
            let reason = format!("another process uses the log directory ({errno}); stop it or choose other log.dirs");
            return Err(OpenError::BadFile { path: lock_path, reason });
        }
        let meta = match read_meta(&path)? {
            Some(meta) => meta,
            None => {
                let meta = MetaProperties { cluster_id: cluster_id.to_owned(), node_id, directory_id: random::uuid() };
                write_meta(&path, &meta)?;
                meta
            }
        };
        let foreign = |what: &str, held: &str, wanted: &str| OpenError::BadFile {
            path: path.join(META_FILE),
            reason: format!(
                "the directory belongs to {what} {held}, this is {wanted}; choose other log.dirs or correct {what}"
            ),
        };
        if meta.cluster_id != cluster_id {
            return Err(foreign("cluster.id", &meta.cluster_id, cluster_id));
        }
        if meta.node_id != node_id {
            return Err(foreign("node.id", &meta.node_id.to_string(), &node_id.to_string()));
        }
        let mark = path.join(CLEAN_SHUTDOWN_FILE);
        let text = disk::read_text(&mark)?;
        let was_clean = text.is_some();
        let clean_epoch = text.as_deref().map_or(BrokerEpoch::NONE, epoch_of);
        disk::remove(&mark)?;
        disk::sync_dir(&path)?;
        Ok(Self { path, meta, was_clean, clean_epoch, _lock: lock })
    }

    /// Leaves the mark of a clean stop of the broker registered under `epoch`.
    pub fn mark_clean(&self, epoch: BrokerEpoch) -> Result<(), StorageError> {
        let text = format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}");
        disk::replace(&self.path.join(CLEAN_SHUTDOWN_FILE), text.as_bytes())
    }
}

/// The epoch in a mark. One that cannot be read is a clean stop all the same, under an unknown epoch.
fn epoch_of(mark: &str) -> BrokerEpoch {
    #[derive(serde::Deserialize)]
    struct Mark {
        #[serde(rename = "brokerEpoch")]
        broker_epoch: i64,
    }
    serde_json::from_str(mark).map_or(BrokerEpoch::NONE, |mark: Mark| BrokerEpoch(mark.broker_epoch))
}
