//! OffsetCommit by somebody who is no member: puts a group that nobody is in at other offsets.

use std::collections::BTreeMap;

use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{GroupId, OffsetCommitRequest};

use super::coordinator::{self, Key};
use super::group_offsets::Committed;
use crate::base::ids::{Offset, PartitionIndex};
use crate::peer::client::{Client, Retry};
use crate::peer::error::PeerError;
use crate::peer::wire;

/// The last version that names topics by name.
const BY_NAME_UNTIL: i16 = 9;

/// Commits `offsets` for `group`. The coordinator refuses (UNKNOWN_MEMBER_ID) while the group has members.
pub async fn commit_offsets(
    client: &Client,
    group: &str,
    offsets: &Committed,
    retry: &mut Retry,
) -> Result<(), PeerError> {
    let mut by_topic: BTreeMap<&str, Vec<(PartitionIndex, Offset)>> = BTreeMap::new();
    for ((topic, partition), offset) in offsets {
        by_topic.entry(topic).or_default().push((*partition, *offset));
    }
    let topic = |(topic, partitions): (&str, Vec<(PartitionIndex, Offset)>)| {
        let partition = |(index, offset): (PartitionIndex, Offset)| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(index.0)
                .with_committed_offset(offset.0)
                .with_committed_metadata(Some(wire::text("")))
        };
        OffsetCommitRequestTopic::default()
            .with_name(wire::topic(topic))
            .with_partitions(partitions.into_iter().map(partition).collect())
    };
    let request = OffsetCommitRequest::default()
        .with_group_id(GroupId(wire::text(group)))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(by_topic.into_iter().map(topic).collect());
    coordinator::ask(client, Key::Group(group), retry, async |_, connection| {
        let version = connection.version::<OffsetCommitRequest>(BY_NAME_UNTIL)?;
        let answer = connection.send(version, &request).await?.answer().await?;
        for topic in &answer.topics {
            for partition in &topic.partitions {
                wire::check(partition.error_code, None, || {
                    format!("reset group {group:?} in {}-{}", topic.name.as_str(), partition.partition_index)
                })?;
            }
        }
        Ok(())
    })
    .await
}
