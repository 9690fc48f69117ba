//! The facts of a cluster, one record each: Kafka's metadata record kinds and their fields.
//!
//! Held here are the kinds that this server writes. A record says what is true from its offset on; what the sum of all records
//! says is [`super::image`]. How a record looks in bytes is known to [`super::record_codec`] only.

use serde::{Deserialize, Serialize};

use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, ProducerId, TopicName, Uuid};

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub enum MetadataRecord {
    /// A broker is registered (kind 0).
    RegisterBroker(RegisterBroker),
    /// A broker's registration is taken away (kind 1).
    UnregisterBroker(UnregisterBroker),
    /// A topic exists (kind 2).
    Topic(Topic),
    /// A partition exists (kind 3).
    Partition(Partition),
    /// A setting of a resource has a value, or has none any more (kind 4).
    Config(Config),
    /// Something of a partition's state changed (kind 5).
    PartitionChange(PartitionChange),
    /// A topic is gone, with its partitions and settings (kind 9).
    RemoveTopic {
        /// Which.
        topic_id: Uuid,
    },
    /// A user's SCRAM credential (kind 11).
    UserScramCredential(UserScramCredential),
    /// A feature is finalized at a level; at level 0 it is off (kind 12).
    FeatureLevel(FeatureLevel),
    /// A client quota is set or removed (kind 14).
    ClientQuota(ClientQuota),
    /// Producer ids below the next one are handed out (kind 15).
    ProducerIds(ProducerIds),
    /// A broker was fenced or unfenced, or its directories changed (kind 17).
    BrokerRegistrationChange(BrokerRegistrationChange),
    /// An ACL exists (kind 18).
    AccessControlEntry(AccessControlEntry),
    /// An ACL is gone (kind 19).
    RemoveAccessControlEntry {
        /// Which.
        id: Uuid,
    },
    /// Nothing: time passed (kind 20).
    NoOp,
    /// A SCRAM credential is gone (kind 22).
    RemoveUserScramCredential {
        /// The user.
        name: String,
        /// Of which mechanism.
        mechanism: i8,
    },
}

/// Where a broker can be reached under one of its listeners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerEndpoint {
    /// The listener's name, such as `PLAINTEXT`.
    pub name: String,
    /// The host that clients are told.
    pub host: String,
    /// The port that clients are told.
    pub port: u16,
    /// Kafka's number: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    pub security_protocol: i16,
}

/// The levels of a feature that a broker can work with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerFeature {
    /// The feature.
    pub name: String,
    /// Lowest level.
    pub min: i16,
    /// Highest level.
    pub max: i16,
}

/// A broker as it presented itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterBroker {
    /// Who.
    pub broker_id: NodeId,
    /// Fresh with each start of the process.
    pub incarnation_id: Uuid,
    /// The offset of this record: given by the controller.
    pub broker_epoch: BrokerEpoch,
    /// Its listeners.
    pub endpoints: Vec<BrokerEndpoint>,
    /// What it can do.
    pub features: Vec<BrokerFeature>,
    /// `broker.rack`
    pub rack: Option<String>,
    /// A fenced broker leads nothing and is shown to no client.
    pub fenced: bool,
    /// It is moving its leaderships away and will stop.
    pub in_controlled_shutdown: bool,
    /// The ids of its working log directories.
    pub log_dirs: Vec<Uuid>,
    /// Log directories that take no new replicas (KIP-1066); `None` until the broker says.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// Ends a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnregisterBroker {
    /// Who.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
}

/// A topic's name and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: TopicName,
    /// Its id, never used again for another.
    pub topic_id: Uuid,
}

/// A partition, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Which, within its topic.
    pub partition: PartitionIndex,
    /// Of which topic.
    pub topic_id: Uuid,
    /// In order of preference.
    pub replicas: Vec<NodeId>,
    /// The replicas that are in sync.
    pub isr: Vec<NodeId>,
    /// Replicas that a reassignment takes away.
    pub removing: Vec<NodeId>,
    /// Replicas that a reassignment adds.
    pub adding: Vec<NodeId>,
    /// Who leads; none is -1.
    pub leader: NodeId,
    /// Kafka's number: 0 recovered, 1 recovering from an unclean election.
    pub leader_recovery_state: i8,
    /// Grows with each election.
    pub leader_epoch: LeaderEpoch,
    /// Grows with each change.
    pub partition_epoch: PartitionEpoch,
    /// Per replica, in the order of `replicas`: the id of its log directory.
    pub directories: Vec<Uuid>,
    /// Replicas that may lead though not in sync (KIP-966).
    pub eligible_leader_replicas: Vec<NodeId>,
    /// The last that could lead (KIP-966).
    pub last_known_elr: Vec<NodeId>,
}

