//! Coordinators where their partitions are led: a shard is loaded in the background when this broker becomes the leader of its
//! partition, and closed when it no longer is.
//!
//! ```text
//!  applied metadata ──> led here, new epoch ──> Loading ──> replay the log (blocking pool) ──> at work, driven by a task
//!                   └─> led elsewhere, gone ──> closed: whoever waits is told
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, PartitionIndex, Uuid};
use crate::base::limits::SHARDS_LOADED_AT_ONCE_MAX;
use crate::machine::blocking;
use crate::machine::coordinator::Coordinator;
use crate::machine::loader::{self, LoadError};
use crate::machine::machine::Machine;
use crate::metadata::image::MetadataImage;
use crate::node::partition_log::{PartitionCommits, PartitionLog};
use crate::replica::manager::ReplicaManager;
use crate::replica::partition::Partition;

/// One coordinator of this broker, and what its shards are loaded from.
struct Host<C> {
    coordinator: Arc<C>,
    replicas: Arc<ReplicaManager>,
    clock: SharedClock,
    loading: Semaphore,
}

/// Follows the applied metadata until `stop` turns true; then closes every shard.
pub async fn host<C: Coordinator>(
    coordinator: Arc<C>,
    replicas: Arc<ReplicaManager>,
    clock: SharedClock,
    mut stop: watch::Receiver<bool>,
) {
    let mut images = replicas.subscribe();
    let loading = Semaphore::new(SHARDS_LOADED_AT_ONCE_MAX);
    let host = Arc::new(Host { coordinator, replicas, clock, loading });
    let mut topic_id = Uuid::ZERO;
    loop {
        let image = images.borrow_and_update().clone();
        let id = image.topic(C::TOPIC).map_or(Uuid::ZERO, |topic| topic.id);
        if id != topic_id {
            // A topic made anew has nothing of the old one, its epochs included.
            host.unload_all();
            topic_id = id;
        }
        // Told last: whoever sees in it what is led here finds it at work or being loaded.
        host.follow(&image);
        host.coordinator.set_image(&image);
        tokio::select! {
            changed = images.changed() => if changed.is_err() { break },
            // An error means that the sender is gone, which is a stop as well.
            _ = stop.wait_for(|stopping| *stopping) => break,
        }
    }
    host.unload_all();
}

impl<C: Coordinator> Host<C> {
    fn unload_all(&self) {
        let shards = self.coordinator.shards();
        shards.partitions().into_iter().for_each(|partition| shards.unload(partition));
    }

    fn follow(self: &Arc<Self>, image: &MetadataImage) {
        let led = self.led(image);
        let shards = self.coordinator.shards();
        for gone in shards.partitions().into_iter().filter(|partition| !led.contains_key(partition)) {
            tracing::info!(topic = C::TOPIC, partition = %gone, "no longer its coordinator");
            shards.unload(gone);
        }
        for (index, (epoch, partition)) in led {
            if shards.begin_loading(index, epoch) {
                tokio::spawn(Arc::clone(self).load(index, epoch, partition));
            }
        }
    }

    /// The partitions of the coordinator's topic that are led here.
    fn led(&self, image: &MetadataImage) -> HashMap<PartitionIndex, (LeaderEpoch, Arc<Partition>)> {
        let Some(topic) = image.topic(C::TOPIC) else { return HashMap::new() };
        let Some(hosted) = self.replicas.topic_by_id(topic.id) else { return HashMap::new() };
        let led = topic.partitions.iter().enumerate().filter_map(|(index, state)| {
            let index = PartitionIndex(i32::try_from(index).ok()?);
            let partition = hosted.partition(index).filter(|_| state.leader == self.replicas.node())?;
            Some((index, (state.leader_epoch, Arc::clone(partition))))
        });
        led.collect()
    }

    async fn load(self: Arc<Self>, index: PartitionIndex, epoch: LeaderEpoch, partition: Arc<Partition>) {
        let Ok(_turn) = self.loading.acquire().await else { return };
        let began = self.clock.monotonic();
        let (host, log) = (Arc::clone(&self), Arc::clone(&partition.log()));
        let replayed = blocking::run(move || {
            let mut machine = host.coordinator.machine();
            let is_wanted = || host.coordinator.shards().is_wanted(index, epoch);
            loader::load(&log, &mut machine, &is_wanted).map(|loaded| (machine, loaded))
        });
        let (machine, loaded) = match replayed.await.unwrap_or_else(|error| Err(error.into())) {
            Ok(done) => done,
            Err(LoadError::GivenUp) => return,
            Err(error) => {
                if self.coordinator.shards().is_wanted(index, epoch) {
                    tracing::error!(topic = C::TOPIC, partition = %index, %error, "a coordinator's log cannot be loaded");
                }
                return self.coordinator.shards().failed(index, epoch);
            }
        };
        let commits = Arc::new(PartitionCommits::new(Arc::clone(&partition), epoch));
        let log = PartitionLog::<<C::Machine as Machine>::Record>::new(
            Arc::clone(&self.replicas),
            partition,
            epoch,
            self.coordinator.compression(),
            Arc::clone(&self.clock),
        );
        let Some(shard) = self.coordinator.begin((index, epoch), machine, Box::new(log), commits) else { return };
        let took_ms = self.clock.monotonic().since(began).0;
        tracing::debug!(topic = C::TOPIC, partition = %index, ?loaded, took_ms, "its coordinator now");
        drop(_turn);
        shard.drive().await;
    }
}
