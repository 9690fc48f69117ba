//! What AlterConfigs and IncrementalAlterConfigs have in common: what this broker judges for itself, what goes to the
//! controller, and the results put together in the order asked.
//!
//! A broker judges changes of its own settings, because only it knows what is in force on it; loggers it changes by itself,
//! because their levels are never stored. Everything else is the controller's.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::topic_name;
use crate::config::alter::{self, Op, Settings};
use crate::controller::configs::{AlterConfigs, ConfigChanges};
use crate::metadata::configs::Resource;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::config_resources::{Told, invalid, is_this_node};
use crate::server::stored_only;

/// What is to be done about one resource.
pub enum Step {
    /// It is done, or refused.
    Done(Result<(), Told>),
    /// The controller decides.
    Controller(Resource, ConfigChanges),
}

/// A result for the wire: a code, and words unless there is nothing to say.
pub struct Outcome {
    /// 0 for success.
    pub code: i16,
    /// What is wrong.
    pub message: Option<StrBytes>,
}

impl Outcome {
    fn failed(code: ErrorCode, message: Option<String>) -> Self {
        Self { code: code.code(), message: message.map(StrBytes::from_string) }
    }
}

/// Which of these resources are named more than once.
pub fn repeated<'a>(resources: impl Iterator<Item = (i8, &'a str)>) -> HashSet<(i8, &'a str)> {
    let mut counts: HashMap<(i8, &str), u32> = HashMap::new();
    for resource in resources {
        *counts.entry(resource).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(resource, _)| resource).collect()
}

/// Refuses keys that are named twice.
pub fn no_key_twice<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), Told> {
    let mut seen = HashSet::new();
    match keys.into_iter().find(|key| !seen.insert(*key)) {
        Some(key) => Err(invalid(format!("{key} is changed twice"))),
        None => Ok(()),
    }
}

/// Judges the dynamic settings that this broker, or all of them under the empty name, would have.
pub fn judge_broker(ctx: &Context, name: &str, wanted: &Settings) -> Result<(), Told> {
    if !name.is_empty() {
        is_this_node(name, ctx.node_id)?;
    }
    let in_force = ctx.replicas.config();
    let judged =
        alter::check_broker(wanted, !name.is_empty()).and_then(|()| alter::check_broker_step(wanted, &in_force));
    judged.map_err(|refusal| (refusal.code(), refusal.to_string()))
}

/// Refuses what can be no topic's name, before anybody asks whether there is such a topic.
pub fn judge_topic_name(name: &str) -> Result<(), Told> {
    if name.is_empty() {
        return Err(invalid("there are no default settings of all topics"));
    }
    topic_name::check(name).map_err(|error| (ErrorCode::InvalidTopicException, error.to_string()))
}

/// How long a request may take that does not say so itself (`request.timeout.ms`).
pub fn timeout_by_default(ctx: &Context) -> Duration {
    Duration::from_millis(u64::try_from(ctx.config.request_timeout_ms()).unwrap_or(0))
}

/// Lets the controller decide what is its to decide, and puts all results in the order of `steps`.
pub async fn carry_out(ctx: &Context, steps: Vec<Step>, validate_only: bool) -> Vec<Outcome> {
    let forwarded = steps.iter().filter_map(|step| match step {
        Step::Controller(resource, changes) => Some((resource.clone(), changes.clone())),
        Step::Done(_) => None,
    });
    let operation = AlterConfigs { resources: forwarded.collect(), validate_only };
    let replies = if operation.resources.is_empty() {
        Ok(Vec::new())
    } else {
        ctx.change(operation, timeout_by_default(ctx)).await.map_err(|error| error_map::controller(&error))
    };
    let by_resource: Result<BTreeMap<Resource, _>, ErrorCode> = replies.map(|replies| replies.into_iter().collect());
    let outcome = |step| match (step, &by_resource) {
        (Step::Done(Ok(())), _) => Outcome::failed(ErrorCode::None, None),
        (Step::Done(Err((code, text))), _) => Outcome::failed(code, Some(text)),
        (Step::Controller(..), Err(code)) => Outcome::failed(*code, None),
        (Step::Controller(resource, changes), Ok(replies)) => match replies.get(&resource) {
            Some(Ok(())) => {
                if !validate_only {
                    warn_of_no_effect(&resource, &changes);
                }
                Outcome::failed(ErrorCode::None, None)
            }
            Some(Err(error)) => Outcome::failed(error.code, error.message.clone()),
            None => Outcome::failed(ErrorCode::UnknownServerError, None),
        },
    };
    steps.into_iter().map(outcome).collect()
}

fn warn_of_no_effect(resource: &Resource, changes: &ConfigChanges) {
    match changes {
        ConfigChanges::Incremental(ops) => {
            let given = ops.iter().filter(|(_, op)| *op != Op::Delete);
            stored_only::settings(resource, given.map(|(key, _)| key.as_str()));
        }
        ConfigChanges::Replace(entries) => stored_only::settings(resource, entries.iter().map(|(key, _)| key.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_found() {
        let resources = [(2, "a"), (4, "a"), (2, "b"), (2, "a")];
        assert_eq!(repeated(resources.into_iter()), HashSet::from([(2, "a")]));
        assert!(no_key_twice(["a", "b"].into_iter()).is_ok());
        assert_eq!(no_key_twice(["a", "b", "a"].into_iter()).unwrap_err().0, ErrorCode::InvalidRequest);
    }
}
