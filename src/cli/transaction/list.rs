//! `ottla transaction list`.

use clap::Args;
use serde_json::json;

use super::hanging::{Open, owners};
use crate::base::clock::SystemClock;
use crate::base::ids::{Millis, ProducerId, TopicPartition};
use crate::cli::date;
use crate::cli::options::Options;
use crate::cli::output;
use crate::peer::admin::describe_producers::describe_producers;
use crate::peer::admin::list_transactions::{TransactionFilter, list_transactions};
use crate::peer::metadata::Wanted;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those in this state, such as Ongoing or CompleteCommit; may be repeated.
    #[arg(short, long = "state", value_name = "STATE", conflicts_with = "hanging")]
    states: Vec<String>,
    /// Only those of this producer id; may be repeated.
    #[arg(long = "producer-id", value_name = "ID", conflicts_with = "hanging")]
    producer_ids: Vec<i64>,
    /// Only transactions that have been under way for longer than this, such as 90s or 15m; of hanging ones, that have been
    /// silent for so long [of hanging ones: 15m].
    #[arg(long, value_name = "SPAN", value_parser = date::any_span)]
    longer_than: Option<Millis>,
    /// Only ids that match this regular expression as a whole.
    #[arg(long, value_name = "REGEX", conflicts_with = "hanging")]
    pattern: Option<String>,
    /// The transactions that hang, with the partitions and offsets that `abort` asks for.
    #[arg(long)]
    hanging: bool,
    /// With --hanging: look in this topic only; may be repeated.
    #[arg(short, long = "topic", value_name = "TOPIC", requires = "hanging")]
    topics: Vec<String>,
}

/// Kafka's names for the states of transactions that are not over.
const UNDER_WAY: [&str; 3] = ["Ongoing", "PrepareCommit", "PrepareAbort"];
/// A producer that is silent for less may still come back.
const SILENT: Millis = Millis(15 * 60 * 1000);

pub(super) async fn run(options: &Options, args: ListArgs) -> anyhow::Result<()> {
    if args.hanging {
        return hanging(options, &args).await;
    }
    // An id without a transaction has none that began lately: brokers count it as under way since 1970.
    let under_way = args.longer_than.is_some() && args.states.is_empty();
    let states = if under_way { UNDER_WAY.map(str::to_owned).to_vec() } else { args.states };
    let filter = TransactionFilter {
        states,
        producer_ids: args.producer_ids.into_iter().map(ProducerId).collect(),
        longer_than_ms: args.longer_than.map(|span| span.0),
        pattern: args.pattern,
    };
    let listed = list_transactions(&options.client()?, &filter, &mut options.retry()).await?;
    if options.json {
        for one in listed {
            output::json_line(&json!({
                "transactional_id": one.transactional_id,
                "coordinator": one.coordinator.0,
                "producer_id": one.producer_id.0,
                "state": one.state,
            }))?;
        }
        return Ok(());
    }
    let rows: Vec<_> = listed
        .into_iter()
        .map(|one| [one.transactional_id, one.state, one.producer_id.to_string(), one.coordinator.to_string()])
        .collect();
    output::table(["TRANSACTIONAL-ID", "STATE", "PRODUCER-ID", "COORDINATOR"], &rows)
}

async fn hanging(options: &Options, args: &ListArgs) -> anyhow::Result<()> {
    let (client, mut retry) = (options.client()?, options.retry());
    let wanted = if args.topics.is_empty() { Wanted::All } else { Wanted::These(&args.topics) };
    let cluster = client.metadata(wanted, false).await?;
    for name in &args.topics {
        cluster.topic(name)?;
    }
    let silent = args.longer_than.unwrap_or(SILENT);
    let now = SystemClock::shared().wall();
    let mut open = Vec::new();
    for topic in cluster.topics.values() {
        for partition in topic.partitions.iter().filter(|partition| !partition.leader.is_none()) {
            let partition = TopicPartition::new(topic.name.as_str(), partition.index);
            for producer in describe_producers(&client, &partition, &mut retry).await? {
                if producer.txn_start.is_some() && now.since(producer.last_timestamp) >= silent {
                    open.push(Open { partition: partition.clone(), producer });
                }
            }
        }
    }
    let owners = owners(&client, &open, &mut retry).await?;
    let hanging = open.iter().zip(owners).filter(|(_, owner)| owner.is_none()).map(|(open, _)| open);
    let mut rows = Vec::new();
    for Open { partition, producer } in hanging {
        let start = producer.txn_start.map(|offset| offset.0);
        if options.json {
            output::json_line(&json!({
                "topic": *partition.topic,
                "partition": partition.partition.0,
                "start_offset": start,
                "producer_id": producer.producer_id.0,
                "producer_epoch": producer.producer_epoch.0,
                "coordinator_epoch": producer.coordinator_epoch,
                "last_timestamp": producer.last_timestamp.0,
            }))?;
        }
        rows.push([
            partition.topic.to_string(),
            partition.partition.to_string(),
            start.map_or("-".to_string(), |offset| offset.to_string()),
            producer.producer_id.to_string(),
            producer.producer_epoch.to_string(),
            date::format(producer.last_timestamp),
        ]);
    }
    if options.json {
        return Ok(());
    }
    output::table(["TOPIC", "PARTITION", "START-OFFSET", "PRODUCER-ID", "EPOCH", "LAST-HEARD"], &rows)
}
