//! Brokers that come, live and go (KIP-631).
//!
//! A broker registers under an incarnation of its process and gets an epoch; it stays fenced until its first heartbeat that
//! says that it has caught up with its own registration. Who falls silent is fenced by [`super::sessions`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use super::context::Context;
use super::election::{after_broker_change, after_directories_lost, after_unclean_shutdown};
use super::registration;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, NodeId, Offset, Uuid};
use crate::metadata::cluster::BrokerImage;
use crate::metadata::features::{CORDONED_DIRS_LEVEL, METADATA_VERSION};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{self, BrokerEndpoint, BrokerFeature, BrokerRegistrationChange, MetadataRecord};

/// A broker comes up.
#[derive(Clone, Debug)]
pub struct RegisterBroker {
    /// Who.
    pub broker_id: NodeId,
    /// The cluster that it believes to belong to.
    pub cluster_id: String,
    /// Fresh with each start of its process.
    pub incarnation_id: Uuid,
    /// Where it listens.
    pub endpoints: Vec<BrokerEndpoint>,
    /// What it can do.
    pub features: Vec<BrokerFeature>,
    /// Its rack.
    pub rack: Option<String>,
    /// Its log directories.
    pub log_dirs: Vec<Uuid>,
    /// The epoch of its registration before a clean stop, -1 if the last stop was not clean.
    pub previous_epoch: BrokerEpoch,
}

/// A broker says that it is alive.
#[derive(Clone, Debug)]
pub struct BrokerHeartbeat {
    /// Who.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
    /// How far it has applied the metadata.
    pub metadata_offset: Offset,
    /// It wants to be fenced.
    pub want_fence: bool,
    /// It wants to stop.
    pub want_shut_down: bool,
    /// Directories that failed.
    pub offline_log_dirs: Vec<Uuid>,
    /// Directories that take no new replicas (KIP-1066); none if it does not say.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// What the controller thinks of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatReply {
    /// It knows the metadata up to its own registration.
    pub is_caught_up: bool,
    /// It is fenced.
    pub is_fenced: bool,
    /// It may stop now.
    pub should_shut_down: bool,
}

/// A broker is taken out for good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnregisterBroker {
    /// Which.
    pub broker_id: NodeId,
}

/// A broker's process is gone: nobody listens at its port.
#[derive(Clone, Debug)]
pub struct FenceBroker {
    /// Which.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
}

/// Decides a registration.
pub fn register(
    image: &MetadataImage,
    context: &Context,
    operation: &RegisterBroker,
) -> Decision<Result<BrokerEpoch, ApiError>> {
    match try_register(image, context, operation) {
        Ok((records, epoch)) => Decision::new(records, Ok(epoch)),
        Err(error) => Decision::refused(Err(error)),
    }
}

/// True if the process that has the number is taken to be gone, though it is not fenced yet: nothing is heard of it, and who registers
/// has opened a directory of it, which one process at a time can. Either alone does not do: a directory may have been copied to
/// another machine while its broker lives, and a connection that has ended may come back.
fn takes_over(operation: &RegisterBroker, context: &Context, broker: &BrokerImage) -> bool {
    let holds_directory = operation.log_dirs.iter().any(|dir| broker.log_dirs.contains(dir));
    holds_directory && context.gone.contains(&broker.broker_id)
}

