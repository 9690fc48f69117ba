//! The cleaner of all logs: which one is next, what became of it, which ones are set aside.
//!
//! Several threads may ask for work at once; a log is given to one of them at a time. A log in which damage is found is set
//! aside until the broker starts again, or the topic is deleted: the others go on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::clean::clean;
use super::cleanable::{LogToClean, measure};
use super::error::CleanError;
use super::{CleanStats, CleanerSettings, Pace};
use crate::base::ids::{Millis, Offset, TopicPartition, Uuid};
use crate::log::error::ReadError;
use crate::log::log::Log;
use crate::log::manager::LogManager;

#[derive(Default)]
struct State {
    in_progress: HashSet<TopicPartition>,
    /// With the topic's id: a topic of the same name that was created later is another.
    set_aside: HashMap<TopicPartition, Uuid>,
    dirtiest: f64,
    delay_ms_max: Millis,
    last_run: Option<Millis>,
}

/// What metrics tell of the cleaner.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CleanerGauges {
    /// Logs set aside and their dirty bytes, by log directory.
    pub uncleanable: BTreeMap<PathBuf, (usize, u64)>,
    /// The dirty share of the dirtiest log at the last look (0 to 1).
    pub dirtiest: f64,
    /// The longest wait beyond `max.compaction.lag.ms` at the last look.
    pub delay_ms_max: Millis,
    /// When it was last looked for work (wall time), if ever.
    pub last_run: Option<Millis>,
}

/// The cleaner.
pub struct LogCleaner {
    logs: Arc<LogManager>,
    state: Mutex<State>,
}

impl LogCleaner {
    /// A cleaner of all logs in `logs`.
    pub fn new(logs: Arc<LogManager>) -> Arc<Self> {
        Arc::new(Self { logs, state: Mutex::default() })
    }

    /// The dirtiest log that is due, if any: it is the caller's until he has passed it to [`LogCleaner::clean`].
    pub fn grab(&self, now: Millis) -> Option<LogToClean> {
        let candidates: Vec<_> = self.logs.all().into_iter().filter(|log| is_compacted(log)).collect();
        let mut state = self.state.lock();
        state.last_run = Some(now);
        state.set_aside.retain(|name, id| self.logs.get(name).is_some_and(|log| log.topic_id == *id));
        let (mut dirtiest, mut delay_ms_max) = (0f64, Millis(0));
        let mut best: Option<LogToClean> = None;
        for log in candidates {
            if state.in_progress.contains(&log.name) || state.set_aside.contains_key(&log.name) {
                continue;
            }
            let todo = match measured(&log, now) {
                Ok(todo) => todo,
                Err(ReadError::Storage(error)) => {
                    log.note_failure(&error);
                    continue;
                }
                Err(error) => {
                    set_aside(&mut state, &log, &error);
                    continue;
                }
            };
            dirtiest = dirtiest.max(todo.ratio());
            delay_ms_max = delay_ms_max.max(todo.delay_ms);
            if todo.is_due() && best.as_ref().is_none_or(|best| todo.ratio() > best.ratio()) {
                best = Some(todo);
            }
        }
        (state.dirtiest, state.delay_ms_max) = (dirtiest, delay_ms_max);
        let best = best?;
        state.in_progress.insert(best.log.name.clone());
        Some(best)
    }

    /// Compacts what was grabbed. `None`: it did not come to an end; why was told. Blocks.
    pub fn clean(
        &self,
        todo: &LogToClean,
        settings: &CleanerSettings,
        now: Millis,
        pace: &mut dyn Pace,
    ) -> Option<(Offset, CleanStats)> {
        let log = &todo.log;
        let outcome = clean(todo, settings, now, pace);
        let mut state = self.state.lock();
        state.in_progress.remove(&log.name);
        match outcome {
            Ok(done) => return Some(done),
            Err(CleanError::Aborted) => tracing::debug!(partition = %log.name, "a compaction was called off"),
            Err(CleanError::Storage(error)) => log.note_failure(&error),
            Err(error) => set_aside(&mut state, log, &error),
        }
        None
    }

    /// What metrics tell.
    pub fn gauges(&self, now: Millis) -> CleanerGauges {
        let state = self.state.lock();
        let mut uncleanable: BTreeMap<PathBuf, (usize, u64)> = BTreeMap::new();
        for (dir, _) in self.logs.dirs() {
            uncleanable.insert(dir.path.clone(), (0, 0));
        }
        for log in state.set_aside.keys().filter_map(|name| self.logs.get(name)) {
            let held = uncleanable.entry(log.parent_dir().to_path_buf()).or_default();
            held.0 += 1;
            held.1 += measured(&log, now).map_or(0, |todo| todo.cleanable_bytes);
        }
        CleanerGauges {
            uncleanable,
            dirtiest: state.dirtiest,
            delay_ms_max: state.delay_ms_max,
            last_run: state.last_run,
        }
    }
}

fn is_compacted(log: &Log) -> bool {
    log.config().cleanup_policy.compact && log.cleaned.get().is_some() && !log.is_offline()
}

fn measured(log: &Arc<Log>, now: Millis) -> Result<LogToClean, ReadError> {
    let checkpoint = log.cleaned.get().and_then(|cleaned| cleaned.offset_of(&log.name));
    measure(log, checkpoint, now)
}

fn set_aside(state: &mut State, log: &Log, error: &dyn std::fmt::Display) {
    tracing::error!(partition = %log.name, %error, "the log cannot be compacted and is set aside; all others go on");
    state.set_aside.insert(log.name.clone(), log.topic_id);
}
