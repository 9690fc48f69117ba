//! A broker with several log directories tells the controller in which of them its replicas are, wherever the metadata do not say
//! so yet: only then can the controller know what a failed directory takes with it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::ids::{BrokerEpoch, PartitionIndex};
use crate::controller::directories::{AssignReplicas, PlacedReplica};
use crate::metadata::image::MetadataImage;
use crate::peer::controller_channel::ControllerChannel;
use crate::replica::manager::ReplicaManager;

/// Replicas in one operation.
const REPLICAS_MAX: usize = 2_000;
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
            let operation = AssignReplicas { broker_id: replicas.node(), broker_epoch, replicas: wrong };
            let why = match controller.submit(operation).await {
                Ok(decided) => match decided.reply {
                    Ok(_) => {
                        // What is refused is about to leave this broker, or belongs to a topic that is being deleted.
                        replicas.wait_applied(decided.offset, Duration::from_secs(10)).await;
                        None
                    }
                    Err(error) => Some(error.to_string()),
                },
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
        let Some(known) = image.topic_by_id(topic.id) else { continue };
        for partition in topic.partitions.iter().flatten() {
            let index: PartitionIndex = partition.name.partition;
            let state = known.partition(index);
            let at = state.and_then(|state| state.replicas.iter().position(|replica| *replica == own).zip(Some(state)));
            let (Some((at, state)), Some(directory)) = (at, logs.directory_of(&partition.log())) else { continue };
            if state.directories.get(at) != Some(&directory) {
                wrong.push(PlacedReplica { topic_id: topic.id, partition: index, directory });
                if wrong.len() == REPLICAS_MAX {
                    return wrong;
                }
            }
        }
    }
    wrong
}
