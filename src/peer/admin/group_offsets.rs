//! OffsetFetch: all that a group has committed.

use std::collections::BTreeMap;

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{GroupId, OffsetFetchRequest};

use super::coordinator::{self, Key};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Offset, PartitionIndex};
use crate::peer::client::{Client, Retry};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::wire;

/// Versions from this one on ask for several groups.
const GROUPS_FROM: i16 = 8;
/// The last version that names topics by name.
const BY_NAME_UNTIL: i16 = 9;

/// Committed offsets by topic and partition.
pub type Committed = BTreeMap<(String, PartitionIndex), Offset>;

/// All that `group` has committed; nothing for a group that is not there.
pub async fn group_offsets(client: &Client, group: &str, retry: &mut Retry) -> Result<Committed, PeerError> {
    coordinator::ask(client, Key::Group(group), retry, async |_, connection| ask(connection, group).await).await
}

async fn ask(connection: &Connection, group: &str) -> Result<Committed, PeerError> {
    let version = connection.version::<OffsetFetchRequest>(BY_NAME_UNTIL)?;
    let id = GroupId(wire::text(group));
    let what = || format!("fetch the offsets of group {group:?}");
    let request = OffsetFetchRequest::default();
    if version < GROUPS_FROM {
        let request = request.with_group_id(id).with_topics(None);
        let answer = connection.send(version, &request).await?.answer().await?;
        wire::check(answer.error_code, None, what)?;
        let topics = answer.topics.into_iter().map(|topic| {
            let of = |p: &kafka_protocol::messages::offset_fetch_response::OffsetFetchResponsePartition| {
                (p.partition_index, p.committed_offset, p.error_code)
            };
            (topic.name.0.to_string(), topic.partitions.iter().map(of).collect())
        });
        return collect(group, topics);
    }
    let wanted = OffsetFetchRequestGroup::default().with_group_id(id).with_topics(None);
    let answer = connection.send(version, &request.with_groups(vec![wanted])).await?.answer().await?;
    let found = answer.groups.into_iter().next();
    let found = found.ok_or_else(|| PeerError::refused(what(), ErrorCode::UnknownServerError, None))?;
    wire::check(found.error_code, None, what)?;
    let topics = found.topics.into_iter().map(|topic| {
        let of = |p: &kafka_protocol::messages::offset_fetch_response::OffsetFetchResponsePartitions| {
            (p.partition_index, p.committed_offset, p.error_code)
        };
        (topic.name.0.to_string(), topic.partitions.iter().map(of).collect())
    });
    collect(group, topics)
}

fn collect(group: &str, topics: impl Iterator<Item = (String, Vec<(i32, i64, i16)>)>) -> Result<Committed, PeerError> {
    let mut all = Committed::new();
    for (topic, partitions) in topics {
        for (index, offset, error) in partitions {
            wire::check(error, None, || format!("fetch the offset of group {group:?} in {topic}-{index}"))?;
            if offset >= 0 {
                all.insert((topic.clone(), PartitionIndex(index)), Offset(offset));
            }
        }
    }
    Ok(all)
}
