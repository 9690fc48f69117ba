//! The metadata, for a broker that is no voter: asked of the active controller, replayed into an image, published.
//!
//! Only committed entries come, and they are asked for from where the image ends; an image that is too far behind, such as the
//! empty one at the start, is replaced by the controller's as a whole. Nothing is kept on disk: what counts is the quorum's.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::controller_channel::{ControllerChannel, Target};
use super::leader_hint::{self, LeaderHint};
use super::node_link::{LinkError, NodeLink};
use crate::base::codec::{Reader, Writer};
use crate::base::error_code::ErrorCode;
use crate::base::ids::Offset;
use crate::base::limits::IMAGE_BYTES_MAX;
use crate::controller::quorum::observer::{self, ObserverError};
use crate::controller::quorum::voters::Voters;
use crate::metadata::image::MetadataImage;
use crate::protocol::internal::InternalApi;

/// How long the controller may wait for something new.
const WAIT: Duration = Duration::from_millis(500);
/// How long its answer may take in all: for what is new, as long as a voter waits for its leader; for a piece of an image, longer.
const NEWS_LIMIT: Duration = Duration::from_millis(2500);
const PIECE_LIMIT: Duration = Duration::from_secs(5);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_millis(50);

/// Why a round brought nothing.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("it does not lead")]
    NotController(Option<LeaderHint>),
    #[error("it refuses: {0}")]
    Refused(ErrorCode),
    #[error(transparent)]
    Observer(#[from] ObserverError),
    #[error("its image of {0} bytes is too large")]
    TooLarge(u64),
    #[error("its image changed or stands still while it is fetched")]
    Changed,
}

/// The question for what is behind `after`.
pub fn put_follow(after: Offset) -> Vec<u8> {
    let mut out = Writer::new();
    out.i64(after.0);
    out.i32(WAIT.as_millis() as i32);
    out.into_vec()
}

/// The question, read: the offset, and how long to wait.
pub fn follow_of(bytes: &[u8]) -> Option<(Offset, Duration)> {
    let mut from = Reader::new(bytes);
    let (after, wait_ms) = (from.i64().ok()?, from.i32().ok()?);
    Some((Offset(after), Duration::from_millis(u64::try_from(wait_ms).ok()?).min(WAIT)))
}

/// The question for a piece of an image.
pub fn put_fetch(end: Offset, position: u64) -> Vec<u8> {
    let mut out = Writer::new();
    out.i64(end.0);
    out.u64(position);
    out.into_vec()
}

/// The question, read: which image, from where on.
pub fn fetch_of(bytes: &[u8]) -> Option<(Offset, u64)> {
    let mut from = Reader::new(bytes);
    Some((Offset(from.i64().ok()?), from.u64().ok()?))
}

/// Runs until nobody looks at the images any more.
pub async fn follow(
    channel: ControllerChannel,
    images: watch::Sender<Arc<MetadataImage>>,
    voters: watch::Sender<Arc<Voters>>,
) {
    let mut silent = false;
    while !images.is_closed() {
        let Target::Remote(id, link) = channel.target() else { return };
        let image = images.borrow().clone();
        match round(&link, &image).await {
            Ok(Some((next, changed))) => {
                silent = false;
                channel.remember_leader(Some(id));
                if let Some(changed) = changed {
                    voters.send_replace(Arc::new(changed));
                }
                images.send_replace(Arc::new(next));
            }
            Ok(None) => {
                silent = false;
                channel.remember_leader(Some(id));
            }
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    tracing::info!(node = %id, %error, "looking for the active controller");
                }
                match error {
                    FollowError::NotController(Some(hint)) => channel.follow_hint(hint),
                    _ => channel.forget_leader(),
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn ask(link: &NodeLink, api: InternalApi, payload: &[u8], limit: Duration) -> Result<bytes::Bytes, FollowError> {
    let answer = link.ask(api, payload, limit).await?;
    match answer.error {
        ErrorCode::None => Ok(answer.payload),
        ErrorCode::NotController => Err(FollowError::NotController(leader_hint::read(&answer))),
        error => Err(FollowError::Refused(error)),
    }
}

/// One question and its answer: the image that follows, if it differs, and who votes, if that changed.
async fn round(link: &NodeLink, image: &MetadataImage) -> Result<Option<(MetadataImage, Option<Voters>)>, FollowError> {
    let answer = ask(link, InternalApi::FollowMetadata, &put_follow(image.offset()), NEWS_LIMIT).await?;
    match observer::take(image, &answer)? {
        Some(next) => Ok((next.0.offset() > image.offset()).then_some(next)),
        None => {
            let (whole, voters) = fetch(link).await?;
            tracing::info!(before = %image.offset(), after = %whole.offset(), "the metadata came as a whole: this node was too far behind");
            Ok(Some((whole, Some(voters))))
        }
    }
}

/// The controller's image, piece by piece, and who votes.
async fn fetch(link: &NodeLink) -> Result<(MetadataImage, Voters), FollowError> {
    let mut bytes = Vec::new();
    let mut end = Offset::NONE;
    loop {
        let answer = ask(link, InternalApi::FetchImage, &put_fetch(end, bytes.len() as u64), PIECE_LIMIT).await?;
        let piece = observer::piece(&answer)?;
        if piece.total > IMAGE_BYTES_MAX {
            return Err(FollowError::TooLarge(piece.total));
        }
        let changed = !bytes.is_empty() && piece.end != end;
        if changed || (piece.bytes.is_empty() && (bytes.len() as u64) < piece.total) {
            return Err(FollowError::Changed);
        }
        end = piece.end;
        bytes.extend_from_slice(piece.bytes);
        if bytes.len() as u64 >= piece.total {
            return Ok(observer::whole(end, piece.epoch, &bytes)?);
        }
    }
}
