//! What must hold at every step, looked at from outside, in all nodes at once.
//!
//! - the metadata of two nodes at one offset are equal;
//! - a partition's leader is in its in-sync set, and in each epoch one node leads;
//! - a leader's high watermark does not go back, and everybody whom the metadata has in sync holds all before it;
//! - what was once committed stays: every replica, up to its own high watermark, holds the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla::base::ids::{LeaderEpoch, NodeId, Offset, PartitionIndex};
use ottla::log::log::Log;
use ottla::log::read_info::ReadUpTo;
use ottla::metadata::image::MetadataImage;
use ottla::record::batch::batches;

use crate::client::TOPIC;
use crate::node::View;

/// A batch as it was committed: where it ends, a sum of what it holds, and the epoch in which a leader appended it (of which the sum
/// knows nothing: a producer may have sent the same batch to two leaders).
type Batch = (i64, u32, LeaderEpoch);

/// What has been seen so far.
#[derive(Default)]
pub struct Checks {
    images: BTreeMap<Offset, u64>,
    looked: BTreeMap<usize, Offset>,
    leaders: BTreeMap<(usize, LeaderEpoch), NodeId>,
    watermarks: BTreeMap<(usize, usize, LeaderEpoch), Offset>,
    /// By partition, by base offset.
    committed: Vec<BTreeMap<i64, Batch>>,
    /// By node and partition: compared so far.
    compared: BTreeMap<(usize, usize), Offset>,
    pub committed_batches: usize,
}

fn sum(image: &MetadataImage) -> u64 {
    let text = format!("{:?}", image.to_records());
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Checks {
    pub fn new(partitions: usize) -> Self {
        Self { committed: vec![BTreeMap::new(); partitions], ..Self::default() }
    }

    /// A node has lost its memory, and perhaps some of its disk.
    pub fn forget(&mut self, node: usize) {
        self.looked.remove(&node);
        self.compared.retain(|(of, _), _| *of != node);
        self.watermarks.retain(|(of, _, _), _| *of != node);
    }

    /// Looks at all nodes that are up. `trusted` are those whose disk cannot have lost anything the controller does not know of.
    pub fn look(&mut self, views: &[(usize, &View)]) -> Result<(), String> {
        let mut newest: Option<Arc<MetadataImage>> = None;
        for (node, view) in views {
            let Some(controller) = &view.controller else { continue };
            let image = controller.image();
            if self.looked.get(node) != Some(&image.offset()) {
                self.looked.insert(*node, image.offset());
                let sum = sum(&image);
                let before = *self.images.entry(image.offset()).or_insert(sum);
                if before != sum {
                    return Err(format!("node {node} has other metadata at offset {} than another", image.offset()));
                }
            }
            if newest.as_ref().is_none_or(|known| known.offset() < image.offset()) {
                newest = Some(image);
            }
        }
        let Some(newest) = newest else { return Ok(()) };
        let Some(topic) = newest.topic(TOPIC) else { return Ok(()) };
        for (index, state) in topic.partitions.iter().enumerate() {
            if !state.leader.is_none() && !state.isr.contains(&state.leader) {
                return Err(format!("partition {index}: leader {} is not among {:?}", state.leader, state.isr));
            }
        }
        for (node, view) in views {
            let Some(replicas) = &view.replicas else { continue };
            for index in 0..topic.partitions.len() {
                let Some(partition) = replicas.partition(TOPIC, PartitionIndex(index as i32)) else { continue };
                let now = partition.leadership();
                if now.leader == replicas.node() {
                    let first = *self.leaders.entry((index, now.leader_epoch)).or_insert(now.leader);
                    if first != now.leader {
                        return Err(format!(
                            "partition {index}: {first} and {} lead in epoch {}",
                            now.leader, now.leader_epoch
                        ));
                    }
                    let high = partition.log().high_watermark();
                    let before = self.watermarks.insert((*node, index, now.leader_epoch), high);
                    if before.is_some_and(|before| before > high) {
                        return Err(format!(
                            "partition {index}: the high watermark of leader {node} went from {before:?} to {high}"
                        ));
                    }
                    let state = &topic.partitions[index];
                    if state.leader == now.leader && state.leader_epoch == now.leader_epoch {
                        self.holds(views, &newest, index, &state.isr, high)?;
                    }
                }
                self.compare(*node, index, &partition.log())?;
            }
        }
        Ok(())
    }

    /// Everybody in sync who is up under the registration that the metadata names holds everything before `high`.
    fn holds(
        &self,
        views: &[(usize, &View)],
        image: &MetadataImage,
        index: usize,
        isr: &[NodeId],
        high: Offset,
    ) -> Result<(), String> {
        for (node, view) in views {
            let Some(replicas) = view.replicas.as_ref().filter(|r| isr.contains(&r.node())) else { continue };
            let registered = image.brokers().get(replicas.node()).map(|broker| broker.broker_epoch);
            if view.epoch.is_none() || view.epoch != registered {
                continue;
            }
            let Some(partition) = replicas.partition(TOPIC, PartitionIndex(index as i32)) else { continue };
            let end = partition.log().log_end_offset();
            if end < high {
                return Err(format!(
                    "partition {index}: {node} is in sync, but ends at {end}, and {high} is committed"
                ));
            }
        }
        Ok(())
    }

    fn compare(&mut self, node: usize, index: usize, log: &Arc<Log>) -> Result<(), String> {
        let high = log.high_watermark();
        let mut next = self.compared.get(&(node, index)).copied().unwrap_or(Offset(0)).min(high);
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
                let known = *self.committed[index].entry(header.base_offset.0).or_insert_with(|| {
                    self.committed_batches += 1;
                    batch
                });
                if known != batch {
                    return Err(format!(
                        "partition {index}: {node} has another batch at {} than was committed there: {batch:?}, not {known:?}",
                        header.base_offset
                    ));
                }
                next = header.next_offset();
            }
            if next == before {
                break;
            }
        }
        self.compared.insert((node, index), next);
        Ok(())
    }
}
