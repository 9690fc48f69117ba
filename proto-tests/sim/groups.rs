//! The members of a consumer group, which commit how far they are, and the oracle of what they were told.
//!
//! A member joins as a new one each time, so that a generation never outlives its doubts: once nobody says what became of a commit,
//! its member commits nothing more. So a partition's committed offset only ever grows; what was acknowledged is what the next
//! owner finds, or less than that; and an owner of an older generation commits nothing after a newer one has.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, OffsetCommitRequest, OffsetFetchRequest,
    SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;
use ottla::base::error_code::ErrorCode;

use crate::client::{Client, TOPIC};
use crate::links::{KeyType, Links, name};

pub const MEMBERS: usize = 2;
const GROUP: &str = "g";
const SESSION_TIMEOUT_MS: i32 = 1500;
/// A question to join is answered only once all others have joined, too.
const REQUEST_TIMEOUT_MS: u64 = 4000;

/// What the group was told.
#[derive(Debug, Default)]
pub struct Groups {
    /// By partition: the largest offset that was acknowledged, and the newest generation.
    committed: BTreeMap<usize, (i64, i32)>,
    /// By partition: the largest offset that anybody tried to commit.
    tried: BTreeMap<usize, i64>,
    pub commits: usize,
    pub done: usize,
}

/// An offset that a member was told, and what had been acknowledged when it asked.
#[derive(Debug, Clone, Copy)]
struct Found {
    offset: i64,
    floor: i64,
}

impl Groups {
    /// A commit of `generation` was acknowledged; `before` is the newest one that was when it was sent.
    fn acknowledged(
        &mut self,
        partition: usize,
        offset: i64,
        generation: i32,
        before: Option<(i64, i32)>,
    ) -> Option<String> {
        self.commits += 1;
        let newest = self.committed.entry(partition).or_insert((offset, generation));
        *newest = (newest.0.max(offset), newest.1.max(generation));
        let (newest, newer) = before.filter(|(_, newer)| *newer > generation)?;
        Some(format!(
            "partition {partition}: generation {generation} committed {offset} after generation {newer} committed {newest}"
        ))
    }

    fn judge(&self, partition: usize, found: Found) -> Option<String> {
        let Found { offset, floor } = found;
        let most = self.tried.get(&partition).copied().unwrap_or(-1);
        let is_possible = (floor..=most.max(floor)).contains(&offset);
        (!is_possible).then(|| {
            format!(
                "partition {partition}: offset {offset} is said to be committed; {floor} was, and no more than {most}"
            )
        })
    }
}

/// A member joins again and again, until the oracle says stop.
pub async fn run(client: Client, partitions: usize) {
    let mut member = Member {
        links: Links::new(&client, REQUEST_TIMEOUT_MS),
        client: client.clone(),
        partitions,
        coordinator: None,
        id: StrBytes::default(),
        generation: -1,
    };
    while !client.oracle.borrow().stop {
        if let Some(owned) = member.join().await {
            client.trace.note(&("joined", member.generation, &owned));
            member.work(&owned).await;
        }
        member.leave().await;
        client.pause_between(5, 300).await;
    }
    client.oracle.borrow_mut().groups.done += 1;
}

struct Member {
    links: Links,
    client: Client,
    partitions: usize,
    coordinator: Option<usize>,
    id: StrBytes,
    generation: i32,
}

fn group() -> GroupId {
    GroupId(StrBytes::from_static_str(GROUP))
}

impl Member {
    async fn coordinator(&mut self) -> Option<usize> {
        if self.coordinator.is_none() {
            self.coordinator = self.links.coordinator(GROUP, KeyType::Group).await;
        }
        self.coordinator
    }

