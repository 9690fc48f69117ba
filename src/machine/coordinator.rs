//! What the coordinators have in common for whoever loads their shards: an internal topic, one shard for each of its partitions.

use std::sync::Arc;

use crate::base::ids::{LeaderEpoch, PartitionIndex};
use crate::machine::codec::LogRecord;
use crate::machine::machine::Machine;
use crate::machine::runtime::{Commits, Runtime, ShardLog};
use crate::machine::shards::Shards;
use crate::metadata::image::MetadataImage;
use crate::record::compression::Compression;

/// A coordinator of this node.
pub trait Coordinator: Send + Sync + 'static {
    /// What each shard is.
    type Machine: Machine<Record: LogRecord + Send, Effect: Send, Timer: Send> + Send + 'static;

    /// The topic that holds its records.
    const TOPIC: &'static str;

    /// Its shards.
    fn shards(&self) -> &Shards<Self::Machine>;

    /// A machine to be loaded.
    fn machine(&self) -> Self::Machine;

    /// A loaded machine goes to work. None: its partition has been taken away meanwhile. Otherwise a task must drive it.
    fn begin(
        &self,
        partition: (PartitionIndex, LeaderEpoch),
        machine: Self::Machine,
        log: ShardLog<<Self::Machine as Machine>::Record>,
        commits: Arc<dyn Commits>,
    ) -> Option<Arc<Runtime<Self::Machine>>>;

    /// The metadata has changed. Told before shards are loaded or unloaded because of it.
    fn set_image(&self, image: &Arc<MetadataImage>);

    /// The codec of the records that it writes.
    fn compression(&self) -> Compression;
}
