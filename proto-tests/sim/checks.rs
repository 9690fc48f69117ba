//! What must hold at every step, looked at from outside, in all nodes and all topics at once.
//!
//! - the metadata of two nodes at one offset are equal: those that a controller or an observer publishes, and those that its broker
//!   has applied;
//! - the controllers keep Raft's rules (`quorum_checks`);
//! - a partition's leader is in its in-sync set, and in each epoch one node leads;
//! - a leader's high watermark does not go back, and everybody whom the metadata has in sync holds all before it;
//! - what was once committed stays: every replica, up to its own high watermark, holds the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla::base::ids::{LeaderEpoch, NodeId, Offset, PartitionIndex, Uuid};
use ottla::controller::quorum::testimony::Testimony;
use ottla::log::log::Log;
use ottla::log::read_info::ReadUpTo;
use ottla::metadata::image::MetadataImage;
use ottla::metadata::record::MetadataRecord;
use ottla::peer::controller_channel::ControllerChannel;
use ottla::record::batch::batches;
use ottla::replica::partition::Partition;

use crate::compaction;
use crate::node::View;
use crate::quorum_checks::QuorumChecks;

/// A batch as it was committed: where it ends, a sum of what it holds, and the epoch in which a leader appended it (of which the sum
/// knows nothing: a producer may have sent the same batch to two leaders).
type Batch = (i64, u32, LeaderEpoch);
/// A partition of a topic.
type Place = (Uuid, PartitionIndex);

/// What has been seen so far.
#[derive(Default)]
pub struct Checks {
    /// The metadata at each offset, as the first node had them that came there.
    images: BTreeMap<Offset, Vec<MetadataRecord>>,
    /// The newest of them, whoever is still up that knows it.
    newest: Option<Arc<MetadataImage>>,
    /// What was looked at last on each node: what is published there, and what its broker has applied.
    looked: BTreeMap<usize, [Offset; 2]>,
    quorum: QuorumChecks,
    /// Found where nobody could be told.
    broken: Option<String>,
    leaders: BTreeMap<(Place, LeaderEpoch), NodeId>,
    watermarks: BTreeMap<(usize, Place, LeaderEpoch), Offset>,
    /// By base offset.
    committed: BTreeMap<Place, BTreeMap<i64, Batch>>,
    /// How far each node was compared.
    compared: BTreeMap<(usize, Place), Offset>,
    /// How everything stood when it was looked at last.
    before: u64,
    pub committed_batches: usize,
}

/// A node, what may be seen of it, and the partitions it holds.
struct Holder<'a> {
    node: usize,
    view: &'a View,
    partitions: Vec<Arc<Partition>>,
}

impl Checks {
    /// A node has lost its memory, and perhaps some of its disk.
    pub fn forget(&mut self, node: usize) {
        self.looked.remove(&node);
        self.quorum.forget(node);
        self.compared.retain(|(of, _), _| *of != node);
        self.watermarks.retain(|(of, _, _), _| *of != node);
    }

    /// A node is about to be killed: what it said since it was looked at last counts.
    pub fn last_words(&mut self, node: usize, view: &View) {
        if let Err(what) = self.quorum.look(&testimonies(&[(node, view)])) {
            self.broken.get_or_insert(what);
        }
    }

    /// Looks at all nodes that are up.
    pub fn look(&mut self, views: &[(usize, &View)]) -> Result<(), String> {
        if let Some(what) = self.broken.take() {
            return Err(what);
        }
        self.metadata(views)?;
        self.quorum.look(&testimonies(views))?;
        let Some(newest) = self.newest.clone() else { return Ok(()) };
        let mut holders = Vec::with_capacity(views.len());
        for &(node, view) in views {
            if let Some(replicas) = &view.replicas {
                holders.push(Holder { node, view, partitions: replicas.partitions() });
            }
        }
        let now = standing(newest.offset(), &holders);
        if now == self.before {
            return Ok(());
        }
        self.before = now;
        for holder in &holders {
            for partition in &holder.partitions {
                self.leader(holder, partition, &newest, &holders)?;
                self.compare(holder.node, partition, &partition.log())?;
            }
        }
        Ok(())
    }

    /// The newest metadata that any node has had.
    pub fn newest_metadata(&self) -> Option<&Arc<MetadataImage>> {
        self.newest.as_ref()
    }

    /// All nodes have been looked at with the newest metadata, both as published and as applied.
    pub fn know_the_same(&self, nodes: usize) -> bool {
        let newest = self.newest.as_ref().map(|image| [image.offset(); 2]);
        self.looked.len() == nodes && self.looked.values().all(|looked| Some(*looked) == newest)
    }

    /// Which metadata each node was last looked at with, for who asks why the nodes differ.
    pub fn known(&self) -> String {
        format!("{:?}", self.looked)
    }

    /// Looks at the controllers' logs once more, whole, at the end.
    pub fn look_again(&mut self, views: &[(usize, &View)]) -> Result<(), String> {
        self.quorum.read_again(&testimonies(views))
    }

    /// Compares the nodes' metadata.
    fn metadata(&mut self, views: &[(usize, &View)]) -> Result<(), String> {
        for (node, view) in views {
            let published = view.controller.as_ref().map(ControllerChannel::image);
            let applied = view.replicas.as_ref().map(|replicas| replicas.subscribe().borrow().clone());
            for (which, image) in [published, applied].into_iter().enumerate() {
                let Some(image) = image else { continue };
                let looked = &mut self.looked.entry(*node).or_insert([Offset::NONE; 2])[which];
                if *looked == image.offset() {
                    continue;
                }
                *looked = image.offset();
                self.compare_metadata(*node, &image)?;
                if self.newest.as_ref().is_none_or(|known| known.offset() < image.offset()) {
                    self.newest = Some(image);
                }
            }
        }
        Ok(())
    }

