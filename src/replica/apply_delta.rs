//! Making the logs here what the metadata says: new partitions opened, changed ones told, deleted ones removed.
//!
//! Runs on one thread at a time, in the order of the images; may block on the disk. Publishes the table of partitions
//! and then the image, in this order: who sees the image finds its partitions.

use std::sync::Arc;

use crate::base::ids::{PartitionIndex, TopicPartition};
use crate::log::config::LogConfig;
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::{PartitionImage, TopicImage};
use crate::replica::log_settings;
use crate::replica::manager::{HostedTopic, HostedTopics, ReplicaManager};
use crate::replica::partition::{Leadership, Partition};
use crate::replica::topic_metrics::TopicMetrics;

/// Brings the logs from the applied image to `next`. An error concerns single partitions and is logged: those stay
/// unavailable while all others go on.
pub fn apply(manager: &ReplicaManager, next: Arc<MetadataImage>) {
    let before = manager.metadata();
    let mut table = HostedTopics::clone(&manager.hosted.load());
    let mut changed = false;
    for topic in before.topics().iter().filter(|t| next.topic_by_id(t.id).is_none()) {
        remove(manager, &mut table, topic);
        changed = true;
    }
    let configs_changed = !before.shares_configs_with(&next);
    for topic in next.topics().iter() {
        let same = before.topic_by_id(topic.id).is_some_and(|old| Arc::ptr_eq(old, topic));
        if same && !configs_changed {
            continue;
        }
        host(manager, &mut table, topic, &next);
        changed = true;
    }
    if changed {
        manager.hosted.store(Arc::new(table));
    }
    manager.applied.send_replace(next);
}

fn remove(manager: &ReplicaManager, table: &mut HostedTopics, topic: &TopicImage) {
    let Some(hosted) = table.by_id.remove(&topic.id) else { return };
    // A topic recreated under the same name in the same step has another id and is entered afterwards.
    table.by_name.remove(&hosted.name);
    for partition in hosted.partitions.iter().flatten() {
        partition.close();
        if let Err(error) = manager.logs.delete(&partition.name) {
            tracing::error!(partition = %partition.name, %error, "the log of a deleted partition could not be removed");
        }
    }
}

fn host(manager: &ReplicaManager, table: &mut HostedTopics, topic: &Arc<TopicImage>, image: &MetadataImage) {
    let config = log_settings::of_topic(&manager.config, manager.node, image, &topic.name);
    let known = table.by_id.get(&topic.id).cloned();
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for (index, state) in topic.partitions.iter().enumerate() {
        let index = PartitionIndex(index as i32);
        let held = known.as_ref().and_then(|t| t.partition(index).cloned());
        partitions.push(match held {
            Some(partition) => {
                update(&partition, state, &config);
                Some(partition)
            }
            None if state.replicas.contains(&manager.node) => open(manager, topic, index, state, &config),
            None => None,
        });
    }
    let metrics = TopicMetrics::new(&topic.name);
    let hosted = Arc::new(HostedTopic { name: topic.name.clone(), id: topic.id, metrics, partitions });
    table.by_name.insert(topic.name.clone(), Arc::clone(&hosted));
    table.by_id.insert(topic.id, hosted);
}

fn update(partition: &Partition, state: &PartitionImage, config: &LogConfig) {
    if *partition.log.config() != *config {
        partition.log.set_config(config.clone());
    }
    let next = leadership(state);
    if *partition.leadership() != next {
        partition.set_leadership(next);
    }
}

fn open(
    manager: &ReplicaManager,
    topic: &TopicImage,
    index: PartitionIndex,
    state: &PartitionImage,
    config: &LogConfig,
) -> Option<Arc<Partition>> {
    let name = TopicPartition { topic: topic.name.clone(), partition: index };
    match manager.logs.get_or_create(&name, topic.id, config.clone(), manager.clock.wall()) {
        Ok(log) => Some(Partition::new(name, topic.id, log, manager.node, leadership(state))),
        Err(error) => {
            tracing::error!(partition = %name, %error, "the log of a partition could not be opened");
            None
        }
    }
}

fn leadership(state: &PartitionImage) -> Leadership {
    Leadership {
        leader: state.leader,
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
        replicas: state.replicas.clone(),
        isr: state.isr.clone(),
    }
}
