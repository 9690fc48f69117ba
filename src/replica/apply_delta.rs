//! Making the logs here what the metadata says: new partitions opened, changed ones told, deleted ones removed, and those that
//! another broker leads followed.
//!
//! Runs on one thread at a time, in the order of the images; may block on the disk. Publishes the table of partitions
//! and then the image, in this order: who sees the image finds its partitions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::base::ids::{LeaderEpoch, NodeId, PartitionIndex, TopicPartition};
use crate::log::config::LogConfig;
use crate::log::error::OpenError;
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::{PartitionImage, TopicImage};
use crate::replica::log_settings;
use crate::replica::manager::{HostedTopic, HostedTopics, NEVER, ReplicaManager};
use crate::replica::partition::{Leadership, Partition};
use crate::replica::settle;
use crate::replica::throttle::{self, ThrottledReplicas};
use crate::replica::topic_metrics::TopicMetrics;

/// Brings the logs from the applied image to `next`. An error concerns single partitions and is logged: those stay
/// unavailable while all others go on.
pub fn apply(manager: &ReplicaManager, next: Arc<MetadataImage>) {
    let before = manager.metadata();
    manager.home.set_brokers(next.brokers().clone());
    let mut table = HostedTopics::clone(&manager.hosted.load());
    let mut changed = false;
    for topic in before.topics().iter().filter(|t| next.topic_by_id(t.id).is_none()) {
        remove(manager, &mut table, topic);
        changed = true;
    }
    let configs_changed = !before.shares_configs_with(&next);
    if configs_changed {
        throttle::set_rates(&manager.home, &next);
        let dynamic = log_settings::dynamic_of_broker(manager.home.node, &next);
        let in_force =
            if dynamic.is_empty() { Arc::clone(&manager.given) } else { manager.given.with_dynamic(&dynamic).into() };
        let per_broker = usize::try_from(in_force.num_replica_fetchers()).unwrap_or(1);
        manager.config.store(in_force);
        if manager.fetchers.resize(per_broker) {
            for partition in manager.partitions() {
                let now = partition.leadership();
                follow(manager, &partition, now.leader, now.leader_epoch);
            }
        }
    }
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
    if next.offset().0 >= manager.all_from.load(Ordering::Acquire) {
        manager.all_from.store(NEVER, Ordering::Release);
        put_strays_aside(manager, &next);
    }
    manager.applied.send_replace(next);
}

/// What was deleted here, or given to others, while this broker was down.
fn put_strays_aside(manager: &ReplicaManager, image: &MetadataImage) {
    manager.logs.put_strays_aside(&|log| {
        // An old directory may not say whose topic it is of: then its name counts.
        let topic = if log.topic_id.is_zero() { image.topic(&log.name.topic) } else { image.topic_by_id(log.topic_id) };
        let state = topic.and_then(|topic| topic.partition(log.name.partition));
        state.is_some_and(|state| state.replicas.contains(&manager.home.node))
    });
}

/// Tries again to open the logs that the disk refused: there may be room by now, or another directory.
pub fn open_lacking(manager: &ReplicaManager) {
    let image = manager.metadata();
    let mut lacking = manager.lacking.lock();
    lacking.retain(|(id, index)| {
        let state = image.topic_by_id(*id).and_then(|topic| topic.partition(*index));
        state.is_some_and(|state| state.replicas.contains(&manager.home.node))
    });
    let (before, topics) = (lacking.len(), lacking.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>());
    drop(lacking);
    let mut table = HostedTopics::clone(&manager.hosted.load());
    for topic in topics.into_iter().filter_map(|id| image.topic_by_id(id)) {
        host(manager, &mut table, topic, &image);
    }
    manager.hosted.store(Arc::new(table));
    let opened = before.saturating_sub(manager.lacking.lock().len());
    if opened > 0 {
        tracing::info!(opened, "logs that the disk had refused are open");
        // Whoever follows the images looks again at what is here.
        manager.applied.send_replace(image);
    }
}

fn remove(manager: &ReplicaManager, table: &mut HostedTopics, topic: &TopicImage) {
    let Some(hosted) = table.by_id.remove(&topic.id) else { return };
    // A topic recreated under the same name in the same step has another id and is entered afterwards.
    table.by_name.remove(&hosted.name);
    for partition in hosted.partitions.iter().flatten() {
        take_away(manager, partition);
    }
}

