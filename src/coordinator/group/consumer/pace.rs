//! How soon a member should speak again: at the interval that the configuration says, and sooner while it waits for something
//! that a heartbeat of its own brings about.
//!
//! ```text
//!   joins, or the group has moved on ──> when the next target assignment may be computed; who owns partitions first, so
//!                                        that they are free for the others
//!   waits for others' partitions ──────> soon; ever later the longer it takes (a quarter of the time gone)
//!   otherwise ─────────────────────────> the configured interval, which is never exceeded
//! ```
//!
//! Members that come back early are spread, so that a large group does not come back all at once.

use super::member::{Member, MemberState};
use super::settings::Settings;
use crate::base::ids::Millis;
use crate::metadata::image::MetadataImage;

/// No member is told to come back sooner (ms). librdkafka takes the interval for its heartbeats' timeout as well: an answer
/// that the network or a busy broker holds up for longer would cost it its connection.
const SOONEST_MS: i64 = 1_000;
/// So much sooner than the others those come back who own partitions (ms).
const HEAD_START_MS: i64 = 250;
/// A group's members may come back early at this rate (heartbeats for each millisecond).
const EARLY_PER_MS: i64 = 5;

/// Where a member and its group stand after its heartbeat.
pub struct Standing<'a> {
    /// The member.
    pub member: &'a Member,
    /// It has joined with this heartbeat.
    pub joins: bool,
    /// How many members the group has.
    pub members: usize,
    /// The group's epoch.
    pub epoch: i32,
    /// The epoch of the target assignment, ...
    pub target_epoch: i32,
    /// ... and when that was computed.
    pub target_at: Millis,
}

/// After how long the member should speak again.
pub fn interval(
    (now, settings, image): (Millis, &Settings, &MetadataImage),
    group: &str,
    standing: &Standing<'_>,
) -> Millis {
    let usual = settings.heartbeat_interval(image, group);
    let size = i64::try_from(standing.members).unwrap_or(i64::MAX);
    let soonest = SOONEST_MS.max(size / EARLY_PER_MS);
    let gone = now.since(standing.target_at).0.max(0);
    let mut span = usual.0;
    if standing.joins || standing.epoch > standing.target_epoch {
        let rest = settings.assignment_interval(image, group).0 - gone;
        if rest > 0 {
            let behind = if standing.member.assigned.is_empty() { HEAD_START_MS } else { 0 };
            span = span.min(rest + behind + turn(&standing.member.id, size / EARLY_PER_MS));
        }
    }
    if standing.member.state == MemberState::UnreleasedPartitions {
        span = span.min(gone / 4);
    }
    Millis(span.max(soonest).max(settings.settling_interval_ms_min.into()).min(usual.0))
}

/// A member's place among those that come back within `span_ms`.
fn turn(member: &str, span_ms: i64) -> i64 {
    let mixed = member.bytes().fold(0x811c_9dc5_u32, |mixed, byte| (mixed ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    i64::from(mixed) % (span_ms + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::ids::Uuid;

    fn told(at: i64, change: impl FnOnce(&mut Standing<'_>, &mut Member)) -> i64 {
        told_by(&Settings::default(), at, change)
    }

    fn told_by(settings: &Settings, at: i64, change: impl FnOnce(&mut Standing<'_>, &mut Member)) -> i64 {
        let stable = Member::new("a".into());
        let mut member = stable.clone();
        let (epoch, target_epoch, target_at) = (7, 7, Millis(10_000));
        let mut standing = Standing { member: &stable, joins: false, members: 4, epoch, target_epoch, target_at };
        change(&mut standing, &mut member);
        let standing = Standing { member: &member, ..standing };
        interval((Millis(10_000 + at), settings, &MetadataImage::default()), "g", &standing).0
    }

    /// With so much time between two targets.
    fn settings(assignment_interval_ms: i32) -> Settings {
        let mut settings = Settings::default();
        settings.assignment_interval_ms.default = assignment_interval_ms;
        settings
    }

    #[test]
    fn who_waits_for_nothing_keeps_the_configured_interval() {
        assert_eq!(told(0, |_, _| {}), 5_000);
        // It gives partitions up, and speaks as soon as it has.
        assert_eq!(told(0, |_, member| member.state = MemberState::UnrevokedPartitions), 5_000);
    }

    #[test]
    fn who_joins_comes_back_for_the_next_target_of_its_group() {
        let settings = settings(3_000);
        assert_eq!(told_by(&settings, 0, |standing, _| standing.joins = true), 3_250);
        assert_eq!(told_by(&settings, 400, |standing, _| standing.epoch = 8), 2_850);
        let owns = |standing: &mut Standing<'_>, member: &mut Member| {
            standing.joins = true;
            Arc::make_mut(&mut member.assigned).add(Uuid::ZERO, [(0, 7)]);
        };
        assert_eq!(told_by(&settings, 0, owns), 3_000);
        assert_eq!(told_by(&settings, 2_999, |standing, _| standing.epoch = 8), 1_000);
        assert_eq!(told_by(&settings, 3_000, |standing, _| standing.joins = true), 5_000);
    }

    #[test]
    fn who_waits_for_others_asks_soon_and_then_ever_more_rarely() {
        let waits = |at| told(at, |_, member| member.state = MemberState::UnreleasedPartitions);
        assert_eq!([0, 400, 8_000, 60_000].map(waits), [1_000, 1_000, 2_000, 5_000]);
    }

    #[test]
    fn members_of_a_large_group_come_back_one_after_the_other() {
        let of = |id: &str| {
            told(0, |standing, member| (standing.joins, standing.members, member.id) = (true, 5_000, id.into()))
        };
        let all: Vec<i64> = (0..1_000).map(|n| of(&format!("member-{n}"))).collect();
        assert!(all.iter().all(|span| (1_250..=2_250).contains(span)));
        let late = all.iter().filter(|span| **span >= 1_750).count();
        assert!((400..600).contains(&late), "{late} of 1,000 in the second half");
        let waits = |standing: &mut Standing<'_>, member: &mut Member| {
            (standing.members, member.state) = (20_000, MemberState::UnreleasedPartitions);
        };
        assert_eq!(told(0, waits), 4_000);
    }

    #[test]
    fn the_configured_bounds_hold() {
        let settings = Settings { settling_interval_ms_min: 5_000, ..Settings::default() };
        assert_eq!(told_by(&settings, 0, |standing, _| standing.joins = true), 5_000);
        let mut settings = Settings::default();
        settings.heartbeat_interval_ms.default = 50;
        let waits = |_: &mut Standing<'_>, member: &mut Member| member.state = MemberState::UnreleasedPartitions;
        assert_eq!(told_by(&settings, 0, waits), 50);
    }
}