fn try_register(
    image: &MetadataImage,
    context: &Context,
    operation: &RegisterBroker,
) -> Result<(Vec<MetadataRecord>, BrokerEpoch), ApiError> {
    let id = operation.broker_id;
    if operation.cluster_id != context.cluster_id {
        let message =
            format!("this is cluster {}, and the broker belongs to {}", context.cluster_id, operation.cluster_id);
        return Err(ApiError::new(ErrorCode::InconsistentClusterId, message));
    }
    let known = image.brokers().get(id);
    let same_process = known.is_some_and(|broker| broker.incarnation_id == operation.incarnation_id);
    if let Some(broker) = known
        && !same_process
        && !broker.fenced
        && !context.is_local(id)
        && !takes_over(operation, context, broker)
    {
        let message =
            format!("node.id {id} is taken by a broker that is alive; each process needs a number of its own");
        return Err(ApiError::new(ErrorCode::DuplicateBrokerRegistration, message));
    }
    registration::check(image, operation)?;
    let epoch = match known {
        Some(broker) if same_process => broker.broker_epoch,
        _ => context.broker_epoch(),
    };
    let mut records = Vec::new();
    match known {
        Some(_) if same_process => {}
        Some(broker) if operation.previous_epoch == broker.broker_epoch => {
            if !broker.fenced {
                records.extend(after_broker_change(image, context, Some(id), None));
            }
        }
        // How it ended is not known; nor of one that was unregistered, and comes back with its disk or with another one.
        _ => records.extend(after_unclean_shutdown(image, context, id)),
    }
    records.push(MetadataRecord::RegisterBroker(record::RegisterBroker {
        broker_id: id,
        incarnation_id: operation.incarnation_id,
        broker_epoch: epoch,
        endpoints: operation.endpoints.clone(),
        features: operation.features.clone(),
        rack: operation.rack.clone(),
        // The same process that registers again, since it missed the answer, is what it was.
        fenced: known.is_none_or(|broker| !same_process || broker.fenced),
        in_controlled_shutdown: known.is_some_and(|broker| same_process && broker.in_controlled_shutdown),
        log_dirs: operation.log_dirs.clone(),
        cordoned_log_dirs: None,
    }));
    Ok((records, epoch))
}

/// Decides a heartbeat.
pub fn heartbeat(
    image: &MetadataImage,
    context: &Context,
    operation: &BrokerHeartbeat,
) -> Decision<Result<HeartbeatReply, ApiError>> {
    let id = operation.broker_id;
    if let Err(error) = check_epoch(image, id, operation.broker_epoch) {
        return Decision::refused(Err(error));
    }
    let Some(broker) = image.brokers().get(id) else {
        return Decision::refused(Err(ErrorCode::BrokerIdNotRegistered.into()));
    };
    let is_caught_up = operation.metadata_offset.0 >= broker.broker_epoch.0;
    let mut change = BrokerRegistrationChange {
        broker_id: id,
        broker_epoch: operation.broker_epoch,
        fenced: None,
        in_controlled_shutdown: false,
        log_dirs: Vec::new(),
        cordoned_log_dirs: None,
    };
    let mut moved = Vec::new();
    let mut should_shut_down = false;
    if broker.fenced {
        should_shut_down = operation.want_shut_down;
        if is_caught_up && !operation.want_fence && !operation.want_shut_down {
            change.fenced = Some(false);
            moved = after_broker_change(image, context, None, Some(id));
        }
    } else if operation.want_fence {
        change.fenced = Some(true);
        moved = after_broker_change(image, context, Some(id), None);
    } else if operation.want_shut_down {
        if !broker.in_controlled_shutdown {
            change.in_controlled_shutdown = true;
            moved = after_broker_change(image, context, Some(id), None);
        }
        // It may go once it leads nothing that another can lead.
        let mut after = image.clone();
        for record in &moved {
            let _ = after.apply(context.next_offset, record);
        }
        should_shut_down = !leads_with_others(&after, id);
        if should_shut_down {
            change.fenced = Some(true);
        }
    }
    let online: Vec<_> =
        broker.log_dirs.iter().copied().filter(|dir| !operation.offline_log_dirs.contains(dir)).collect();
    let unmoved = change.fenced.is_none() && !change.in_controlled_shutdown;
    if online.len() != broker.log_dirs.len() && !online.is_empty() && unmoved {
        tracing::warn!(broker = %id, "a broker has lost log directories");
        moved = after_directories_lost(image, context, id, &online);
        change.log_dirs = online;
    }
    if image.features().level(METADATA_VERSION) >= CORDONED_DIRS_LEVEL {
        change.cordoned_log_dirs = newly_cordoned(broker, operation);
    }
    let is_fenced = change.fenced.unwrap_or(broker.fenced);
    let touched = change.fenced.is_some()
        || change.in_controlled_shutdown
        || !change.log_dirs.is_empty()
        || change.cordoned_log_dirs.is_some();
    let mut records = Vec::new();
    if touched {
        records.push(MetadataRecord::BrokerRegistrationChange(change));
        records.extend(moved);
    }
    Decision::new(records, Ok(HeartbeatReply { is_caught_up, is_fenced, should_shut_down }))
}

