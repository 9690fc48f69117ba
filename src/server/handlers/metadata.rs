//! Metadata (3), versions 0-13. The brokers, and the topics asked for with their partitions and leaders.
//!
//! - v0: no topics named means all; a replica that is down makes its partition an error
//! - v1: null means all, none means none; controller, racks, internal topics
//! - v2: cluster id
//! - v4: the client may forbid auto-creation
//! - v5: offline replicas (KIP-112)
//! - v6: a leader without the listener has an error of its own, `LISTENER_NOT_FOUND`
//! - v7: leader epochs (KIP-320)
//! - v8: authorized operations (KIP-430); v11: the cluster's moved to DescribeCluster
//! - v10: topic ids in the answer, v12: in the question (KIP-516)
//! - v13: an error of the whole answer (KIP-1102)
//!
//! A topic that does not exist is created if the client and `auto.create.topics.enable` allow it. Kafka answers before it is
//! there and lets the client ask again; here the answer waits for it as long as a client would, so that mostly the first one is
//! already right.

use std::collections::HashSet;
use std::sync::Arc;

use kafka_protocol::messages::metadata_request::MetadataRequest;
use kafka_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{self, NodeId};
use crate::base::topic_name;
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::{PartitionImage, TopicImage};
use crate::server::auto_topics;
use crate::server::cluster_view::{self, BrokerView, CLUSTER_OPERATIONS, OPERATIONS_OMITTED, TOPIC_OPERATIONS};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The first version that takes topic ids.
const TOPIC_ID_VERSION_MIN: i16 = 12;
/// The first version that tells a missing listener from a missing leader.
const LISTENER_NOT_FOUND_VERSION_MIN: i16 = 6;
/// The versions that tell the operations on a topic, and on the cluster.
const TOPIC_OPERATIONS_VERSION_MIN: i16 = 8;
const CLUSTER_OPERATIONS_VERSION_MAX: i16 = 10;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: MetadataRequest = request.decode()?;
    let version = request.version();
    let Some(asked) = Asked::of(version, &body) else { return request.now(&refused(&body)) };
    let image = ctx.metadata();
    let may_create = ctx.config.auto_create_topics_enable() && body.allow_auto_topic_creation;
    let missing = if may_create { asked.missing(&image) } else { Vec::new() };
    if missing.is_empty() {
        let view = View::new(&image, &request.connection.listener, version);
        return request.now(&view.answer(&ctx.cluster_id, &asked, &body));
    }
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        auto_topics::create(&ctx, missing).await;
        let image = ctx.metadata();
        let view = View::new(&image, &request.connection.listener, version);
        request.respond(&view.answer(&ctx.cluster_id, &asked, &body))
    }))
}

/// What is asked for, each once.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Names(Vec<TopicName>),
    Ids(Vec<ids::Uuid>),
}

impl Asked {
    /// None if the request contradicts its version.
    fn of(version: i16, body: &MetadataRequest) -> Option<Self> {
        let topics = match &body.topics {
            None => return Some(Self::All),
            Some(topics) if topics.is_empty() && version == 0 => return Some(Self::All),
            Some(topics) => topics,
        };
        let ids: Vec<_> = topics.iter().map(|topic| topic.topic_id).filter(|id| !id.is_nil()).collect();
        if version < TOPIC_ID_VERSION_MIN && (!ids.is_empty() || topics.iter().any(|topic| topic.name.is_none())) {
            return None;
        }
        let mut seen_ids = HashSet::new();
        let ids: Vec<_> =
            ids.into_iter().map(|id| ids::Uuid(id.into_bytes())).filter(|id| seen_ids.insert(*id)).collect();
        if !ids.is_empty() {
            return Some(Self::Ids(ids));
        }
        let mut seen = HashSet::new();
        let names =
            topics.iter().filter_map(|topic| topic.name.clone()).filter(|name| seen.insert(name.clone())).collect();
        Some(Self::Names(names))
    }

    /// Names that could be created.
    fn missing(&self, image: &MetadataImage) -> Vec<String> {
        let Self::Names(names) = self else { return Vec::new() };
        let creatable = |name: &&TopicName| image.topic(name).is_none() && topic_name::check(name).is_ok();
        names.iter().filter(creatable).map(|name| name.to_string()).collect()
    }
}

/// The metadata as a client of one listener and version is told of it.
struct View<'a> {
    image: &'a MetadataImage,
    listener: &'a str,
    version: i16,
}

impl<'a> View<'a> {
    fn new(image: &'a MetadataImage, listener: &'a str, version: i16) -> Self {
        Self { image, listener, version }
    }

