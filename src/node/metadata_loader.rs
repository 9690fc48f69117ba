//! Follows the controller's images and has the replicas apply them, one after the other, off the event loops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::machine::blocking;
use crate::metadata::image::MetadataImage;
use crate::replica::apply_delta;
use crate::replica::manager::ReplicaManager;

/// How often logs that the disk has refused are tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Runs until the controller's end of the channel is gone. A slow apply skips images in between: each is a whole.
///
/// A broker begins with its own registration. What it knew when it went down may be long out of date: it would lead what others
/// lead by now, and in an epoch in which it may have written, and lost, something else.
pub async fn follow(mut images: watch::Receiver<Arc<MetadataImage>>, replicas: Arc<ReplicaManager>) {
    let begin = replicas.beginning().await;
    if images.wait_for(|image| image.offset() >= begin).await.is_err() {
        return;
    }
    let mut again = tokio::time::interval(AGAIN);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let next = images.borrow_and_update().clone();
        run(&replicas, |replicas| apply_delta::apply(replicas, next)).await;
        loop {
            tokio::select! {
                changed = images.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                _ = again.tick(), if replicas.is_lacking() => run(&replicas, apply_delta::open_lacking).await,
            }
        }
    }
}

async fn run(replicas: &Arc<ReplicaManager>, work: impl FnOnce(&ReplicaManager) + Send + 'static) {
    let replicas = Arc::clone(replicas);
    if let Err(error) = blocking::run(move || work(&replicas)).await {
        // Half-applied metadata must not be served from: a panic here is a broken invariant.
        tracing::error!(%error, "applying the metadata failed; the process ends");
        std::process::abort();
    }
}
