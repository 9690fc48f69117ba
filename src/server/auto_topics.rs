//! Topics made because somebody named them: by a client's Metadata request, or by a coordinator that needs its own.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, info};

use crate::base::topic_name::{CONSUMER_OFFSETS, SHARE_GROUP_STATE, TRANSACTION_STATE};
use crate::config::server::ServerConfig;
use crate::controller::create_topics::{CreateTopics, NewTopic};
use crate::server::context::Context;

/// How long an answer waits for topics to be there. After this the client is told to ask again, as Kafka does at once.
const WAIT: Duration = Duration::from_secs(5);

/// Creates topics and waits until this broker hosts what it should of them. That one exists already, since another client
/// named it too, is as good; any other failure is left for the caller to see in the metadata.
pub async fn create(ctx: &Arc<Context>, names: Vec<String>) {
    let topics = names.iter().map(|name| new_topic(&ctx.config, name)).collect();
    match ctx.controller.submit(CreateTopics { topics, validate_only: false }).await {
        Ok(committed) => {
            for (name, result) in committed.reply {
                match result {
                    Ok(created) => {
                        info!(topic = name, partitions = created.partitions, "topic created because a client named it")
                    }
                    Err(error) => debug!(topic = name, %error, "topic not created"),
                }
            }
            ctx.wait_applied(committed.offset, WAIT).await;
        }
        Err(error) => debug!(%error, "topics not created"),
    }
}

/// Partitions, replicas and settings: those of the internal topics are Kafka's, all others the broker's defaults.
fn new_topic(config: &ServerConfig, name: &str) -> NewTopic {
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
    NewTopic {
        name: name.to_owned(),
        partitions: number(partitions),
        replication_factor: i16::try_from(number(replicas)).unwrap_or(-1),
        assignments: Vec::new(),
        configs: settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}
