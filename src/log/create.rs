//! Making logs: where each goes, and what becomes of one that cannot be made.
//!
//! A device that is only full refuses, and is asked again by whoever wants the log; one that fails takes its directory offline, as
//! everywhere. A replica whose directory has failed is not begun anew in another one: what it held may be the only copy.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::LogConfig;
use super::error::{OpenError, StorageError};
use super::file_system;
use super::loader::OpenOptions;
use super::log::Log;
use super::manager::{Dir, LogManager, remove_tree};
use super::partition_metadata;
use super::stray;
use crate::base::ids::{Millis, Offset, TopicPartition, Uuid};

impl LogManager {
    /// The log of a partition, created if it is not there, in the directory it is assigned to. A log of the same name that belongs
    /// to another topic id is moved away first: the topic was deleted and created again while this broker was not looking.
    pub fn get_or_create(
        &self,
        name: &TopicPartition,
        topic_id: Uuid,
        assigned: Uuid,
        config: LogConfig,
        now: Millis,
    ) -> Result<Arc<Log>, OpenError> {
        let _one_at_a_time = self.creating.lock();
        if let Some(log) = self.get(name) {
            if log.topic_id == topic_id || log.topic_id.is_zero() && !is_nobodys(&log, topic_id)? {
                partition_metadata::ensure(log.dir(), topic_id)?;
                log.set_config(config);
                return Ok(log);
            }
            if log.topic_id.is_zero() {
                self.logs.write().remove(name);
                self.outlive(&log);
                self.drop_future(name)?;
                stray::put_aside(
                    &log,
                    "a power cut has taken the topic's id from it, which may be one that was deleted",
                );
            } else {
                self.delete(name)?;
            }
        }
        if let Some(opened) = self.open_again(name, topic_id, config.clone(), now) {
            return opened;
        }
        let dir = match self.preferred_dir(name) {
            Some(dir) => dir,
            None => self.home_of(name, assigned)?,
        };
        let path = dir.dir.path.join(name.to_string());
        match file_system::list(&path) {
            Ok(names) if !names.is_empty() => {
                return Err(OpenError::BadFile {
                    path,
                    reason: "it could not be opened when the broker started".into(),
                });
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let error = StorageError::of("list", &path)(error);
                dir.health.fail(&error);
                return Err(error.into());
            }
            _ => {}
        }
        self.forget_outlived(dir, name)?;
        let mut options = self.options(dir, name.clone(), topic_id, path.clone(), config);
        (options.clean, options.log_start, options.recovery_point) = (true, Offset(0), Offset(0));
        let log = create(dir, options, now).inspect_err(|error| undo_create(dir, &path, error))?;
        self.logs.write().insert(name.clone(), Arc::clone(&log));
        self.preferred.lock().remove(name);
        Ok(log)
    }

    fn preferred_dir(&self, name: &TopicPartition) -> Option<&Dir> {
        let preferred = self.preferred.lock().get(name).cloned()?;
        self.dirs.iter().find(|dir| dir.dir.path == preferred && !dir.health.is_offline())
    }

    fn emptiest(&self) -> Option<&Dir> {
        let logs = self.logs.read();
        let count = |dir: &Dir| logs.values().filter(|log| Arc::ptr_eq(log.health(), &dir.health)).count();
        let healthy = self.dirs.iter().filter(|dir| !dir.health.is_offline());
        if self.dirs.len() == 1 { healthy.into_iter().next() } else { healthy.min_by_key(|dir| count(dir)) }
    }

    /// Where a log is created: where its replica is assigned to, or where there are fewest. A replica whose directory has failed
    /// is not begun anew in another one: what it held may be the only copy.
    fn home_of(&self, name: &TopicPartition, assigned: Uuid) -> Result<&Dir, OpenError> {
        let refuse =
            |reason: &str| OpenError::BadFile { path: PathBuf::from(name.to_string()), reason: reason.to_owned() };
        let known = self.dirs.iter().find(|dir| dir.dir.meta.directory_id == assigned && !dir.health.is_offline());
        match known {
            Some(dir) => Ok(dir),
            None if !assigned.is_zero() && self.offline_dirs() > 0 => {
                Err(refuse("the log directory it is in is offline"))
            }
            None => self.emptiest().ok_or_else(|| refuse("every log directory is offline")),
        }
    }
}

/// True if a log holds something, and of which topic is not said in its directory. That is on the disk with the log's first flush, so
/// nothing of the log was ever answered for; and it may be that of a topic of the same name that was deleted.
fn is_nobodys(log: &Log, topic_id: Uuid) -> Result<bool, OpenError> {
    let holds = log.log_end_offset() > Offset(0) && !topic_id.is_zero();
    Ok(holds && partition_metadata::read(log.dir())?.is_none_or(|known| known != topic_id))
}

/// A log that was not there before.
fn create(dir: &Dir, options: OpenOptions, now: Millis) -> Result<Arc<Log>, OpenError> {
    file_system::create_dirs(&options.dir).map_err(StorageError::of("create the directory", &options.dir))?;
    let log = Log::open(options, now)?;
    dir.cleaned.remove(&log.name)?;
    log.clean_with(Arc::clone(&dir.cleaned));
    Ok(log)
}

/// What is half made goes, so that it can be made later; a disk that is not merely short of something is given up.
fn undo_create(dir: &Dir, path: &Path, error: &OpenError) {
    if let OpenError::Storage(error) = error
        && !error.is_shortage()
    {
        dir.health.fail_for_good(error);
    } else if file_system::exists(path) {
        remove_tree(path);
    }
}
