//! Logs that nobody wants: put aside under another name, as in Kafka, never removed. Who wants what is told from above.
//!
//! ```text
//!   orders-0  ──▶  orders-0.9c..07-stray        no start takes it for a log; a person may look at it, or remove it
//! ```

use std::sync::Arc;

use super::disk;
use super::file_system;
use super::future::beside;
use super::log::Log;
use super::manager::LogManager;

/// The ending of a directory that is out of use.
const STRAY_ENDING: &str = "-stray";

/// Gives the directory of a log that is in no table any more another name.
pub(super) fn put_aside(log: &Log, why: &str) {
    log.abandon();
    let aside = log.dir().with_file_name(beside(&log.name, STRAY_ENDING));
    tracing::warn!(
        partition = %log.name, dir = %log.dir().display(), log_end = %log.log_end_offset(), aside = %aside.display(),
        "a log is put aside: {why}"
    );
    let renamed = file_system::rename(log.dir(), &aside).map_err(|error| error.to_string());
    let synced = renamed.and_then(|()| disk::sync_dir(log.parent_dir()).map_err(|error| error.to_string()));
    if let Err(error) = synced {
        tracing::error!(partition = %log.name, error, "it could not be put aside");
    }
}

impl LogManager {
    /// Puts the logs aside that are not wanted: of topics that were deleted, or given to other brokers, while this one was down.
    pub fn put_strays_aside(&self, is_wanted: &dyn Fn(&Log) -> bool) {
        let _one_at_a_time = self.creating.lock();
        let strays: Vec<Arc<Log>> = self.all().into_iter().filter(|log| !is_wanted(log)).collect();
        for log in strays {
            self.logs.write().remove(&log.name);
            self.outlive(&log);
            if let Err(error) = self.drop_future(&log.name) {
                tracing::warn!(partition = %log.name, %error, "the copy of a log could not be removed");
            }
            put_aside(&log, "its topic is gone, or other brokers hold the partition now");
        }
    }
}
