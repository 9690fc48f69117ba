//! Incremental fetch sessions (KIP-227): the partitions of a client's fetch are remembered, so that each request names only
//! what changed and each answer carries only what is new.
//!
//! | request | epoch | meaning |
//! |---|---|---|
//! | full, no session | -1 | ends the named session; the answer is complete |
//! | full, new session | 0 | ends the named session, asks for a new one; the answer is complete and carries its id, or 0 if none is free |
//! | incremental | n > 0 | must be the session's next epoch; what the request names is added or changed, what it forgets is dropped |
//!
//! Sessions are bounded by count; when all slots are taken, the one unused for longest gives way if it has been unused for
//! `EVICT_AFTER_MS`, else the client goes on without one.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::Mutex;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, TopicName, Uuid};
use crate::base::random;

/// A session unused for this long may be evicted for a new one.
const EVICT_AFTER_MS: Millis = Millis(120_000);

/// The epoch of a full fetch that opens a session.
pub const INITIAL_EPOCH: i32 = 0;
/// The epoch of a full fetch without a session.
pub const FINAL_EPOCH: i32 = -1;

/// A topic as a fetch names it: by id from version 13 on, by name before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TopicRef {
    /// By name.
    Name(TopicName),
    /// By id.
    Id(Uuid),
}

/// A partition as a fetch names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FetchKey {
    /// The topic.
    pub topic: TopicRef,
    /// The partition.
    pub partition: PartitionIndex,
}

/// What is asked of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchWish {
    /// From this offset on.
    pub from: Offset,
    /// At most this much (bytes).
    pub max_bytes: i32,
    /// The epoch in which the client believes the leader to be; -1: it does not say.
    pub current_epoch: LeaderEpoch,
    /// The epoch of the client's last record; -1: it does not say.
    pub last_fetched_epoch: LeaderEpoch,
    /// Where a follower's log starts; -1 of a consumer.
    pub log_start: Offset,
}

/// What the client was told last of a partition: an answer that says the same again is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// The high watermark.
    pub high_watermark: Offset,
    /// The log start.
    pub log_start_offset: Offset,
}

#[derive(Debug)]
struct Cached {
    wish: FetchWish,
    told: Option<Told>,
}

#[derive(Debug)]
struct Session {
    epoch: i32,
    by_id: bool,
    partitions: IndexMap<FetchKey, Cached>,
    last_used: Millis,
}

/// What one request fetches, and as part of which session.
pub struct FetchContext {
    session: Option<(i32, Arc<Mutex<Session>>)>,
    incremental: bool,
}

/// All sessions of this broker.
pub struct FetchSessions {
    slots: usize,
    sessions: Mutex<HashMap<i32, Arc<Mutex<Session>>>>,
}

/// What a request says of its session and its partitions.
pub struct SessionRequest {
    /// The session's id, or 0.
    pub id: i32,
    /// The session's epoch.
    pub epoch: i32,
    /// True from version 13 on.
    pub by_id: bool,
    /// Partitions named.
    pub wishes: Vec<(FetchKey, FetchWish)>,
    /// Partitions to drop from the session.
    pub forgotten: Vec<FetchKey>,
}

impl FetchSessions {
    /// No sessions yet; at most `slots`.
    pub fn new(slots: usize) -> Self {
        Self { slots, sessions: Mutex::default() }
    }

    /// How many sessions there are.
    pub fn count(&self) -> usize {
        self.sessions.lock().len()
    }

    /// Finds or opens the request's session and says what to fetch, in order.
    pub fn open(
        &self,
        request: SessionRequest,
        now: Millis,
    ) -> Result<(FetchContext, Vec<(FetchKey, FetchWish)>), ErrorCode> {
        match request.epoch {
            FINAL_EPOCH | INITIAL_EPOCH => {
                if request.id != 0 {
                    self.sessions.lock().remove(&request.id);
                }
                let wants_session = request.epoch == INITIAL_EPOCH && !request.wishes.is_empty();
                let session = if wants_session { self.create(&request, now) } else { None };
                Ok((FetchContext { session, incremental: false }, request.wishes))
            }
            _ => self.resume(request, now),
        }
    }