    fn answer(&self, cluster_id: &str, asked: &Asked, body: &MetadataRequest) -> MetadataResponse {
        let mut topics = self.topics(asked);
        if self.version >= TOPIC_OPERATIONS_VERSION_MIN && body.include_topic_authorized_operations {
            for topic in topics.iter_mut().filter(|topic| topic.error_code != ErrorCode::UnknownTopicId.code()) {
                topic.topic_authorized_operations = TOPIC_OPERATIONS;
            }
        }
        let tells_cluster = (TOPIC_OPERATIONS_VERSION_MIN..=CLUSTER_OPERATIONS_VERSION_MAX).contains(&self.version);
        let operations = match tells_cluster && body.include_cluster_authorized_operations {
            true => CLUSTER_OPERATIONS,
            false => OPERATIONS_OMITTED,
        };
        let brokers = cluster_view::alive_brokers(self.image, self.listener);
        let controller = cluster_view::controller_of(&brokers);
        MetadataResponse::default()
            .with_brokers(brokers.into_iter().map(broker).collect())
            .with_cluster_id(Some(StrBytes::from_string(cluster_id.to_owned())))
            .with_controller_id(BrokerId(controller.0))
            .with_topics(topics)
            .with_cluster_authorized_operations(operations)
    }

    fn topics(&self, asked: &Asked) -> Vec<MetadataResponseTopic> {
        match asked {
            Asked::All => self.image.topics().iter().map(|topic| self.topic(topic)).collect(),
            Asked::Ids(ids) => ids.iter().map(|id| self.topic_by_id(*id)).collect(),
            Asked::Names(names) => names.iter().map(|name| self.topic_by_name(name)).collect(),
        }
    }

    fn topic_by_id(&self, id: ids::Uuid) -> MetadataResponseTopic {
        match self.image.topic_by_id(id) {
            Some(topic) => self.topic(topic),
            None => MetadataResponseTopic::default()
                .with_error_code(ErrorCode::UnknownTopicId.code())
                .with_name(None)
                .with_topic_id(Uuid::from_bytes(id.0)),
        }
    }

    fn topic_by_name(&self, name: &TopicName) -> MetadataResponseTopic {
        let code = match self.image.topic(name) {
            Some(topic) => return self.topic(topic),
            None if topic_name::check(name).is_err() => ErrorCode::InvalidTopicException,
            None => ErrorCode::UnknownTopicOrPartition,
        };
        MetadataResponseTopic::default()
            .with_error_code(code.code())
            .with_name(Some(name.clone()))
            .with_is_internal(topic_name::is_internal(name))
    }

    fn topic(&self, topic: &TopicImage) -> MetadataResponseTopic {
        let partitions = topic.partitions.iter().zip(0..);
        MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_string(topic.name.to_string()))))
            .with_topic_id(Uuid::from_bytes(topic.id.0))
            .with_is_internal(topic_name::is_internal(&topic.name))
            .with_partitions(partitions.map(|(partition, index)| self.partition(index, partition)).collect())
    }

    fn partition(&self, index: i32, partition: &PartitionImage) -> MetadataResponsePartition {
        let view = cluster_view::partition(self.image, partition, self.listener);
        let replicas = self.told(&partition.replicas);
        let isr = self.told(&partition.isr);
        let code = match view.leader {
            Some(_) if replicas.len() < partition.replicas.len() || isr.len() < partition.isr.len() => {
                ErrorCode::ReplicaNotAvailable
            }
            Some(_) => ErrorCode::None,
            None if view.lacks_listener && self.version >= LISTENER_NOT_FOUND_VERSION_MIN => {
                ErrorCode::ListenerNotFound
            }
            None => ErrorCode::LeaderNotAvailable,
        };
        MetadataResponsePartition::default()
            .with_error_code(code.code())
            .with_partition_index(index)
            .with_leader_id(BrokerId(view.leader.unwrap_or(NodeId::NONE).0))
            .with_leader_epoch(view.leader_epoch.0)
            .with_replica_nodes(replicas)
            .with_isr_nodes(isr)
            .with_offline_replicas(view.offline.iter().map(|id| BrokerId(id.0)).collect())
    }

    /// Replicas as the version tells them: version 0 leaves out those that are down.
    fn told(&self, nodes: &[NodeId]) -> Vec<BrokerId> {
        let told = |id: &&NodeId| self.version > 0 || cluster_view::is_reachable(self.image, **id, self.listener);
        nodes.iter().filter(told).map(|id| BrokerId(id.0)).collect()
    }
}

fn broker(view: BrokerView) -> MetadataResponseBroker {
    MetadataResponseBroker::default()
        .with_node_id(BrokerId(view.id.0))
        .with_host(StrBytes::from_string(view.host))
        .with_port(view.port)
        .with_rack(view.rack.map(StrBytes::from_string))
}

/// A request that contradicts its version: every topic gets the error.
fn refused(body: &MetadataRequest) -> MetadataResponse {
    let code = ErrorCode::InvalidRequest.code();
    let topics = body.topics.iter().flatten().map(|topic| {
        MetadataResponseTopic::default()
            .with_error_code(code)
            .with_name(Some(topic.name.clone().unwrap_or_default()))
            .with_topic_id(topic.topic_id)
    });
    MetadataResponse::default().with_topics(topics.collect()).with_error_code(code)
}

#[cfg(test)]
#[path = "metadata_test.rs"]
mod tests;
