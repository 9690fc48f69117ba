//! A leader's book-keeping by examples; the whole protocol is played in `model_test`.

use super::*;

const LEADER: NodeId = NodeId(1);
const A: NodeId = NodeId(2);
const B: NodeId = NodeId(3);
const LAG_MAX: Millis = Millis(1000);

fn leading(isr: &[NodeId], epoch_start: i64) -> Leading {
    let replicas = [LEADER, A, B];
    Leading::new(
        LEADER,
        (LeaderEpoch(4), Offset(epoch_start)),
        &replicas,
        (PartitionEpoch(10), isr),
        LAG_MAX,
        Millis(0),
    )
}

fn fetch(node: NodeId, from: i64) -> FollowerFetch {
    FollowerFetch { node, broker_epoch: BrokerEpoch(node.0.into()), from: Offset(from), log_start: Offset(0) }
}

fn ends(log_end: i64, high_watermark: i64) -> LogEnds {
    LogEnds { log_end: Offset(log_end), high_watermark: Offset(high_watermark) }
}

fn alive(node: NodeId) -> Option<BrokerEpoch> {
    Some(BrokerEpoch(node.0.into()))
}

#[test]
fn nothing_commits_until_every_replica_in_sync_has_fetched_in_the_epoch() {
    let mut leading = leading(&[LEADER, A, B], 5);
    let lowest = |l: &Leading| l.lowest_counted_end(Offset(9), &alive, || Millis(0));
    assert_eq!(lowest(&leading), Some(Offset::NONE));
    leading.fetched(&fetch(A, 9), ends(9, 3), &alive, Millis(1)).unwrap();
    assert_eq!(lowest(&leading), Some(Offset::NONE));
    leading.fetched(&fetch(B, 7), ends(9, 3), &alive, Millis(1)).unwrap();
    assert_eq!(lowest(&leading), Some(Offset(7)));
}

#[test]
fn a_follower_joins_at_the_high_watermark_and_the_epoch_start_and_not_before() {
    let joins = |from, high_watermark| {
        let mut leading = leading(&[LEADER], 6);
        leading.fetched(&fetch(A, from), ends(9, high_watermark), &alive, Millis(1)).unwrap().is_some()
    };
    assert!(joins(6, 6) && joins(9, 6));
    assert!(!joins(5, 5), "it may lack what the last leader committed");
    assert!(!joins(7, 8), "it lacks what is committed");
}

#[test]
fn who_is_fenced_or_was_born_again_does_not_join() {
    let with = |alive: Alive<'_>| leading(&[LEADER], 0).fetched(&fetch(A, 9), ends(9, 9), alive, Millis(1)).unwrap();
    assert!(with(&alive).is_some());
    assert!(with(&|_| None).is_none());
    assert!(with(&|_| Some(BrokerEpoch(77))).is_none());
    let stranger = leading(&[LEADER], 0).fetched(&fetch(NodeId(9), 9), ends(9, 9), &alive, Millis(1));
    assert_eq!(stranger, Err(FollowerError::NotAssigned));
}

#[test]
fn who_lags_is_to_leave_and_who_has_everything_is_not() {
    let mut leading = leading(&[LEADER, A, B], 0);
    leading.fetched(&fetch(A, 9), ends(9, 0), &alive, Millis(1)).unwrap();
    leading.fetched(&fetch(B, 5), ends(9, 0), &alive, Millis(1)).unwrap();
    assert!(leading.shrink(Offset(9), Millis(1000)).is_none());
    let wanted = leading.shrink(Offset(9), Millis(5000)).unwrap();
    assert_eq!(wanted.isr, [(LEADER, BrokerEpoch::NONE), (A, BrokerEpoch(2))], "A has everything, if long since");
    assert!(leading.isr().is_maximal(B), "until the controller has spoken");
}

#[test]
fn a_follower_that_has_just_caught_up_holds_the_high_watermark_back_until_it_joins() {
    let mut leading = leading(&[LEADER], 0);
    leading.fetched(&fetch(A, 9), ends(9, 9), &|_| None, Millis(1)).unwrap();
    let lowest = |alive: Alive<'_>, now| leading.lowest_counted_end(Offset(12), alive, || Millis(now));
    assert_eq!(lowest(&alive, 2), Some(Offset(9)), "else it would never reach a high watermark that runs ahead");
    assert_eq!(lowest(&|_| None, 2), None, "but one that may not join holds nobody back");
    assert_eq!(lowest(&alive, 2000), None, "nor one that lags");
}
