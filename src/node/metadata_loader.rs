//! Follows the controller's images and has the replicas apply them, one after the other, off the event loops.

use std::sync::Arc;

use tokio::sync::watch;

use crate::machine::blocking;
use crate::metadata::image::MetadataImage;
use crate::replica::apply_delta;
use crate::replica::manager::ReplicaManager;

/// Runs until the controller's end of the channel is gone. A slow apply skips images in between: each is a whole.
pub async fn follow(mut images: watch::Receiver<Arc<MetadataImage>>, replicas: Arc<ReplicaManager>) {
    loop {
        let next = images.borrow_and_update().clone();
        let applying = Arc::clone(&replicas);
        let applied = blocking::run(move || apply_delta::apply(&applying, next)).await;
        if let Err(error) = applied {
            // Half-applied metadata must not be served from: a panic here is a broken invariant.
            tracing::error!(%error, "applying the metadata failed; the process ends");
            std::process::abort();
        }
        if images.changed().await.is_err() {
            return;
        }
    }
}
