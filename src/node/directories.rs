//! A broker with several log directories tells the controller in which of them its replicas are, wherever the metadata do not say
//! so yet: only then can the controller know what a failed directory takes with it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::ids::{BrokerEpoch, NodeId, PartitionIndex};
use crate::controller::directories::{AssignReplicas, PlacedReplica};
use crate::metadata::image::MetadataImage;
use crate::peer::controller_channel::ControllerChannel;
use crate::replica::manager::ReplicaManager;

/// Replicas in one operation.
const REPLICAS_MAX: usize = 2_000;
/// How long what was told may take to be applied here.
const APPLY_LIMIT: Duration = Duration::from_secs(10);
/// Pause before it is tried again, or changes that follow each other closely are told together.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until the task is dropped.
pub async fn report(replicas: Arc<ReplicaManager>, controller: ControllerChannel, broker_epoch: BrokerEpoch) {
    let mut images = replicas.subscribe();
    loop {
        let image = images.borrow_and_update().clone();
        let wrong = told_wrong(&replicas, &image);
        if wrong.is_empty() {
            tokio::select! {
                changed = images.changed() => if changed.is_err() { return },
                () = replicas.moves().one_moved() => {}
            }
        } else {
            let operation = AssignReplicas { broker_id: replicas.node(), broker_epoch, replicas: wrong.clone() };
            let why = match controller.request(operation).await {
                Ok(Ok(results)) => {
                    // What is refused is about to leave this broker, or belongs to a topic that is being deleted.
                    let taken: Vec<_> = wrong
                        .into_iter()
                        .zip(results)
                        .filter(|(_, result)| result.is_ok())
                        .map(|(told, _)| told)
                        .collect();
                    let own = replicas.node();
                    replicas
                        .wait_until(|image| taken.iter().all(|told| !is_wrong(image, own, told)), APPLY_LIMIT)
                        .await;
                    None
                }
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(why) = why {
                tracing::warn!(why, "the controller could not be told where replicas are");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn told_wrong(replicas: &ReplicaManager, image: &MetadataImage) -> Vec<PlacedReplica> {
    let (own, logs) = (replicas.node(), replicas.logs());
    let mut wrong = Vec::new();
    for topic in replicas.hosted().by_id.values() {
        for partition in topic.partitions.iter().flatten() {
            let index: PartitionIndex = partition.name.partition;
            let Some(directory) = logs.directory_of(&partition.log()) else { continue };
            let replica = PlacedReplica { topic_id: topic.id, partition: index, directory };
            if is_wrong(image, own, &replica) {
                wrong.push(replica);
                if wrong.len() == REPLICAS_MAX {
                    return wrong;
                }
            }
        }
    }
    wrong
}

/// Whether the metadata know this replica, but not where it is.
fn is_wrong(image: &MetadataImage, own: NodeId, replica: &PlacedReplica) -> bool {
    let state = image.topic_by_id(replica.topic_id).and_then(|topic| topic.partition(replica.partition));
    let at = state.and_then(|state| state.replicas.iter().position(|id| *id == own).zip(Some(state)));
    at.is_some_and(|(at, state)| state.directories.get(at) != Some(&replica.directory))
}
