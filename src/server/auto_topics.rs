//! Topics made because somebody named them: by a client's Metadata request, or by a coordinator that needs its own.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::{debug, error, info, warn};

use crate::base::limits::TOPICS_IN_THE_MAKING_MAX;
use crate::base::topic_name::{self, CONSUMER_OFFSETS, SHARE_GROUP_STATE, TRANSACTION_STATE};
use crate::config::server::ServerConfig;
use crate::config::source::Source;
use crate::controller::create_topics::{CreateTopics, NewTopic};
use crate::server::context::{CHANGE_TIMEOUT, Context};

/// How long an answer waits for topics to be there. Kafka answers at once that they are not, and its clients ask again after
/// 100 ms or more: who waits no longer than that loses nothing, and gets the right answer the first time.
const PATIENCE: Duration = Duration::from_millis(100);

/// Topics that are being made just now, so that many clients who name the same one cause one request to the controller.
#[derive(Default)]
pub struct InTheMaking(Mutex<HashSet<String>>);

impl InTheMaking {
    /// Those of `names` that nobody makes yet: the caller does from now on.
    fn take(&self, names: &[String]) -> Vec<String> {
        let mut making = self.0.lock();
        let room = TOPICS_IN_THE_MAKING_MAX.saturating_sub(making.len());
        names.iter().filter(|name| making.insert((*name).clone())).take(room).cloned().collect()
    }

    fn done(&self, names: &[String]) {
        let mut making = self.0.lock();
        for name in names {
            making.remove(name);
        }
    }
}

/// Creates topics, and waits a little until this broker hosts what it should of them. It goes on when the wait is over: a client
/// that asks again finds them. That one exists already, since another client named it too, is as good; any other failure is left
/// for the caller to see in the metadata.
pub async fn create(ctx: &Arc<Context>, names: Vec<String>) {
    let ours = ctx.in_the_making.take(&names);
    let others = ours.len() < names.len();
    let making = (!ours.is_empty()).then(|| tokio::spawn(make(Arc::clone(ctx), ours)));
    let mut images = ctx.replicas.subscribe();
    let settled = async {
        if let Some(making) = making
            && let Err(error) = making.await
        {
            error!(%error, "making topics ended by itself");
        }
        if others {
            // The sender lives as long as the replicas do.
            let _ = images.wait_for(|image| names.iter().all(|name| image.topic(name).is_some())).await;
        }
    };
    // Too late is as good: what is there now is the answer.
    let _ = tokio::time::timeout(PATIENCE, settled).await;
}

async fn make(ctx: Arc<Context>, names: Vec<String>) {
    let brokers = broker_count(&ctx);
    let topics = names.iter().map(|name| new_topic(&ctx.config, name, brokers)).collect();
    let outcome = ctx.change(CreateTopics { topics, validate_only: false }, CHANGE_TIMEOUT).await;
    ctx.in_the_making.done(&names);
    match outcome {
        Ok(reply) => {
            for (name, result) in reply {
                match result {
                    Ok(created) => {
                        info!(topic = name, partitions = created.partitions, "topic created because a client named it")
                    }
                    Err(error) => debug!(topic = name, %error, "topic not created"),
                }
            }
        }
        Err(error) => warn!(%error, ?names, "topics that clients named could not be created"),
    }
}

/// How many brokers the cluster has, or is to have as far as this one can tell: those that have ever registered, and those
/// that vote where voters are brokers as well. One that is still starting counts, so that the first broker of three does
/// not make topics of one replica.
fn broker_count(ctx: &Context) -> usize {
    let roles = ctx.config.roles();
    let voters = if roles.broker && roles.controller { ctx.config.voters().len() } else { 0 };
    ctx.metadata().brokers().len().max(voters).max(1)
}

/// Partitions, replicas and settings: those of the internal topics are Kafka's, all others the broker's defaults. Where the
/// replicas of an internal topic are not set, there are no more of them than there are brokers; Kafka's own default of three
/// makes it fail for ever on a smaller cluster.
fn new_topic(config: &ServerConfig, name: &str, brokers: usize) -> NewTopic {
    let text = |key: &str| config.text(key);
    let number = |key: &str| text(key).and_then(|value| value.trim().parse().ok()).unwrap_or(-1);
    let (partitions, replicas, settings) = match name {
        CONSUMER_OFFSETS => (
            "offsets.topic.num.partitions",
            "offsets.topic.replication.factor",
            vec![
                ("cleanup.policy", Some("compact".to_owned())),
                ("compression.type", Some("producer".to_owned())),
                ("segment.bytes", text("offsets.topic.segment.bytes")),
            ],
        ),
        TRANSACTION_STATE => (
            "transaction.state.log.num.partitions",
            "transaction.state.log.replication.factor",
            vec![
                ("cleanup.policy", Some("compact".to_owned())),
                ("compression.type", Some("uncompressed".to_owned())),
                ("unclean.leader.election.enable", Some("false".to_owned())),
                ("min.insync.replicas", text("transaction.state.log.min.isr")),
                ("segment.bytes", text("transaction.state.log.segment.bytes")),
            ],
        ),
        SHARE_GROUP_STATE => (
            "share.coordinator.state.topic.num.partitions",
            "share.coordinator.state.topic.replication.factor",
            vec![
                ("cleanup.policy", Some("delete".to_owned())),
                ("compression.type", Some("producer".to_owned())),
                ("retention.ms", Some("-1".to_owned())),
                ("min.insync.replicas", text("share.coordinator.state.topic.min.isr")),
                ("segment.bytes", text("share.coordinator.state.topic.segment.bytes")),
            ],
        ),
        _ => ("num.partitions", "default.replication.factor", Vec::new()),
    };
    let mut replication_factor = i16::try_from(number(replicas)).unwrap_or(-1);
    if topic_name::is_internal(name) && config.value(replicas).1 == Source::Default {
        replication_factor = replication_factor.min(i16::try_from(brokers).unwrap_or(i16::MAX));
    }
    NewTopic {
        name: name.to_owned(),
        partitions: number(partitions),
        replication_factor,
        assignments: Vec::new(),
        configs: settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::server::Unknown;
    use crate::config::source::Setting;

    fn config(settings: &[(&str, &str)]) -> ServerConfig {
        let file = || Source::File { name: "server.properties".into(), line: 1 };
        let setting = |(key, value): &(&str, &str)| Setting {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            source: file(),
        };
        let needed = [("process.roles", "broker"), ("node.id", "1"), ("controller.quorum.voters", "9@localhost:9093")];
        let needed = needed.iter().chain(&[("controller.listener.names", "CONTROLLER"), ("log.dirs", "/tmp/l")]);
        ServerConfig::load(needed.chain(settings).map(setting).collect(), Unknown::Refused).unwrap().0
    }

    #[test]
    fn replicas_of_an_internal_topic_that_are_not_set_fit_the_cluster() {
        let factor = |settings, brokers| new_topic(&config(settings), CONSUMER_OFFSETS, brokers).replication_factor;
        assert_eq!([factor(&[], 1), factor(&[], 2), factor(&[], 5)], [1, 2, 3]);
        assert_eq!(factor(&[("offsets.topic.replication.factor", "3")], 1), 3, "set, and to fail as it does in Kafka");
        assert_eq!(new_topic(&config(&[]), "orders", 1).replication_factor, 1);
    }
}
