//! `ottla transaction abort`.

use clap::Args;
use serde_json::json;

use super::hanging::{Open, owners};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Offset, PartitionIndex, TopicPartition};
use crate::cli::exit::{Exit, Failure};
use crate::cli::options::Options;
use crate::cli::output;
use crate::peer::admin::abort_transaction::abort_transaction;
use crate::peer::admin::describe_producers::describe_producers;
use crate::peer::metadata::Wanted;

#[derive(Debug, Args)]
pub(super) struct AbortArgs {
    /// The topic.
    topic: String,
    /// The partition.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: i32,
    /// Where the transaction starts, as `list --hanging` shows it.
    #[arg(short, long, value_name = "OFFSET", value_parser = clap::value_parser!(i64).range(0..))]
    start_offset: i64,
    /// Abort it here even though its coordinator knows of it. What it wrote elsewhere may be committed all the same.
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(options: &Options, args: AbortArgs) -> anyhow::Result<()> {
    let (client, mut retry) = (options.client()?, options.retry());
    let partition = TopicPartition::new(args.topic.as_str(), PartitionIndex(args.partition));
    let start = Offset(args.start_offset);
    let known = client.metadata(Wanted::These(std::slice::from_ref(&args.topic)), false).await?;
    // A leader is waited for, a partition that does not exist is not.
    if let Err(error) = known.leader(&args.topic, partition.partition)
        && error.code() == Some(ErrorCode::UnknownTopicOrPartition)
    {
        return Err(error.into());
    }
    let producers = describe_producers(&client, &partition, &mut retry).await?;
    let Some(producer) = producers.into_iter().find(|producer| producer.txn_start == Some(start)) else {
        let what = format!("no transaction that is open in {partition} starts at offset {start}");
        return Err(Failure::new(Exit::NotFound, format!("{what}; see `ottla transaction list --hanging`")).into());
    };
    let open = Open { partition: partition.clone(), producer: producer.clone() };
    if !args.force
        && let Some(owner) = owners(&client, &[open], &mut retry).await?.into_iter().flatten().next()
    {
        let why = format!(
            "the transaction does not hang: it belongs to transactional id {:?}, which is {}, and its coordinator will end it; \
             --force aborts it here all the same",
            owner.transactional_id, owner.state
        );
        return Err(Failure::new(Exit::Failed, why).into());
    }
    abort_transaction(&client, &partition, &producer).await?;
    if options.json {
        return output::json_line(&json!({
            "topic": args.topic,
            "partition": args.partition,
            "start_offset": start.0,
            "producer_id": producer.producer_id.0,
            "producer_epoch": producer.producer_epoch.0,
            "aborted": true,
        }));
    }
    let id = producer.producer_id;
    output::line(&format!("Aborted the transaction of producer {id} that started at offset {start} of {partition}"))
}