    fn create(&self, request: &SessionRequest, now: Millis) -> Option<(i32, Arc<Mutex<Session>>)> {
        let mut sessions = self.sessions.lock();
        if sessions.len() >= self.slots {
            let (oldest, used) = sessions
                .iter()
                .map(|(id, s)| (*id, s.try_lock().map_or(now, |s| s.last_used)))
                .min_by_key(|(_, used)| *used)?;
            if now.since(used) < EVICT_AFTER_MS {
                return None;
            }
            sessions.remove(&oldest);
        }
        let id = loop {
            let id = (random::u64() & 0x7fff_ffff) as i32;
            if id != 0 && !sessions.contains_key(&id) {
                break id;
            }
        };
        let partitions =
            request.wishes.iter().map(|(key, wish)| (key.clone(), Cached { wish: *wish, told: None })).collect();
        let session = Arc::new(Mutex::new(Session { epoch: 1, by_id: request.by_id, partitions, last_used: now }));
        sessions.insert(id, Arc::clone(&session));
        Some((id, session))
    }

    fn resume(
        &self,
        request: SessionRequest,
        now: Millis,
    ) -> Result<(FetchContext, Vec<(FetchKey, FetchWish)>), ErrorCode> {
        let shared = self.sessions.lock().get(&request.id).cloned().ok_or(ErrorCode::FetchSessionIdNotFound)?;
        let wishes: Vec<_> = {
            let mut session = shared.lock();
            if session.epoch != request.epoch {
                return Err(ErrorCode::InvalidFetchSessionEpoch);
            }
            if session.by_id != request.by_id {
                return Err(ErrorCode::FetchSessionTopicIdError);
            }
            session.epoch = if session.epoch == i32::MAX { 1 } else { session.epoch + 1 };
            session.last_used = now;
            for (key, wish) in request.wishes {
                match session.partitions.get_mut(&key) {
                    Some(cached) => cached.wish = wish,
                    None => {
                        session.partitions.insert(key, Cached { wish, told: None });
                    }
                }
            }
            for key in &request.forgotten {
                session.partitions.shift_remove(key);
            }
            session.partitions.iter().map(|(key, cached)| (key.clone(), cached.wish)).collect()
        };
        if wishes.is_empty() {
            // A session of nothing is over.
            self.sessions.lock().remove(&request.id);
            return Ok((FetchContext { session: None, incremental: false }, wishes));
        }
        Ok((FetchContext { session: Some((request.id, shared)), incremental: true }, wishes))
    }
}

impl FetchContext {
    /// The id that the answer carries: 0 without a session.
    pub fn id(&self) -> i32 {
        self.session.as_ref().map_or(0, |(id, _)| *id)
    }

