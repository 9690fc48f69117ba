//! JoinGroup: a member comes, or comes again.

use std::fmt::{self, Display};
use std::sync::Arc;

use bytes::Bytes;

use super::draft::Draft;
use super::group::{ClassicGroup, State};
use super::member::{Member, Protocols, distinct};
use super::rebalance::{dismiss, join_reply, prepare_or_complete_join, settle_leader};
use super::settings::Settings;
use super::soft::{JoinReply, Timer};
use super::{check, join_static};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Uuid};
use crate::base::limits::PENDING_MEMBERS_PER_GROUP_MAX;
use crate::coordinator::group::consumer::classic_members;
use crate::coordinator::group::consumer::tombstones::tombstones;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, MemberId};
use crate::machine::outcome::{Reply, WaiterId};

/// How long a member that has never seen a generation may wait for one.
const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 300_000;

/// A member wants to be in the next generation.
#[derive(Debug, Clone)]
pub struct JoinGroup {
    /// Of which group.
    pub group: GroupId,
    /// Its id; empty if it has none yet.
    pub member_id: MemberId,
    /// Random, should an id be made for it.
    pub fresh: Uuid,
    /// Its static name (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// How long a rebalance waits for it.
    pub rebalance_timeout_ms: i32,
    /// `consumer`, `connect`, ...
    pub protocol_type: Arc<str>,
    /// Its assignors and what it tells each, most wanted first.
    pub protocols: Vec<(Arc<str>, Bytes)>,
    /// Why it joins (KIP-800).
    pub reason: Option<Arc<str>>,
    /// It can come back with the id that it is given (KIP-394, version 4).
    pub can_rejoin_with_id: bool,
    /// As a static leader that is back it can be told not to assign anew (KIP-814, version 9).
    pub can_skip_assignment: bool,
    /// Who waits for the answer.
    pub waiter: WaiterId,
}

/// Decides.
pub fn join(
    machine: &GroupMachine,
    now: Millis,
    settings: &Settings,
    op: JoinGroup,
) -> Result<Outcome<JoinReply>, ErrorCode> {
    if op.group.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    if !(settings.session_timeout_ms_min..=settings.session_timeout_ms_max).contains(&op.session_timeout_ms) {
        return Err(ErrorCode::InvalidSessionTimeout);
    }
    match machine.groups.get(&op.group) {
        Some(Group::Classic(group)) => Join::new(settings, Draft::new(&op.group, group, now), &op).decide(),
        Some(Group::Consumer(group)) if !group.is_empty() => classic_members::join(machine, now, group, &op),
        Some(Group::Consumer(_)) | None if !op.member_id.is_empty() => Err(ErrorCode::UnknownMemberId),
        before => {
            let group = ClassicGroup::new(now);
            let mut draft = Draft::new(&op.group, &group, now);
            // Even if the member is refused, as Kafka does.
            draft.write();
            let mut outcome = Join::new(settings, draft, &op).decide()?;
            if let Some(Group::Consumer(ended)) = before {
                outcome.records.splice(0..0, tombstones(&op.group, ended));
            }
            Ok(outcome)
        }
    }
}

/// Why a group rebalances: what the member does, and what its client says of it (KIP-800).
pub(super) fn why<'a>(op: &'a JoinGroup, does: &'a str) -> impl Display + 'a {
    let reason = op.reason.as_deref().unwrap_or("not provided");
    fmt::from_fn(move |f| write!(f, "client {} {does}; its reason: {reason}", op.client_id))
}

/// A join that is being decided.
pub(super) struct Join<'a> {
    pub settings: &'a Settings,
    pub draft: Draft<'a>,
    pub op: &'a JoinGroup,
    pub protocols: Protocols,
}

impl<'a> Join<'a> {
    fn new(settings: &'a Settings, draft: Draft<'a>, op: &'a JoinGroup) -> Self {
        Self { settings, draft, op, protocols: distinct(&op.protocols) }
    }

    fn decide(mut self) -> Result<Outcome<JoinReply>, ErrorCode> {
        let id = &self.op.member_id;
        if !self.has_room() {
            // A member of an overfull group loses its place.
            dismiss(&mut self.draft, id);
            self.draft.set_pending(id, false);
            settle_leader(&mut self.draft);
            return self.refuse(ErrorCode::GroupMaxSizeReached, "".into());
        }
        if !self.supports_protocols() {
            return self.refuse(ErrorCode::InconsistentGroupProtocol, id.clone());
        }
        if !id.is_empty() {
            return self.known_member();
        }
        match self.op.instance_id.as_deref() {
            Some(name) => match self.draft.static_member(name).cloned() {
                Some(old) => join_static::replace(self, &old),
                None => self.add_new_member(),
            },
            None if self.op.can_rejoin_with_id => self.give_id(),
            None => self.add_new_member(),
        }
    }

    /// The answer is an error, whatever else has changed.
    fn refuse(self, error: ErrorCode, member_id: MemberId) -> Result<Outcome<JoinReply>, ErrorCode> {
        self.answer(JoinReply::error(error, member_id))
    }

    pub(super) fn answer(self, reply: JoinReply) -> Result<Outcome<JoinReply>, ErrorCode> {
        Ok(self.draft.finish(Reply::Now(reply)))
    }

    /// The answer comes with the next generation, which this join may have brought about.
    pub(super) fn park(self) -> Result<Outcome<JoinReply>, ErrorCode> {
        Ok(self.draft.finish(Reply::Parked(self.op.waiter)))
    }

