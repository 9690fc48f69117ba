//! Which shards this node has: at work, being loaded, or not here.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::base::ids::{LeaderEpoch, PartitionIndex};
use crate::machine::machine::Machine;
use crate::machine::runtime::Runtime;

/// Why a shard does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Another node has it, or none.
    #[error("the shard is not here")]
    NotHere,
    /// It is being loaded.
    #[error("the shard is being loaded")]
    Loading,
}

enum State<M: Machine> {
    Loading,
    /// Its log could not be read: it stays away until leadership comes again.
    Failed,
    AtWork(Arc<Runtime<M>>),
}

/// The shards by the partition that holds their records.
pub struct Shards<M: Machine> {
    held: RwLock<HashMap<PartitionIndex, (LeaderEpoch, State<M>)>>,
}

impl<M: Machine> Default for Shards<M> {
    fn default() -> Self {
        Self { held: RwLock::default() }
    }
}

impl<M: Machine + 'static> Shards<M> {
    /// The shard, if it is at work here.
    pub fn find(&self, partition: PartitionIndex) -> Result<Arc<Runtime<M>>, Unavailable> {
        match self.held.read().get(&partition) {
            Some((_, State::AtWork(runtime))) => Ok(Arc::clone(runtime)),
            Some((_, State::Loading)) => Err(Unavailable::Loading),
            Some((_, State::Failed)) | None => Err(Unavailable::NotHere),
        }
    }

    /// This node leads the partition in `epoch` from now on. False: that is known already, and nothing is to be done.
    pub fn begin_loading(&self, partition: PartitionIndex, epoch: LeaderEpoch) -> bool {
        let mut held = self.held.write();
        if held.get(&partition).is_some_and(|(known, _)| *known >= epoch) {
            return false;
        }
        let before = held.insert(partition, (epoch, State::Loading));
        drop(held);
        close(before);
        true
    }

    /// True while the loading begun in `epoch` is still wanted.
    pub fn is_wanted(&self, partition: PartitionIndex, epoch: LeaderEpoch) -> bool {
        matches!(self.held.read().get(&partition), Some((known, State::Loading)) if *known == epoch)
    }

    /// The shard is loaded. False: it has been taken away meanwhile; `runtime` is then closed.
    pub fn loaded(&self, partition: PartitionIndex, epoch: LeaderEpoch, runtime: Arc<Runtime<M>>) -> bool {
        let mut held = self.held.write();
        match held.get_mut(&partition) {
            Some((known, state @ State::Loading)) if *known == epoch => {
                *state = State::AtWork(runtime);
                true
            }
            _ => {
                drop(held);
                runtime.close();
                false
            }
        }
    }

    /// The shard could not be loaded.
    pub fn failed(&self, partition: PartitionIndex, epoch: LeaderEpoch) {
        if let Some((known, state @ State::Loading)) = self.held.write().get_mut(&partition)
            && *known == epoch
        {
            *state = State::Failed;
        }
    }

    /// This node does not lead the partition any more.
    pub fn unload(&self, partition: PartitionIndex) {
        let before = self.held.write().remove(&partition);
        close(before);
    }

    /// All that are at work.
    pub fn at_work(&self) -> Vec<(PartitionIndex, Arc<Runtime<M>>)> {
        let of = |(partition, (_, state)): (&PartitionIndex, &(LeaderEpoch, State<M>))| match state {
            State::AtWork(runtime) => Some((*partition, Arc::clone(runtime))),
            State::Loading | State::Failed => None,
        };
        self.held.read().iter().filter_map(of).collect()
    }

    /// All that are held, whatever their state.
    pub fn partitions(&self) -> Vec<PartitionIndex> {
        self.held.read().keys().copied().collect()
    }

    /// True if any is being loaded.
    pub fn is_loading(&self) -> bool {
        self.held.read().values().any(|(_, state)| matches!(state, State::Loading))
    }
}

fn close<M: Machine + 'static>(before: Option<(LeaderEpoch, State<M>)>) {
    if let Some((_, State::AtWork(runtime))) = before {
        runtime.close();
    }
}
