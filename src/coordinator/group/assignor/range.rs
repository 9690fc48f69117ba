//! The range assignor: each topic's partitions in as many runs as it has subscribers, given out in the order of their
//! names, so that the n-th partitions of several topics meet at the same member. Nothing is kept from before.

use super::{Partitions, Spec};

/// Where the next run of a topic begins.
#[derive(Clone, Default)]
struct Runs {
    subscribers: i32,
    next: i32,
    given: i32,
}

/// What each member should own, in the order of the members.
pub(super) fn assign(spec: &Spec<'_>) -> Vec<Partitions> {
    // Static members first, by their lasting names: a restart moves nothing.
    let mut order: Vec<usize> = (0..spec.members.len()).collect();
    order.sort_by_key(|at| {
        let member = &spec.members[*at];
        (member.instance_id.is_none(), member.instance_id.unwrap_or(member.id))
    });
    let mut runs = vec![Runs::default(); spec.topics.len()];
    for topic in spec.members.iter().flat_map(|member| &*member.topics) {
        runs[*topic].subscribers += 1;
    }
    let mut shares = vec![Partitions::new(); spec.members.len()];
    for at in order {
        for topic in &*spec.members[at].topics {
            let (run, partitions) = (&mut runs[*topic], spec.topics[*topic].partitions);
            let longer = i32::from(run.given < partitions % run.subscribers);
            let end = run.next + partitions / run.subscribers + longer;
            run.given += 1;
            if run.next < end {
                shares[at].insert(spec.topics[*topic].id, (run.next..end).collect());
            }
            run.next = end;
        }
    }
    shares
}