    /// Decides which of the answered partitions the answer must carry, and remembers what the client is told.
    /// `outcomes` yields, per partition in the order asked: whether there are records or an error, and the offsets.
    pub fn select(&self, outcomes: &[(FetchKey, bool, Told)]) -> Vec<bool> {
        let Some((_, session)) = &self.session else { return vec![true; outcomes.len()] };
        let mut session = session.lock();
        let mut selected = Vec::with_capacity(outcomes.len());
        for (key, notable, told) in outcomes {
            let Some(cached) = session.partitions.get_mut(key) else {
                selected.push(true);
                continue;
            };
            let news = *notable || cached.told != Some(*told);
            cached.told = Some(*told);
            selected.push(news || !self.incremental);
        }
        if self.incremental {
            // Partitions that gave records go to the end, so that a full budget does not starve those behind them.
            for (key, _, _) in outcomes.iter().filter(|(_, notable, _)| *notable) {
                if let Some(cached) = session.partitions.shift_remove(key) {
                    session.partitions.insert(key.clone(), cached);
                }
            }
        }
        selected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(partition: i32) -> (FetchKey, FetchWish) {
        let key = FetchKey { topic: TopicRef::Name("t".into()), partition: PartitionIndex(partition) };
        let wish = FetchWish {
            from: Offset(0),
            max_bytes: 1,
            current_epoch: LeaderEpoch::NONE,
            last_fetched_epoch: LeaderEpoch::NONE,
            log_start: Offset::NONE,
        };
        (key, wish)
    }

    fn ask(id: i32, epoch: i32, wishes: Vec<(FetchKey, FetchWish)>, forgotten: Vec<FetchKey>) -> SessionRequest {
        SessionRequest { id, epoch, by_id: false, wishes, forgotten }
    }

    #[test]
    fn a_session_remembers_adds_and_forgets() {
        let sessions = FetchSessions::new(10);
        let (full, _) = sessions.open(ask(0, 0, vec![wish(0), wish(1)], vec![]), Millis(0)).unwrap();
        let id = full.id();
        assert_ne!(id, 0);
        let (_, wishes) = sessions.open(ask(id, 1, vec![wish(2)], vec![wish(0).0]), Millis(1)).unwrap();
        assert_eq!(wishes.iter().map(|(k, _)| k.partition.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            sessions.open(ask(id, 1, vec![], vec![]), Millis(1)).err(),
            Some(ErrorCode::InvalidFetchSessionEpoch)
        );
        assert_eq!(
            sessions.open(ask(id + 1, 1, vec![], vec![]), Millis(1)).err(),
            Some(ErrorCode::FetchSessionIdNotFound)
        );
        sessions.open(ask(id, -1, vec![], vec![]), Millis(2)).unwrap();
        assert_eq!(sessions.count(), 0);
    }

    #[test]
    fn an_incremental_answer_carries_only_news() {
        let sessions = FetchSessions::new(10);
        let told = |hw| Told { high_watermark: Offset(hw), log_start_offset: Offset(0) };
        let (full, _) = sessions.open(ask(0, 0, vec![wish(0), wish(1)], vec![]), Millis(0)).unwrap();
        let outcome = |p, notable, hw| (wish(p).0, notable, told(hw));
        assert_eq!(full.select(&[outcome(0, false, 5), outcome(1, false, 5)]), [true, true]);
        let (next, _) = sessions.open(ask(full.id(), 1, vec![], vec![]), Millis(0)).unwrap();
        assert_eq!(next.select(&[outcome(0, false, 5), outcome(1, false, 6)]), [false, true]);
        let (next, _) = sessions.open(ask(full.id(), 2, vec![], vec![]), Millis(0)).unwrap();
        assert_eq!(next.select(&[outcome(0, true, 5), outcome(1, false, 6)]), [true, false]);
        let (_, wishes) = sessions.open(ask(full.id(), 3, vec![], vec![]), Millis(0)).unwrap();
        assert_eq!(
            wishes.iter().map(|(k, _)| k.partition.0).collect::<Vec<_>>(),
            [1, 0],
            "a partition that gave goes last"
        );
    }

    #[test]
    fn slots_are_bounded_and_only_stale_sessions_give_way() {
        let sessions = FetchSessions::new(1);
        let (first, _) = sessions.open(ask(0, 0, vec![wish(0)], vec![]), Millis(0)).unwrap();
        let (second, _) = sessions.open(ask(0, 0, vec![wish(0)], vec![]), Millis(1)).unwrap();
        assert_eq!(second.id(), 0);
        let (third, _) = sessions.open(ask(0, 0, vec![wish(0)], vec![]), Millis(120_000)).unwrap();
        assert_ne!(third.id(), 0);
        assert!(sessions.open(ask(first.id(), 1, vec![], vec![]), Millis(120_001)).is_err());
    }
}