/// Ends a partition here: nobody reads, writes or follows it any more, and its log goes.
fn take_away(manager: &ReplicaManager, partition: &Partition) {
    manager.fetchers.stop(partition);
    partition.close();
    if let Err(error) = manager.logs.delete(&partition.name) {
        tracing::error!(partition = %partition.name, %error, "the log of a deleted partition could not be removed");
    }
}

fn host(manager: &ReplicaManager, table: &mut HostedTopics, topic: &Arc<TopicImage>, image: &MetadataImage) {
    let config = log_settings::of_topic(&manager.config.load(), manager.home.node, image, &topic.name);
    let throttled = ThrottledReplicas::of(image, &topic.name);
    let known = table.by_id.get(&topic.id).cloned();
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for (index, state) in topic.partitions.iter().enumerate() {
        let index = PartitionIndex(index as i32);
        let held = known.as_ref().and_then(|t| t.partition(index).cloned());
        partitions.push(match held {
            Some(partition) if !state.replicas.contains(&manager.home.node) => {
                take_away(manager, &partition);
                None
            }
            Some(partition) => {
                update(manager, &partition, state, &config);
                Some(partition)
            }
            None if state.replicas.contains(&manager.home.node) => open(manager, topic, index, state, &config),
            None => None,
        });
    }
    partitions.iter().flatten().for_each(|partition: &Arc<Partition>| partition.set_throttled(&throttled));
    let metrics = TopicMetrics::new(&topic.name);
    let hosted = Arc::new(HostedTopic { name: topic.name.clone(), id: topic.id, metrics, partitions });
    table.by_name.insert(topic.name.clone(), Arc::clone(&hosted));
    table.by_id.insert(topic.id, hosted);
}

/// Takes over a change. Who stops following does so before it may lead, and who starts following has stopped leading before: at
/// no time do two write to one log.
fn update(manager: &ReplicaManager, partition: &Arc<Partition>, state: &PartitionImage, config: &LogConfig) {
    if *partition.log().config() != *config {
        partition.log().set_config(config.clone());
        // `min.insync.replicas` may have been what held it back.
        partition.advance_high_watermark();
    }
    let (before, next) = (partition.leadership(), leadership(state));
    if *before == next || next.partition_epoch < before.partition_epoch {
        return;
    }
    let moved = next.leader != before.leader || next.leader_epoch != before.leader_epoch;
    if moved {
        manager.fetchers.stop(partition);
    }
    let (leader, epoch) = (next.leader, next.leader_epoch);
    partition.set_leadership(next);
    if moved {
        settle::settle_owed(manager.flusher(), partition);
        tracing::info!(partition = %partition.name, %leader, %epoch, log_end = %partition.log().log_end_offset(), "the leadership has changed");
        follow(manager, partition, leader, epoch);
    }
}

fn follow(manager: &ReplicaManager, partition: &Arc<Partition>, leader: NodeId, epoch: LeaderEpoch) {
    if !leader.is_none() && leader != manager.home.node {
        manager.fetchers.follow(partition, leader, epoch);
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
    let own = state.replicas.iter().position(|replica| *replica == manager.home.node);
    let assigned = own.and_then(|at| state.directories.get(at)).copied().unwrap_or_default();
    match manager.logs.get_or_create(&name, topic.id, assigned, config.clone(), manager.home.clock.wall()) {
        Ok(log) => {
            manager.lacking.lock().remove(&(topic.id, index));
            let partition = Partition::new(name, topic.id, log, Arc::clone(&manager.home), leadership(state));
            settle::settle_owed(manager.flusher(), &partition);
            follow(manager, &partition, state.leader, state.leader_epoch);
            Some(partition)
        }
        Err(error @ OpenError::Storage(_)) => {
            if manager.lacking.lock().insert((topic.id, index)) {
                tracing::error!(partition = %name, %error, "the log of a partition could not be opened; it is tried again");
            }
            None
        }
        Err(error) => {
            manager.lacking.lock().remove(&(topic.id, index));
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