    fn has_room(&self) -> bool {
        let (draft, max) = (&self.draft, i64::from(self.settings.members_max));
        let member = draft.member(&self.op.member_id);
        match draft.head.state {
            State::Empty => true,
            State::PreparingRebalance => member.is_some_and(|member| member.joining.is_some()) || draft.joining() < max,
            State::CompletingRebalance | State::Stable => member.is_some() || draft.member_count() < max,
        }
    }

    /// Whether the group can have an assignor with this member.
    fn supports_protocols(&self) -> bool {
        let (draft, op) = (&self.draft, self.op);
        if draft.head.state == State::Empty {
            return !op.protocol_type.is_empty() && !self.protocols.is_empty();
        }
        let all = draft.member_count();
        draft.head.protocol_type.as_ref() == Some(&op.protocol_type)
            && self.protocols.iter().any(|(name, _)| draft.supporters(name) == all)
    }

    pub(super) fn new_id(&self) -> MemberId {
        let name = self.op.instance_id.as_ref().unwrap_or(&self.op.client_id);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let [a, b, c, d, e] = [0..4, 4..6, 6..8, 8..10, 10..16].map(|range| hex(&self.op.fresh.0[range]));
        format!("{name}-{a}-{b}-{c}-{d}-{e}").into()
    }

    /// The member must come back with the id that it is given: one that is lost on the way leaves nothing behind for long.
    fn give_id(mut self) -> Result<Outcome<JoinReply>, ErrorCode> {
        if self.draft.pending_len() >= PENDING_MEMBERS_PER_GROUP_MAX {
            return self.refuse(ErrorCode::GroupMaxSizeReached, "".into());
        }
        let id = self.new_id();
        self.draft.set_pending(&id, true);
        self.draft.set_timer(Timer::Session(id.clone()), self.op.session_timeout_ms);
        self.refuse(ErrorCode::MemberIdRequired, id)
    }

    fn add_new_member(self) -> Result<Outcome<JoinReply>, ErrorCode> {
        let id = self.new_id();
        self.add_member(id)
    }

    fn add_member(mut self, id: MemberId) -> Result<Outcome<JoinReply>, ErrorCode> {
        let draft = &mut self.draft;
        if let Some(initial) = &mut draft.head.initial {
            initial.member_added = true;
        }
        if draft.member_count() == 0 {
            draft.head.protocol_type = Some(Arc::clone(&self.op.protocol_type));
        }
        draft.head.leader.get_or_insert_with(|| id.clone());
        draft.set_pending(&id, false);
        draft.put(Member {
            id: id.clone(),
            instance_id: self.op.instance_id.clone(),
            client_id: self.op.client_id.clone(),
            client_host: self.op.client_host.clone(),
            rebalance_timeout_ms: self.op.rebalance_timeout_ms,
            session_timeout_ms: self.op.session_timeout_ms,
            protocols: self.protocols.clone(),
            assignment: Bytes::new(),
            joining: Some(self.op.waiter),
            syncing: None,
            is_new: true,
            sync_pending: false,
        });
        let (group, state) = (draft.group_id(), draft.head.state);
        tracing::debug!(%group, %state, member = %id, "a member joins");
        draft.set_timer(Timer::Session(id), NEW_MEMBER_JOIN_TIMEOUT_MS);
        prepare_or_complete_join(draft, self.settings, &why(self.op, "joins"));
        self.park()
    }

    fn known_member(self) -> Result<Outcome<JoinReply>, ErrorCode> {
        let id = &self.op.member_id;
        if self.draft.is_pending(id) {
            return match self.op.instance_id {
                // A static member is never told to come back with an id.
                Some(_) => Err(ErrorCode::UnknownServerError),
                None => self.add_member(id.clone()),
            };
        }
        check::member(&self.draft, id, self.op.instance_id.as_deref())?;
        let Some(member) = self.draft.member(id).cloned() else { return Err(ErrorCode::UnknownMemberId) };
        let is_leader = self.draft.head.leader.as_ref() == Some(id);
        let is_same = member.protocols == self.protocols;
        match self.draft.head.state {
            State::Empty => Err(ErrorCode::UnknownMemberId),
            // Its client has lost the answer.
            State::CompletingRebalance if is_same => {
                let members: Vec<_> = if is_leader { self.draft.members().cloned().collect() } else { Vec::new() };
                let reply = join_reply(&self.draft, &member, &members);
                self.answer(reply)
            }
            State::Stable if is_same && !is_leader => {
                let reply = join_reply(&self.draft, &member, &[]);
                self.answer(reply)
            }
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => self.rejoin(),
        }
    }

    fn rejoin(mut self) -> Result<Outcome<JoinReply>, ErrorCode> {
        self.update_member(&self.op.member_id);
        prepare_or_complete_join(&mut self.draft, self.settings, &why(self.op, "joins again"));
        self.park()
    }

    /// The member says anew what it is like, and waits.
    pub(super) fn update_member(&mut self, id: &MemberId) {
        if let Some(superseded) = self.draft.member(id).and_then(|member| member.joining) {
            // Its connection is most likely gone; if not, it may ask again.
            self.draft.answer_join(superseded, JoinReply::error(ErrorCode::RebalanceInProgress, id.clone()));
        }
        let (op, protocols) = (self.op, self.protocols.clone());
        self.draft.update(id, |member| {
            member.protocols = protocols;
            member.rebalance_timeout_ms = op.rebalance_timeout_ms;
            member.session_timeout_ms = op.session_timeout_ms;
            member.joining = Some(op.waiter);
        });
    }
}
