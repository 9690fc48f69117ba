//! Creating topics: names, replicas, settings; all or nothing for each topic, the others aside.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use super::configs;
use super::context::Context;
use super::operation::Named;
use super::placement::{self, Assignment};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicName, Uuid};
use crate::base::limits::PARTITIONS_PER_REQUEST_MAX;
use crate::base::topic_name;
use crate::metadata::configs::{Resource, ResourceType, Settings};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{MetadataRecord, Partition, Topic};

/// Topics to create.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CreateTopics {
    /// Which.
    pub topics: Vec<NewTopic>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// A topic to create.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; -1 is the default, or "as assigned".
    pub partitions: i32,
    /// How many replicas of each; -1 is the default, or "as assigned".
    pub replication_factor: i16,
    /// Partition and replicas, where they are chosen by hand.
    pub assignments: Vec<(i32, Vec<NodeId>)>,
    /// Settings.
    pub configs: Vec<(String, Option<String>)>,
}

/// A topic as created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreatedTopic {
    /// Its id.
    pub id: Uuid,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas of the first.
    pub replication_factor: i16,
    /// What was set on it.
    pub overrides: Settings,
}

/// One result for each topic, in the order asked.
pub type CreateTopicsReply = Named<CreatedTopic>;

/// Decides.
pub fn decide(image: &MetadataImage, context: &Context, operation: &CreateTopics) -> Decision<CreateTopicsReply> {
    let mut records = Vec::new();
    let mut reply = Vec::with_capacity(operation.topics.len());
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<&str> =
        operation.topics.iter().map(|topic| topic.name.as_str()).filter(|name| !seen.insert(*name)).collect();
    let mut partitions_left = PARTITIONS_PER_REQUEST_MAX;
    // Topics of this request see each other, so that two names that collide cannot both be made.
    let mut scratch = image.clone();
    for topic in &operation.topics {
        if repeated.contains(topic.name.as_str()) {
            continue;
        }
        let result = create(&scratch, context, topic, &mut partitions_left).map(|(created, topic_records)| {
            for record in &topic_records {
                // What was just decided on this very image fits it.
                let _ = scratch.apply(context.next_offset, record);
            }
            records.extend(topic_records);
            created
        });
        reply.push((topic.name.clone(), result));
    }
    // A name that occurs twice is refused, and answered once.
    let twice = || ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic name.");
    reply.extend(repeated.iter().map(|name| ((*name).to_owned(), Err(twice()))));
    if operation.validate_only {
        records.clear();
    }
    Decision::new(records, reply)
}

type Created = (CreatedTopic, Vec<MetadataRecord>);

fn create(
    image: &MetadataImage,
    context: &Context,
    topic: &NewTopic,
    partitions_left: &mut usize,
) -> Result<Created, ApiError> {
    if topic.name == topic_name::CLUSTER_METADATA {
        let message = format!("{} is the controllers' own log and cannot be made by hand", topic.name);
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    topic_name::check(&topic.name)
        .map_err(|fault| ApiError::new(ErrorCode::InvalidTopicException, fault.to_string()))?;
    if image.topic(&topic.name).is_some() {
        // Scripts look for "already exists".
        let message = format!("a topic {} already exists", topic.name);
        return Err(ApiError::new(ErrorCode::TopicAlreadyExists, message));
    }
    if let Some(known) = collision(image, &topic.name) {
        let message = format!(
            "{} and the topic {known} would share the names of their metrics, in which dots and underscores are one",
            topic.name
        );
        return Err(ApiError::new(ErrorCode::InvalidTopicException, message));
    }
    let overrides = overrides(&topic.configs)?;
    let resource = Resource::new(ResourceType::Topic, topic.name.clone());
    configs::check(image, context, &resource, &overrides)?;
    let assignments = assign(image, context, topic, *partitions_left)?;
    *partitions_left = partitions_left.saturating_sub(assignments.len());

    let id = context.chance.uuid();
    let mut records = vec![MetadataRecord::Topic(Topic { name: TopicName::from(topic.name.as_str()), topic_id: id })];
    records.extend(overrides.iter().map(|(key, value)| configs::record(&resource, key, Some(value.clone()))));
    let created = CreatedTopic {
        id,
        partitions: assignments.len() as i32,
        replication_factor: assignments.first().map_or(0, |a| a.replicas.len() as i16),
        overrides,
    };
    records.extend(
        assignments
            .into_iter()
            .enumerate()
            .map(|(index, assignment)| partition(image, id, PartitionIndex(index as i32), assignment)),
    );
    Ok((created, records))
}

/// A topic whose name differs only in dots and underscores: the two would share the names of their metrics.
fn collision<'a>(image: &'a MetadataImage, name: &str) -> Option<&'a str> {
    if !name.contains(['.', '_']) {
        return None;
    }
    let same = |a: u8, b: u8| a == b || (matches!(a, b'.' | b'_') && matches!(b, b'.' | b'_'));
    let collides = |known: &str| known.len() == name.len() && known.bytes().zip(name.bytes()).all(|(a, b)| same(a, b));
    image.topics().iter().map(|topic| topic.name.as_str()).find(|known| collides(known))
}