    /// Joins as a new member. Gives the partitions that are its own.
    async fn join(&mut self) -> Option<Vec<usize>> {
        let coordinator = self.coordinator().await?;
        let kind = StrBytes::from_static_str("consumer");
        let protocol = JoinGroupRequestProtocol::default().with_name(StrBytes::from_static_str("simulated"));
        let request = JoinGroupRequest::default()
            .with_group_id(group())
            .with_session_timeout_ms(SESSION_TIMEOUT_MS)
            .with_rebalance_timeout_ms(SESSION_TIMEOUT_MS)
            .with_protocol_type(kind)
            .with_protocols(vec![protocol]);
        // From the fourth version on a member is first told its id, and joins with that.
        let joined = self.links.ask(coordinator, 3, &request).await?;
        if joined.error_code != 0 {
            self.coordinator = None;
            return None;
        }
        (self.id, self.generation) = (joined.member_id.clone(), joined.generation_id);
        let assign = |(i, member): (usize, StrBytes)| {
            let owned = (0..self.partitions).filter(|partition| partition % joined.members.len() == i);
            let assignment = Bytes::from_iter(owned.map(|partition| partition as u8));
            SyncGroupRequestAssignment::default().with_member_id(member).with_assignment(assignment)
        };
        // Whoever does not lead is told of no members, and assigns nothing.
        let assignments =
            joined.members.iter().map(|member| member.member_id.clone()).enumerate().map(assign).collect();
        let request = SyncGroupRequest::default()
            .with_group_id(group())
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone())
            .with_assignments(assignments);
        let synced = self.links.ask(coordinator, 3, &request).await.filter(|synced| synced.error_code == 0)?;
        Some(synced.assignment.iter().map(|partition| usize::from(*partition)).collect())
    }

    /// Commits more and more of its partitions, until it has to join again.
    async fn work(&mut self, owned: &[usize]) {
        let mut at: BTreeMap<usize, (i64, Option<Found>)> = BTreeMap::new();
        for partition in owned {
            let Some(found) = self.committed(*partition).await else { return };
            at.insert(*partition, (found.offset.max(0), Some(found)));
        }
        let rounds = self.client.random.borrow_mut().between(3, 60);
        for _ in 0..rounds {
            if self.client.oracle.borrow().stop || self.heartbeat().await.is_none() {
                return;
            }
            for (partition, (offset, found)) in &mut at {
                *offset += self.client.random.borrow_mut().between(0, 5);
                if self.commit(*partition, *offset).await.is_none() {
                    return;
                }
                // Only now it is certain that it was the group's coordinator that was asked, and not one that was replaced since.
                if let Some(found) = found.take() {
                    let mut oracle = self.client.oracle.borrow_mut();
                    let broken = oracle.groups.judge(*partition, found);
                    oracle.broken.extend(broken);
                }
            }
            self.client.pause_between(20, 150).await;
        }
    }

    /// What is committed of a partition, once nobody can change it any more but this member.
    async fn committed(&mut self, partition: usize) -> Option<Found> {
        let floor = self.client.oracle.borrow().groups.committed.get(&partition).map_or(-1, |(offset, _)| *offset);
        let topic =
            OffsetFetchRequestTopic::default().with_name(name(TOPIC)).with_partition_indexes(vec![partition as i32]);
        let request = OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(vec![topic]));
        let answer = self.links.ask(self.coordinator?, 5, &request).await.filter(|answer| answer.error_code == 0)?;
        let offset = answer.topics.first()?.partitions.first().filter(|found| found.error_code == 0)?.committed_offset;
        self.client.trace.note(&("found", partition, offset));
        Some(Found { offset, floor })
    }

    async fn commit(&mut self, partition: usize, offset: i64) -> Option<()> {
        let before = {
            let groups = &mut self.client.oracle.borrow_mut().groups;
            let most = groups.tried.entry(partition).or_insert(offset);
            *most = offset.max(*most);
            groups.committed.get(&partition).copied()
        };
        let wanted = OffsetCommitRequestPartition::default()
            .with_partition_index(partition as i32)
            .with_committed_offset(offset)
            .with_committed_metadata(Some(StrBytes::default()));
        let topic = OffsetCommitRequestTopic::default().with_name(name(TOPIC)).with_partitions(vec![wanted]);
        let request = OffsetCommitRequest::default()
            .with_group_id(group())
            .with_generation_id_or_member_epoch(self.generation)
            .with_member_id(self.id.clone())
            .with_topics(vec![topic]);
        let answer = self.links.ask(self.coordinator?, 7, &request).await?;
        let code = answer.topics.first()?.partitions.first()?.error_code;
        self.client.trace.note(&("committed", partition, offset, code));
        if code != 0 {
            return None;
        }
        let mut oracle = self.client.oracle.borrow_mut();
        let broken = oracle.groups.acknowledged(partition, offset, self.generation, before);
        oracle.broken.extend(broken);
        Some(())
    }

    async fn heartbeat(&mut self) -> Option<()> {
        let request = HeartbeatRequest::default()
            .with_group_id(group())
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone());
        let answer = self.links.ask(self.coordinator?, 3, &request).await?;
        (answer.error_code == 0).then_some(())
    }

    /// Leaves, or falls silent, which is found out by the end of its session.
    async fn leave(&mut self) {
        let coordinator = self.coordinator.take();
        let id = std::mem::take(&mut self.id);
        let silent = self.client.random.borrow_mut().one_in(3);
        let Some(coordinator) = coordinator.filter(|_| !id.is_empty() && !silent) else { return };
        let request = LeaveGroupRequest::default().with_group_id(group()).with_member_id(id);
        let left =
            self.links.ask(coordinator, 2, &request).await.and_then(|left| ErrorCode::from_code(left.error_code));
        self.client.trace.note(&("left", left));
    }
}
