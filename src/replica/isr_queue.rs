//! Partitions that wait for the controller to decide on their in-sync set, and the task that asks it for all of them at once.
//!
//! At most one request is on its way; what gathers meanwhile goes with the next. A partition waits at most once, so the queue is
//! bounded by the partitions hosted here.

use std::sync::{Arc, Weak};
use std::time::Duration;

use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::base::ids::{PartitionIndex, Uuid};
use crate::replica::edges::{IsrChannel, IsrWish};
use crate::replica::isr::IsrAnswer;
use crate::replica::partition::Partition;

/// How long to wait before a proposal that got no answer is sent again.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// Partitions in one request.
const WISHES_MAX: usize = 10_000;

/// The partitions that wait.
#[derive(Default)]
pub struct IsrQueue {
    waiting: Mutex<IndexMap<(Uuid, PartitionIndex), Weak<Partition>>>,
    some: Notify,
}

impl IsrQueue {
    /// Enters a partition that has a proposal.
    pub fn enter(&self, partition: &Arc<Partition>) {
        let key = (partition.topic_id, partition.name.partition);
        self.waiting.lock().insert(key, Arc::downgrade(partition));
        self.some.notify_one();
    }

    fn take(&self) -> Vec<Arc<Partition>> {
        let mut waiting = self.waiting.lock();
        let taken = waiting.len().min(WISHES_MAX);
        waiting.drain(..taken).filter_map(|(_, partition)| partition.upgrade()).collect()
    }
}

/// Sends what waits in `queue` until the task is dropped.
pub async fn serve(queue: &IsrQueue, channel: &dyn IsrChannel) {
    loop {
        let partitions = queue.take();
        let mut asked = Vec::with_capacity(partitions.len());
        let mut wishes = Vec::with_capacity(partitions.len());
        for partition in partitions {
            // What was decided otherwise meanwhile needs no asking.
            let Some(proposal) = partition.isr_proposal() else { continue };
            wishes.push(IsrWish {
                topic_id: partition.topic_id,
                partition: partition.name.partition,
                leader_epoch: proposal.leader_epoch,
                partition_epoch: proposal.partition_epoch,
                isr: proposal.isr.clone(),
            });
            asked.push((partition, proposal));
        }
        if asked.is_empty() {
            queue.some.notified().await;
            continue;
        }
        let mut answers = channel.alter_partitions(wishes).await.into_iter();
        let mut unanswered = false;
        for (partition, proposal) in &asked {
            let answer = answers.next().unwrap_or(IsrAnswer::Unknown);
            if partition.isr_answered(proposal, answer) {
                queue.enter(partition);
                unanswered = true;
            }
        }
        if unanswered {
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}