fn overrides(given: &[(String, Option<String>)]) -> Result<Settings, ApiError> {
    let nulls: Vec<_> = given.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str()).collect();
    if !nulls.is_empty() {
        let message = format!("a new topic's settings need values; without one: {}", nulls.join(", "));
        return Err(ApiError::new(ErrorCode::InvalidConfig, message));
    }
    Ok(given.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect())
}

fn assign(
    image: &MetadataImage,
    context: &Context,
    topic: &NewTopic,
    partitions_left: usize,
) -> Result<Vec<Assignment>, ApiError> {
    if !topic.assignments.is_empty() {
        return by_hand(image, topic, partitions_left);
    }
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        let message = format!(
            "replication factor {}: allowed: 1 or more, or -1 for default.replication.factor",
            topic.replication_factor
        );
        return Err(ApiError::new(ErrorCode::InvalidReplicationFactor, message));
    }
    if topic.partitions < -1 || topic.partitions == 0 {
        let message = format!("{} partitions: allowed: 1 or more, or -1 for num.partitions", topic.partitions);
        return Err(ApiError::new(ErrorCode::InvalidPartitions, message));
    }
    let partitions = if topic.partitions == -1 { context.default_partitions() } else { topic.partitions };
    let factor =
        if topic.replication_factor == -1 { context.default_replication_factor() } else { topic.replication_factor };
    let partitions = usize::try_from(partitions).unwrap_or(0);
    too_many(partitions, partitions_left)?;
    placement::place(image, context.chance.as_ref(), 0, partitions, factor)
        .map_err(|fault| ApiError::new(ErrorCode::InvalidReplicationFactor, fault))
}

fn by_hand(image: &MetadataImage, topic: &NewTopic, partitions_left: usize) -> Result<Vec<Assignment>, ApiError> {
    let mixed = |what| {
        let message =
            format!("replicas are listed partition by partition, which tells the {what} already; leave that at -1");
        Err(ApiError::new(ErrorCode::InvalidRequest, message))
    };
    if topic.replication_factor != -1 {
        return mixed("replication factor");
    }
    if topic.partitions != -1 {
        return mixed("number of partitions");
    }
    too_many(topic.assignments.len(), partitions_left)?;
    let mut partitions = BTreeMap::new();
    let mut factor = None;
    for (index, replicas) in &topic.assignments {
        let assignment = placement::by_hand(image, replicas, factor)?;
        factor = Some(replicas.len());
        if assignment.isr.is_empty() {
            let message = format!(
                "none of the brokers listed for partition {index} could lead it: all are fenced or shutting down"
            );
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        }
        if partitions.insert(*index, assignment).is_some() {
            let message = format!("replicas of partition {index} are listed twice");
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        }
    }
    let gapless = partitions.keys().copied().eq(0..partitions.len() as i32);
    if !gapless {
        let message = "partitions are numbered from 0 on without a gap";
        return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
    }
    Ok(partitions.into_values().collect())
}

/// Refuses what would make one entry of the log too large to be replicated in one piece.
pub(super) fn too_many(partitions: usize, partitions_left: usize) -> Result<(), ApiError> {
    if partitions <= partitions_left {
        return Ok(());
    }
    let message = format!("a request may create {PARTITIONS_PER_REQUEST_MAX} partitions, not more");
    Err(ApiError::new(ErrorCode::PolicyViolation, message))
}

/// The record of a fresh partition.
pub(super) fn partition(
    image: &MetadataImage,
    topic_id: Uuid,
    index: PartitionIndex,
    assignment: Assignment,
) -> MetadataRecord {
    let leader = assignment.isr.first().copied().unwrap_or(NodeId::NONE);
    let directories = assignment.replicas.iter().map(|replica| placement::default_directory(image, *replica)).collect();
    MetadataRecord::Partition(Partition {
        partition: index,
        topic_id,
        directories,
        replicas: assignment.replicas,
        isr: assignment.isr,
        removing: Vec::new(),
        adding: Vec::new(),
        leader,
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    })
}
