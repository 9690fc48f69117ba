//! Commits, transactions, deletions and time at random, beside a model that is a map; and what is loaded is what was.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::bench_test::{Bench, RETENTION, known, topic};
use crate::machine::machine::TransactionResult;

const GROUPS: [&str; 2] = ["g", "h"];
const TOPICS: [&str; 2] = ["t", "u"];

#[derive(Debug, Clone)]
enum Step {
    Commit(usize, usize, i32),
    TxnCommit(i64, usize, usize, i32),
    End(i64, bool),
    Delete(usize, usize, i32),
    DeleteGroup(usize),
    DeleteTopic(usize),
    Sleep(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let (group, topic, partition, producer) = (0..2usize, 0..2usize, 0..3i32, 1..3i64);
    prop_oneof![
        5 => (group.clone(), topic.clone(), partition.clone()).prop_map(|(g, t, p)| Step::Commit(g, t, p)),
        5 => (producer.clone(), group.clone(), topic.clone(), partition.clone())
            .prop_map(|(id, g, t, p)| Step::TxnCommit(id, g, t, p)),
        4 => (producer, any::<bool>()).prop_map(|(id, commits)| Step::End(id, commits)),
        2 => (group.clone(), topic.clone(), partition).prop_map(|(g, t, p)| Step::Delete(g, t, p)),
        1 => group.prop_map(Step::DeleteGroup),
        1 => topic.prop_map(Step::DeleteTopic),
        1 => (0..RETENTION / 2).prop_map(Step::Sleep),
    ]
}

type Key = (&'static str, &'static str, i32);

/// What should be: the offset, when it was committed, and in which order.
#[derive(Default)]
struct Model {
    committed: BTreeMap<Key, (i64, i64, usize)>,
    pending: BTreeMap<(i64, Key), (i64, i64, usize)>,
}

impl Model {
    fn forget(&mut self, gone: impl Fn(&Key) -> bool) {
        self.committed.retain(|key, _| !gone(key));
        self.pending.retain(|(_, key), _| !gone(key));
    }

    fn end(&mut self, producer: i64, commits: bool) {
        let ended: Vec<_> = self.pending.iter().filter(|((id, _), _)| *id == producer).map(|(k, v)| (*k, *v)).collect();
        for ((id, key), value) in ended {
            self.pending.remove(&(id, key));
            if commits && self.committed.get(&key).is_none_or(|known| known.2 < value.2) {
                self.committed.insert(key, value);
            }
        }
    }

    fn told(&self, group: &str, stable: bool) -> Vec<String> {
        let of_group = self.committed.iter().filter(|((g, ..), _)| *g == group);
        let told = of_group.map(|(key, (offset, ..))| {
            let is_open = stable && self.pending.keys().any(|(_, open)| open == key);
            let told = if is_open { "UNSTABLE_OFFSET_COMMIT".to_owned() } else { offset.to_string() };
            format!("{}-{} {told}", key.1, key.2)
        });
        told.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn offsets_are_as_a_map_would_have_them(steps in prop::collection::vec(step(), 1..60)) {
        let (mut bench, mut model) = (Bench::new(), Model::default());
        for (at, step) in steps.iter().enumerate() {
            let offset = at as i64;
            match *step {
                Step::Commit(g, t, p) => {
                    bench.commit(GROUPS[g], vec![topic(TOPICS[t], &[(p, offset)])]).unwrap();
                    model.committed.insert((GROUPS[g], TOPICS[t], p), (offset, bench.now.0, at));
                }
                Step::TxnCommit(id, g, t, p) => {
                    bench.txn_commit(GROUPS[g], id, vec![topic(TOPICS[t], &[(p, offset)])]).unwrap();
                    model.pending.insert((id, (GROUPS[g], TOPICS[t], p)), (offset, bench.now.0, at));
                }
                Step::End(id, commits) => {
                    bench.end(id, if commits { TransactionResult::Commit } else { TransactionResult::Abort });
                    model.end(id, commits);
                }
                // Refused for a group that there is not.
                Step::Delete(g, t, p) => if bench.delete(GROUPS[g], TOPICS[t], &[p]).is_ok() {
                    model.forget(|key| *key == (GROUPS[g], TOPICS[t], p));
                },
                Step::DeleteGroup(g) => if bench.delete_group(GROUPS[g]).is_ok() {
                    model.forget(|key| key.0 == GROUPS[g]);
                },
                Step::DeleteTopic(t) => {
                    bench.delete_topic(TOPICS[t]);
                    bench.sleep(0);
                    model.forget(|key| key.1 == TOPICS[t]);
                }
                Step::Sleep(span) => {
                    bench.sleep(span);
                    // Whatever is gone by now had its time; whatever is young must be there.
                    let now = bench.now.0;
                    let (left, open) = (known(bench.machine()), model.pending.clone());
                    model.committed.retain(|key, (_, since, _)| {
                        let is_there = left.iter().any(|l| l.starts_with(&format!("{} {}-{} ", key.0, key.1, key.2)));
                        let may_go = now - *since >= RETENTION && !open.keys().any(|(_, k)| k == key);
                        assert!(is_there || may_go, "{key:?} is gone too early");
                        is_there
                    });
                }
            }
            for group in GROUPS {
                prop_assert_eq!(bench.fetch(group, false), model.told(group, false));
                prop_assert_eq!(bench.fetch(group, true), model.told(group, true));
            }
        }
        prop_assert_eq!(known(&bench.loaded()), known(bench.machine()));
    }
}
