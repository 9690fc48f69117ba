//! What committed entries add up to: the image, kept in memory, published whole after each entry.
//!
//! The image is rebuilt on start from the newest snapshot and the entries behind it. An entry takes effect as a whole: it is
//! applied to a copy, and the copy becomes the image only if every record fits. One that does not fit stops the node.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use openraft::storage::{RaftStateMachine, Snapshot as RaftSnapshot};
use openraft::{AnyError, EntryPayload, OptionalSend, RaftSnapshotBuilder, SnapshotMeta, StorageIOError};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::snapshot::{self, Snapshot, SnapshotError};
use super::types::{Entry, EntryId, Failure, QuorumTypes, StoredMembership, epoch, offset};
use super::voters::Member;
use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::machine::blocking;
use crate::metadata::image::{ApplyError, MetadataImage};

/// The applied state. Clones share it.
#[derive(Clone)]
pub struct StateMachine {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    clock: SharedClock,
    applied: Mutex<Applied>,
    published: watch::Sender<Arc<MetadataImage>>,
    /// The newest snapshot's bytes are read from its file when they are asked for; this is who it is.
    current: Mutex<Option<SnapshotMeta<u64, Member>>>,
    kept: watch::Sender<Kept>,
    /// Held while a snapshot's file is written, put in the place of another, or read: openraft makes snapshots beside all else.
    files: tokio::sync::Mutex<()>,
}

/// What the newest snapshot holds on the disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// Its last entry.
    pub last: Option<EntryId>,
    /// One could not be written: this node is about to end.
    pub failed: bool,
}

#[derive(Clone)]
struct Applied {
    last: Option<EntryId>,
    membership: StoredMembership,
    image: MetadataImage,
}

/// A record that does not fit what came before it.
#[derive(Debug, thiserror::Error)]
#[error("the entry at offset {at} cannot be applied: {source}")]
struct Unfit {
    at: crate::base::ids::Offset,
    source: ApplyError,
}

