//! The way of one partition's batches to its leader: a few on their way at a time, in order, sent again when it may help.
//!
//! When one fails for a reason that may pass, the lane waits for the answers to those behind it, finds the leader anew and sends
//! all that were not written again, in order. With an identity the broker drops what it already had; without one a batch whose
//! answer was lost may be written twice, as with any producer of that kind.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;

use super::accumulator::ReadyBatch;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Offset};
use crate::peer::client::{Client, Retry};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::metadata::Wanted;
use crate::peer::produce::{self, Acks, Destination, PendingProduce};

/// Requests of one partition that may be on their way: as many as an idempotent producer's state on the broker covers.
const IN_FLIGHT_MAX: usize = 5;

/// A batch was written.
#[derive(Debug, Clone)]
pub struct Written {
    /// The batch's partition, count and size; its bytes are gone.
    pub batch: ReadyBatch,
    /// Its first record's offset, if it was told.
    pub base_offset: Option<Offset>,
}

pub(super) struct Lane {
    pub client: Client,
    pub to: Destination,
    pub acks: Acks,
    pub idempotent: bool,
    pub delivery_timeout: Duration,
    pub batches: mpsc::Receiver<ReadyBatch>,
    pub written: mpsc::UnboundedSender<Written>,
}

impl Lane {
    /// Sends until there is no more to come and all is written.
    pub(super) async fn run(mut self) -> Result<(), PeerError> {
        let mut again: VecDeque<ReadyBatch> = VecDeque::new();
        let mut flying: VecDeque<(ReadyBatch, PendingProduce)> = VecDeque::new();
        let mut retry = Retry::within(self.delivery_timeout).patient();
        let mut more = true;
        loop {
            if !again.is_empty() || (more && flying.len() < IN_FLIGHT_MAX) {
                let next = match again.pop_front() {
                    Some(batch) => Some(batch),
                    // With nothing on its way there is time to wait for a batch; else the oldest answer is waited for as well.
                    None if flying.is_empty() => self.batches.recv().await,
                    None => match self.batches.try_recv() {
                        Ok(batch) => Some(batch),
                        Err(mpsc::error::TryRecvError::Disconnected) => None,
                        Err(mpsc::error::TryRecvError::Empty) => {
                            self.settle(&mut flying, &mut again, &mut retry).await?;
                            continue;
                        }
                    },
                };
                match next {
                    None => more = false,
                    Some(batch) => match self.send(&batch).await {
                        Ok(pending) => flying.push_back((batch, pending)),
                        Err(error) => {
                            // What is on its way comes before this one when it has to be sent again.
                            let behind = std::mem::take(&mut again);
                            self.drain(&mut flying, &mut again).await?;
                            again.push_back(batch);
                            again.extend(behind);
                            self.recover(error, &mut retry).await?;
                        }
                    },
                }
                if again.is_empty() || flying.len() < IN_FLIGHT_MAX {
                    continue;
                }
            }
            if flying.is_empty() {
                return Ok(());
            }
            self.settle(&mut flying, &mut again, &mut retry).await?;
        }
    }

    async fn leader(&self) -> Result<Connection, PeerError> {
        self.client.leader(&self.to.topic, self.to.partition).await
    }

    async fn send(&self, batch: &ReadyBatch) -> Result<PendingProduce, PeerError> {
        let connection = self.leader().await?;
        let timeout = Millis(i64::try_from(self.delivery_timeout.as_millis()).unwrap_or(i64::MAX).min(30_000));
        produce::send(&connection, &self.to, self.acks, timeout, batch.bytes.clone()).await
    }

    /// Waits for the oldest answer.
    async fn settle(
        &self,
        flying: &mut VecDeque<(ReadyBatch, PendingProduce)>,
        again: &mut VecDeque<ReadyBatch>,
        retry: &mut Retry,
    ) -> Result<(), PeerError> {
        let Some((batch, pending)) = flying.pop_front() else { return Ok(()) };
        match self.outcome(pending).await {
            Ok(base_offset) => {
                *retry = Retry::within(self.delivery_timeout).patient();
                self.report(batch, base_offset);
                Ok(())
            }
            Err(error) => {
                if !retry.allows(&error) {
                    return Err(error);
                }
                let behind = std::mem::take(again);
                again.push_back(batch);
                self.drain(flying, again).await?;
                again.extend(behind);
                self.recover(error, retry).await
            }
        }
    }

    /// Waits for the answers of all that are on their way; those not written are to be sent again.
    async fn drain(
        &self,
        flying: &mut VecDeque<(ReadyBatch, PendingProduce)>,
        again: &mut VecDeque<ReadyBatch>,
    ) -> Result<(), PeerError> {
        while let Some((batch, pending)) = flying.pop_front() {
            match self.outcome(pending).await {
                Ok(base_offset) => self.report(batch, base_offset),
                // One before it was refused, so that its sequence did not fit: it will when that one is written.
                Err(error) if error.code() == Some(ErrorCode::OutOfOrderSequenceNumber) => again.push_back(batch),
                Err(error) if error.is_retriable() => again.push_back(batch),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn outcome(&self, pending: PendingProduce) -> Result<Option<Offset>, PeerError> {
        match pending.base_offset().await {
            // It was written the first time; only the answer was lost.
            Err(error) if self.idempotent && error.code() == Some(ErrorCode::DuplicateSequenceNumber) => Ok(None),
            other => other,
        }
    }

    async fn recover(&self, error: PeerError, retry: &mut Retry) -> Result<(), PeerError> {
        retry.pause(error).await?;
        let names = [self.to.topic.clone()];
        match self.client.metadata(Wanted::These(&names), false).await {
            Ok(_) => Ok(()),
            Err(error) => retry.pause(error).await,
        }
    }

    fn report(&self, mut batch: ReadyBatch, base_offset: Option<Offset>) {
        batch.bytes = bytes::Bytes::new();
        // Nobody counts any more once the whole production has failed.
        let _ = self.written.send(Written { batch, base_offset });
    }
}