/// What changed in a partition; `None` where nothing did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartitionChange {
    /// Which, within its topic.
    pub partition: PartitionIndex,
    /// Of which topic.
    pub topic_id: Uuid,
    /// The new in-sync replicas.
    pub isr: Option<Vec<NodeId>>,
    /// The leader elected, even if it is the old one: the leader epoch grows.
    pub leader: Option<NodeId>,
    /// The new replicas.
    pub replicas: Option<Vec<NodeId>>,
    /// The new replicas to be removed.
    pub removing: Option<Vec<NodeId>>,
    /// The new replicas to be added.
    pub adding: Option<Vec<NodeId>>,
    /// The new recovery state.
    pub leader_recovery_state: Option<i8>,
    /// The new directories, one per replica.
    pub directories: Option<Vec<Uuid>>,
    /// The new eligible leaders.
    pub eligible_leader_replicas: Option<Vec<NodeId>>,
    /// The new last known eligible leaders.
    pub last_known_elr: Option<Vec<NodeId>>,
}

/// One key of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Kafka's number of the resource type, see [`super::configs::ResourceType`].
    pub resource_type: i8,
    /// The resource.
    pub resource_name: String,
    /// The key.
    pub name: String,
    /// The value; `None` takes the setting away.
    pub value: Option<String>,
}

/// What a server keeps of a password (RFC 5802).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserScramCredential {
    /// The user.
    pub name: String,
    /// Kafka's number: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512.
    pub mechanism: i8,
    /// Random bytes.
    pub salt: Vec<u8>,
    /// Proves the client to the server.
    pub stored_key: Vec<u8>,
    /// Proves the server to the client.
    pub server_key: Vec<u8>,
    /// How often the hash goes round.
    pub iterations: i32,
}

impl std::fmt::Debug for UserScramCredential {
    // The keys must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserScramCredential({:?}, mechanism {}, {} iterations)", self.name, self.mechanism, self.iterations)
    }
}

/// A finalized feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureLevel {
    /// The feature.
    pub name: String,
    /// Its level; 0 takes it away.
    pub level: i16,
}

/// A quota's entity: pairs of type (`user`, `client-id`, `ip`) and name; no name is the default of that type.
pub type QuotaEntity = Vec<(String, Option<String>)>;

/// One key of one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientQuota {
    /// Whom it concerns.
    pub entity: QuotaEntity,
    /// What is limited.
    pub key: String,
    /// The limit; `None` takes it away.
    pub value: Option<f64>,
}

/// A block of producer ids was given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerIds {
    /// To whom.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
    /// The first id of the block that comes next.
    pub next_producer_id: ProducerId,
}

/// A change to a registration; `None` where nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerRegistrationChange {
    /// Who.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
    /// Fenced or unfenced.
    pub fenced: Option<bool>,
    /// True if it entered controlled shutdown; there is no way back but a new registration.
    pub in_controlled_shutdown: bool,
    /// Its working log directories; empty is no change.
    pub log_dirs: Vec<Uuid>,
    /// Its cordoned log directories.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// One ACL. The numbers are Kafka's (`ResourceType`, `PatternType`, `AclOperation`, `AclPermissionType`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessControlEntry {
    /// Its id.
    pub id: Uuid,
    /// Topic, group, cluster, …
    pub resource_type: i8,
    /// Which, or a prefix, or `*`.
    pub resource_name: String,
    /// Literal or prefixed.
    pub pattern_type: i8,
    /// Whom it concerns, such as `User:alice`.
    pub principal: String,
    /// From where, or `*`.
    pub host: String,
    /// To do what.
    pub operation: i8,
    /// Allowed or denied.
    pub permission_type: i8,
}
