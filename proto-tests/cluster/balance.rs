//! Leaderships that moved away from a broker go back to it by themselves once it is in sync again.

use super::support::broker::under_test;
use super::support::cluster::Cluster;
use super::{COMBINED, agreed, complete, leaders};

#[test]
fn leaderships_go_back_where_they_are_preferred() {
    let overrides = [("offsets.topic.replication.factor", "3"), ("leader.imbalance.check.interval.seconds", "2")];
    let mut cluster = Cluster::of(under_test(), &COMBINED, &overrides);
    cluster.create_topic_anyhow(1, "balanced", 6, 3);
    let before = leaders(&agreed(&cluster, &["balanced"], complete(6)));
    assert!((1..=3).all(|id| before.contains(&id)), "every broker leads something: {before:?}");
    cluster.kill(2);
    agreed(&cluster, &["balanced"], |topics| {
        let now = leaders(topics);
        now.len() == 6 && now.iter().all(|leader| [1, 3].contains(leader))
    });
    cluster.run(2);
    cluster.wait_ready(2);
    agreed(&cluster, &["balanced"], |topics| leaders(topics) == before);
}
