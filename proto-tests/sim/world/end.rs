//! The end of a run: when the cluster is whole again, and what its logs must hold then.

use ottla::base::ids::{NodeId, Offset, PartitionIndex};
use ottla::log::read_info::ReadUpTo;
use ottla::record::batch::batches;

use super::{BROKERS, PARTITIONS, World};
use crate::client::{self, TOPIC};
use crate::machine::Machine;
use crate::node::View;
use crate::{compaction, groups, moves, renewal, transactions};

impl World {
    /// Everybody is up and in sync, clients have ended, and all logs are committed to their ends.
    pub(super) fn is_whole(&self) -> bool {
        let is_up =
            |(m, machine): (usize, &Machine)| machine.is_up() && (machine.serves() || !self.cluster.is_broker(m));
        self.machines.iter().enumerate().all(is_up)
            && self.is_full()
            && self.have_ended()
            && self.checks.know_the_same(self.machines.len())
            && self.places().iter().all(|(topic, index)| self.is_committed(topic, *index))
    }

    /// All partitions of all topics.
    fn places(&self) -> Vec<(String, usize)> {
        let topics = self.checks.newest_metadata().into_iter().flat_map(|image| image.topics().iter());
        topics.flat_map(|t| (0..t.partitions.len()).map(|index| (t.name.to_string(), index))).collect()
    }

    fn have_ended(&self) -> bool {
        let oracle = self.oracle.borrow();
        oracle.done == self.kind.slots()
            && (!self.kind.renewal || oracle.renewal.done)
            && (!self.kind.transactions || oracle.transactions.done)
            && (!self.kind.compaction || oracle.compacted.done)
            && (!self.kind.groups || oracle.groups.done == groups::MEMBERS)
    }

    /// All replicas of a partition end alike, the leader has that committed, and who reads it has come there.
    fn is_committed(&self, topic: &str, index: usize) -> bool {
        let (ends, replicas) = (self.ends(topic, index), self.replicas(topic, index));
        let Some((_, end)) = ends.first() else { return false };
        let oracle = self.oracle.borrow();
        let read_to = match topic {
            TOPIC => oracle.read_to[index],
            moves::TOPIC => oracle.read_to[PARTITIONS],
            transactions::TOPIC => oracle.transactions.read_to[index],
            _ => end.0,
        };
        ends.len() == replicas.len()
            && ends.iter().all(|(_, other)| other == end)
            && ends.iter().any(|(high, _)| high == end)
            && read_to >= end.0
    }

    /// The machines that are to hold a partition.
    fn replicas(&self, topic: &str, index: usize) -> Vec<usize> {
        let image = self.checks.newest_metadata();
        let partitions = image.and_then(|image| Some(&image.topic(topic)?.partitions));
        let state = partitions.and_then(|partitions| partitions.get(index));
        let machine = |id: &NodeId| usize::try_from(id.0 - 1).ok();
        state.map(|state| state.replicas.iter().filter_map(machine).collect()).unwrap_or_default()
    }

    fn ends(&self, topic: &str, index: usize) -> Vec<(Offset, Offset)> {
        self.machines.iter().filter_map(|machine| machine.ends(topic, index)).collect()
    }

    /// What keeps the cluster from being whole.
    pub(super) fn state(&self) -> String {
        let up: Vec<_> = self.machines.iter().map(|m| m.view.borrow().epoch).collect();
        let leader = |view: &View| view.controller.as_ref()?.local()?.leader();
        let leaders: Vec<_> = self.machines.iter().map(|m| leader(&m.view.borrow())).collect();
        let states = self.checks.newest_metadata().into_iter().flat_map(|image| image.topics().iter());
        let lacking: Vec<_> = states
            .flat_map(|topic| topic.partitions.iter().map(|state| (&*topic.name, state)))
            .filter(|(_, state)| state.isr.len() < state.replicas.len() || state.is_reassigning())
            .collect();
        let apart: Vec<_> = self
            .places()
            .into_iter()
            .filter(|(topic, index)| !self.is_committed(topic, *index))
            .map(|(topic, index)| format!("{topic}-{index} {:?}", self.ends(&topic, index)))
            .collect();
        let oracle = self.oracle.borrow();
        format!(
            "registered {up:?}, controllers follow {leaders:?}, not in sync {lacking:?}, high watermarks and ends that differ or \
             were not read to {apart:?}; {} producers of {} have ended, refused {:?}, read to {:?}; transactions {}, read \
             to {:?}; compaction {} {:?}; members {}; renewal {}; metadata {}",
            oracle.done,
            self.kind.slots(),
            oracle.refused,
            oracle.read_to,
            oracle.transactions.done,
            oracle.transactions.read_to,
            oracle.compacted.done,
            oracle.compacted.answered,
            oracle.groups.done,
            oracle.renewal.done,
            self.checks.known()
        )
    }

    pub(super) fn judge(&mut self) -> Result<(), String> {
        for m in 0..BROKERS {
            for index in 0..PARTITIONS {
                let held = self.held(m, TOPIC, index)?;
                self.oracle.borrow_mut().judge(index, &held);
            }
            if self.kind.compaction {
                let held = self.held(m, compaction::TOPIC, 0)?;
                self.oracle.borrow().compacted.judge(&held).map_err(|what| format!("node {m}: {what}"))?;
            }
        }
        for m in self.replicas(moves::TOPIC, 0) {
            let held = self.held(m, moves::TOPIC, 0)?;
            self.oracle.borrow_mut().judge(PARTITIONS, &held);
        }
        for m in self.replicas(renewal::TOPIC, 0) {
            let held = self.held(m, renewal::TOPIC, 0)?;
            self.oracle.borrow().renewal.judge(&held).map_err(|what| format!("node {m}: {what}"))?;
        }
        if self.kind.renewal && self.replicas(renewal::TOPIC, 0).is_empty() == self.oracle.borrow().renewal.exists {
            return Err(format!(
                "topic {}: it is there though it was deleted, or not though it was made",
                renewal::TOPIC
            ));
        }
        let oracle = self.oracle.borrow();
        match oracle.broken.first() {
            Some(what) => Err(what.clone()),
            None => oracle.transactions.judge(),
        }
    }

    /// All that a machine holds of a partition: values and their offsets.
    fn held(&self, m: usize, topic: &str, index: usize) -> Result<Vec<(i64, u64)>, String> {
        let view = self.machines[m].view.borrow();
        let held = view.replicas.as_ref().and_then(|r| r.partition(topic, PartitionIndex(index as i32)));
        let Some(partition) = held else { return Err(format!("node {m} does not hold {topic}-{index}")) };
        let mut found: Vec<(i64, u64)> = Vec::new();
        let mut next = partition.log().log_start_offset();
        // A follower may learn of the last high watermark only with the next record.
        while next < partition.log().log_end_offset() {
            let read = partition.log().read(next, 1 << 22, ReadUpTo::LogEnd, true);
            let read = read.map_err(|error| format!("node {m}, {topic}-{index}: {error}"))?;
            let bytes = read.records.to_bytes().map_err(|error| error.to_string())?;
            found.extend(client::values(&bytes).into_iter().filter(|(offset, _)| *offset >= next.0));
            let end = batches(&bytes).map_while(Result::ok).map(|batch| batch.header.next_offset()).last();
            next =
                end.filter(|end| *end > next).ok_or_else(|| format!("node {m}, {topic}-{index}: nothing at {next}"))?;
        }
        Ok(found)
    }
}