impl StateMachine {
    /// From the newest snapshot in `dir`, or from nothing.
    pub fn open(dir: PathBuf, clock: SharedClock) -> Result<Self, SnapshotError> {
        let newest = snapshot::newest(&dir)?.map(|(snapshot, _)| snapshot);
        let current = newest.as_ref().map(meta);
        let applied = match newest {
            Some(s) => Applied { last: s.last, membership: s.membership, image: s.image },
            None => Applied { last: None, membership: StoredMembership::default(), image: MetadataImage::default() },
        };
        let (published, _) = watch::channel(Arc::new(applied.image.clone()));
        let (kept, _) =
            watch::channel(Kept { last: current.as_ref().and_then(|meta| meta.last_log_id), failed: false });
        let (applied, current, files) = (Mutex::new(applied), Mutex::new(current), tokio::sync::Mutex::default());
        let shared = Shared { dir, clock, applied, published, current, kept, files };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The image of what is applied.
    pub fn image(&self) -> Arc<MetadataImage> {
        self.shared.published.borrow().clone()
    }

    /// Follows the images.
    pub fn subscribe(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.shared.published.subscribe()
    }

    /// What is applied now, as a snapshot's bytes: the first offset that is not in it, the epoch of the last that is. Blocks.
    pub fn as_snapshot(&self, now: Millis) -> Result<(Offset, LeaderEpoch, Bytes), SnapshotError> {
        let whole = self.now();
        let place = whole.last.as_ref().map_or((Offset(0), LeaderEpoch(0)), |id| (offset(id).plus(1), epoch(id)));
        Ok((place.0, place.1, whole.encode(now)?.into()))
    }

    /// Follows what snapshots hold.
    pub fn kept(&self) -> watch::Receiver<Kept> {
        self.shared.kept.subscribe()
    }

    /// The last entry in the newest snapshot.
    pub fn snapshot_end(&self) -> Option<EntryId> {
        self.shared.current.lock().as_ref().and_then(|meta| meta.last_log_id)
    }

    /// What is applied now.
    pub(super) fn now(&self) -> Snapshot {
        let Applied { last, membership, image } = self.shared.applied.lock().clone();
        Snapshot { last, membership, image }
    }

    /// Makes `whole` the newest snapshot, if none is newer.
    pub(super) async fn keep(&self, whole: Snapshot) -> Result<RaftSnapshot<QuorumTypes>, Failure> {
        let meta = meta(&whole);
        let now = self.shared.clock.wall();
        let encoded = blocking::run(move || whole.encode(now)).await;
        let bytes = match encoded {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Err(StorageIOError::write_snapshot(None, AnyError::error(error)).into()),
            Err(error) => return Err(StorageIOError::write_snapshot(None, AnyError::error(error)).into()),
        };
        self.save(bytes.clone(), meta.clone()).await?;
        Ok(RaftSnapshot { meta, snapshot: Box::new(Cursor::new(bytes)) })
    }

    /// Takes a snapshot that came from the leader for all that is applied.
    async fn take(&self, meta: &SnapshotMeta<u64, Member>, bytes: Vec<u8>) -> Result<(), Failure> {
        let mut whole = Snapshot::decode(meta.last_log_id, &bytes)
            .map_err(|error| StorageIOError::read_snapshot(Some(meta.signature()), AnyError::error(error)))?;
        whole.membership = meta.last_membership.clone();
        // The name is ours, whatever the sender calls it.
        let meta = self::meta(&whole);
        tracing::info!(
            snapshot = meta.snapshot_id,
            bytes = bytes.len(),
            "the leader sends a snapshot: its log has no longer what follows ours"
        );
        self.save(bytes, meta).await?;
        let image = Arc::new(whole.image.clone());
        *self.shared.applied.lock() = Applied { last: whole.last, membership: whole.membership, image: whole.image };
        self.shared.published.send_replace(image);
        Ok(())
    }

    /// Puts a snapshot in the place of the one before. One that is older than that, since the leader has sent a newer one while it
    /// was made, is dropped: the log before the newer one may be gone.
    async fn save(&self, bytes: Vec<u8>, meta: SnapshotMeta<u64, Member>) -> Result<(), Failure> {
        let _alone = self.shared.files.lock().await;
        if self.snapshot_end() > meta.last_log_id {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let name = meta.snapshot_id.clone();
        let saved = blocking::run(move || snapshot::install(&shared.dir, &name, &bytes)).await;
        match saved {
            Ok(Ok(())) => {
                self.shared.kept.send_modify(|kept| kept.last = meta.last_log_id);
                *self.shared.current.lock() = Some(meta);
                Ok(())
            }
            Ok(Err(error)) => Err(StorageIOError::write_snapshot(None, AnyError::error(error)).into()),
            Err(error) => Err(StorageIOError::write_snapshot(None, AnyError::error(error)).into()),
        }
    }
}

fn meta(snapshot: &Snapshot) -> SnapshotMeta<u64, Member> {
    SnapshotMeta {
        last_log_id: snapshot.last,
        last_membership: snapshot.membership.clone(),
        snapshot_id: snapshot.file_name(),
    }
}

fn apply(applied: &mut Applied, entry: Entry) -> Result<(), Unfit> {
    let at = offset(&entry.log_id);
    match entry.payload {
        EntryPayload::Blank => {}
        EntryPayload::Normal(batch) => {
            let mut next = applied.image.clone();
            for record in &batch.records {
                next.apply(at, record).map_err(|source| Unfit { at, source })?;
            }
            applied.image = next;
        }
        EntryPayload::Membership(membership) => {
            applied.membership = StoredMembership::new(Some(entry.log_id), membership);
        }
    }
    applied.image.advance(at);
    applied.last = Some(entry.log_id);
    Ok(())
}

impl RaftStateMachine<QuorumTypes> for StateMachine {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<EntryId>, StoredMembership), Failure> {
        let applied = self.shared.applied.lock();
        Ok((applied.last, applied.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<()>, Failure>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut answers = Vec::new();
        let image = {
            let mut applied = self.shared.applied.lock();
            for entry in entries {
                let id = entry.log_id;
                apply(&mut applied, entry).map_err(|error| StorageIOError::apply(id, AnyError::error(error)))?;
                answers.push(());
            }
            Arc::new(applied.image.clone())
        };
        self.shared.published.send_replace(image);
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, Failure> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, Member>,
        received: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), Failure> {
        let taken = self.take(meta, received.into_inner()).await;
        if taken.is_err() {
            self.shared.kept.send_modify(|kept| kept.failed = true);
        }
        taken
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<RaftSnapshot<QuorumTypes>>, Failure> {
        let _alone = self.shared.files.lock().await;
        let Some(meta) = self.shared.current.lock().clone() else { return Ok(None) };
        let read = crate::log::disk::read_bytes(&self.shared.dir.join(&meta.snapshot_id))
            .map_err(|error| StorageIOError::read_snapshot(Some(meta.signature()), AnyError::error(error)))?;
        Ok(read.map(|bytes| RaftSnapshot { meta, snapshot: Box::new(Cursor::new(bytes)) }))
    }
}

impl RaftSnapshotBuilder<QuorumTypes> for StateMachine {
    async fn build_snapshot(&mut self) -> Result<RaftSnapshot<QuorumTypes>, Failure> {
        self.keep(self.now()).await
    }
}