/// The directories that take no new replicas, if those are others than before.
fn newly_cordoned(broker: &BrokerImage, operation: &BrokerHeartbeat) -> Option<Vec<Uuid>> {
    let distinct = |dirs: &Vec<Uuid>| dirs.iter().copied().collect::<BTreeSet<_>>();
    let changed = operation.cordoned_log_dirs.as_ref().map(distinct) != broker.cordoned_log_dirs.as_ref().map(distinct);
    operation.cordoned_log_dirs.clone().filter(|_| changed)
}

fn leads_with_others(image: &MetadataImage, id: NodeId) -> bool {
    let waits = |p: &crate::metadata::topics::PartitionImage| p.leader == id && p.isr.iter().any(|other| *other != id);
    image.topics().iter().any(|topic| topic.partitions.iter().any(waits))
}

/// Decides that a silent broker is fenced.
pub fn fence(image: &MetadataImage, context: &Context, id: NodeId) -> Vec<MetadataRecord> {
    let Some(broker) = image.brokers().get(id).filter(|broker| !broker.fenced) else { return Vec::new() };
    let change = MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
        broker_id: id,
        broker_epoch: broker.broker_epoch,
        fenced: Some(true),
        in_controlled_shutdown: false,
        log_dirs: Vec::new(),
        cordoned_log_dirs: None,
    });
    let mut records = after_broker_change(image, context, Some(id), None);
    records.push(change);
    records
}

/// Decides that a broker whose process is gone is fenced, if that process is still the one that is registered.
pub fn fence_gone(image: &MetadataImage, context: &Context, operation: &FenceBroker) -> Decision<()> {
    let FenceBroker { broker_id, broker_epoch } = *operation;
    let current = image.brokers().get(broker_id).is_some_and(|broker| broker.broker_epoch == broker_epoch);
    let records = if current { fence(image, context, broker_id) } else { Vec::new() };
    if !records.is_empty() {
        tracing::info!(broker = %broker_id, "fencing a broker whose process is gone");
    }
    Decision::new(records, ())
}

/// Decides that a broker is taken out.
pub fn unregister(
    image: &MetadataImage,
    context: &Context,
    operation: &UnregisterBroker,
) -> Decision<Result<(), ApiError>> {
    let id = operation.broker_id;
    let Some(broker) = image.brokers().get(id) else {
        let message = format!("no broker has registered as {id}, so there is nothing to take out");
        return Decision::refused(Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, message)));
    };
    let mut records = after_broker_change(image, context, Some(id), None);
    records.push(MetadataRecord::UnregisterBroker(record::UnregisterBroker {
        broker_id: id,
        broker_epoch: broker.broker_epoch,
    }));
    Decision::new(records, Ok(()))
}

/// Refuses who speaks under an old registration.
pub(super) fn check_epoch(image: &MetadataImage, id: NodeId, epoch: BrokerEpoch) -> Result<(), ApiError> {
    match image.brokers().get(id) {
        None => {
            let message = format!("broker {id} has not registered, or was taken out since");
            Err(ApiError::new(ErrorCode::StaleBrokerEpoch, message))
        }
        Some(broker) if broker.broker_epoch != epoch => {
            let message = format!(
                "broker {id} has registered anew since: epoch {epoch} is over, {} has begun",
                broker.broker_epoch
            );
            Err(ApiError::new(ErrorCode::StaleBrokerEpoch, message))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
#[path = "brokers_test.rs"]
mod tests;