    fn compare_metadata(&mut self, node: usize, image: &MetadataImage) -> Result<(), String> {
        let records = image.to_records();
        let known = self.images.entry(image.offset()).or_insert_with(|| records.clone());
        if *known != records {
            let apart = known.iter().zip(&records).find(|(known, record)| known != record);
            let counts = (known.len(), records.len());
            let at = image.offset();
            return Err(format!("node {node} has other metadata at offset {at} than another: {counts:?}, {apart:?}"));
        }
        for topic in image.topics().iter() {
            let astray = topic.partitions.iter().find(|p| !p.leader.is_none() && !p.isr.contains(&p.leader));
            if let Some(state) = astray {
                return Err(format!("{}: leader {} is not among {:?}", topic.name, state.leader, state.isr));
            }
        }
        Ok(())
    }

    /// One node leads in an epoch, its high watermark does not go back, and who is in sync holds all before it.
    fn leader(
        &mut self,
        holder: &Holder<'_>,
        partition: &Arc<Partition>,
        newest: &MetadataImage,
        holders: &[Holder<'_>],
    ) -> Result<(), String> {
        let (place, name, now) = (place(partition), &partition.name, partition.leadership());
        if holder.view.replicas.as_ref().is_none_or(|replicas| replicas.node() != now.leader) {
            return Ok(());
        }
        let first = *self.leaders.entry((place, now.leader_epoch)).or_insert(now.leader);
        if first != now.leader {
            return Err(format!("{name}: {first} and {} lead in epoch {}", now.leader, now.leader_epoch));
        }
        let high = partition.log().high_watermark();
        let before = self.watermarks.insert((holder.node, place, now.leader_epoch), high);
        if before.is_some_and(|before| before > high) {
            return Err(format!("{name}: the high watermark of leader {} went from {before:?} to {high}", now.leader));
        }
        let state = newest.topic_by_id(place.0).and_then(|topic| topic.partition(place.1));
        match state.filter(|state| state.leader == now.leader && state.leader_epoch == now.leader_epoch) {
            Some(state) => holds(holders, newest, partition, &state.isr, high),
            None => Ok(()),
        }
    }

    fn compare(&mut self, node: usize, partition: &Partition, log: &Arc<Log>) -> Result<(), String> {
        // Each node compacts for itself.
        if &*partition.name.topic == compaction::TOPIC {
            return Ok(());
        }
        let place = place(partition);
        let high = log.high_watermark();
        let mut next = self.compared.get(&(node, place)).copied().unwrap_or(Offset(0)).min(high);
        while next < high {
            let Ok(read) = log.read(next, 1 << 20, ReadUpTo::HighWatermark, true) else { break };
            let Ok(bytes) = read.records.to_bytes() else { break };
            let before = next;
            for view in batches(&bytes).map_while(Result::ok) {
                let header = &view.header;
                if header.base_offset < next || header.next_offset() > high {
                    continue;
                }
                let batch = (header.next_offset().0, header.crc, header.leader_epoch);
                let known =
                    *self.committed.entry(place).or_default().entry(header.base_offset.0).or_insert_with(|| {
                        self.committed_batches += 1;
                        batch
                    });
                if known != batch {
                    return Err(format!(
                        "{}: {node} has another batch at {} than was committed there: {batch:?}, not {known:?}",
                        partition.name, header.base_offset
                    ));
                }
                next = header.next_offset();
            }
            if next == before {
                break;
            }
        }
        self.compared.insert((node, place), next);
        Ok(())
    }
}

/// What the controllers that run say of themselves.
fn testimonies(views: &[(usize, &View)]) -> Vec<(usize, Testimony)> {
    let local = |view: &View| Some(view.controller.as_ref()?.local()?.testimony());
    views.iter().filter_map(|(node, view)| Some((*node, local(view)?))).collect()
}

fn place(partition: &Partition) -> Place {
    (partition.topic_id, partition.name.partition)
}

/// Everything that is looked at, as one number: while it stays, nothing needs to be looked at again.
fn standing(metadata: Offset, holders: &[Holder<'_>]) -> u64 {
    let mut sum = metadata.0 as u64;
    let mut add = |number: u64| sum = (sum.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for holder in holders {
        add(holder.node as u64);
        add(holder.view.epoch.map_or(u64::MAX, |epoch| epoch.0 as u64));
        for partition in &holder.partitions {
            let log = partition.log();
            add(Arc::as_ptr(partition) as u64);
            add(log.high_watermark().0 as u64);
            add(log.log_end_offset().0 as u64);
            add(partition.leadership().partition_epoch.0 as u64);
        }
    }
    sum
}

/// Everybody in sync who is up under the registration that the metadata names holds everything before `high`.
fn holds(
    holders: &[Holder<'_>],
    image: &MetadataImage,
    partition: &Partition,
    isr: &[NodeId],
    high: Offset,
) -> Result<(), String> {
    for Holder { view, partitions, .. } in holders {
        let Some(node) = view.replicas.as_ref().map(|r| r.node()).filter(|node| isr.contains(node)) else { continue };
        let registered = image.brokers().get(node).map(|broker| broker.broker_epoch);
        if view.epoch.is_none() || view.epoch != registered {
            continue;
        }
        let Some(held) = partitions.iter().find(|held| place(held) == place(partition)) else { continue };
        let end = held.log().log_end_offset();
        if end < high {
            return Err(format!("{}: {node} is in sync, but ends at {end}, and {high} is committed", partition.name));
        }
    }
    Ok(())
}
