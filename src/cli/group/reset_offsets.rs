//! `ottla group reset-offsets`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use super::reset_to::ResetTo;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Offset, PartitionIndex};
use crate::cli::exit::{Exit, Failure};
use crate::cli::options::Options;
use crate::cli::output;
use crate::cli::topic;
use crate::peer::admin::commit_offsets::commit_offsets;
use crate::peer::admin::describe_group::describe_group;
use crate::peer::admin::group_offsets::{Committed, group_offsets};
use crate::peer::client::Client;
use crate::peer::metadata::Wanted;

#[derive(Debug, Args)]
pub(super) struct ResetArgs {
    /// The group; one that does not exist comes to be.
    group: String,
    /// A topic, or some of its partitions; may be repeated.
    #[arg(short, long = "topic", value_name = "TOPIC[:0,1,...]", required_unless_present = "all_topics")]
    topics: Vec<String>,
    /// All partitions in which the group has committed.
    #[arg(long, conflicts_with = "topics")]
    all_topics: bool,
    #[command(flatten)]
    to: ResetTo,
    /// Do it; else only what would be done is shown.
    #[arg(long)]
    execute: bool,
}

pub(super) async fn run(options: &Options, args: ResetArgs) -> anyhow::Result<()> {
    let client = options.client()?;
    let name = &args.group;
    match describe_group(&client, name, &mut options.retry()).await {
        Ok(group) if matches!(group.state.as_str(), "Empty" | "Dead") => {}
        Ok(group) => {
            let what =
                format!("group {name:?} is {}: its offsets can be reset only while nobody is in it", group.state);
            return Err(Failure::new(Exit::Failed, what).into());
        }
        Err(error) if error.code() == Some(ErrorCode::GroupIdNotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let committed = group_offsets(&client, name, &mut options.retry()).await?;
    let mut new = Committed::new();
    for (topic, partitions) in partitions(&client, &args, &committed).await? {
        let offsets = args.to.offsets(&client, options, &topic, &partitions, &committed).await?;
        new.extend(offsets.into_iter().map(|(partition, offset)| ((topic.clone(), partition), offset)));
    }
    if args.execute && !new.is_empty() {
        commit_offsets(&client, name, &new, &mut options.retry()).await?;
    }
    show(options, &args, &committed, &new)
}

/// The partitions that the arguments name, each of which must exist and be led.
async fn partitions(
    client: &Client,
    args: &ResetArgs,
    committed: &Committed,
) -> anyhow::Result<BTreeMap<String, BTreeSet<PartitionIndex>>> {
    let mut named: BTreeMap<String, BTreeSet<PartitionIndex>> = BTreeMap::new();
    for (topic, partition) in committed.keys().filter(|_| args.all_topics) {
        named.entry(topic.clone()).or_default().insert(*partition);
    }
    let mut whole = BTreeSet::new();
    for text in &args.topics {
        let (topic, list) = text.split_once(':').unwrap_or((text, ""));
        let of_topic = named.entry(topic.to_string()).or_default();
        if !text.contains(':') {
            whole.insert(topic);
        }
        for index in list.split(',').filter(|index| !index.is_empty()) {
            let wrong = || Failure::new(Exit::Usage, format!("--topic {text}: {index:?} is no partition"));
            of_topic.insert(PartitionIndex(index.parse().map_err(|_| wrong())?));
        }
    }
    let names: Vec<String> = named.keys().cloned().collect();
    let cluster = client.metadata(Wanted::These(&names), false).await?;
    for (name, partitions) in &mut named {
        let found = match cluster.topic(name) {
            Ok(found) => found,
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
                return Err(topic::not_found(client, name).await.into());
            }
            Err(error) => return Err(error.into()),
        };
        if whole.contains(name.as_str()) {
            partitions.extend(found.partitions.iter().map(|p| p.index));
        }
        for partition in partitions.iter() {
            cluster.leader(name, *partition)?;
        }
    }
    Ok(named)
}

fn show(options: &Options, args: &ResetArgs, committed: &Committed, new: &Committed) -> anyhow::Result<()> {
    if options.json {
        let partition = |(at, offset): (&(String, PartitionIndex), &Offset)| {
            let before = committed.get(at).map(|offset| offset.0);
            json!({ "topic": at.0, "partition": at.1.0, "committed_offset": before, "new_offset": offset.0 })
        };
        let partitions: Vec<_> = new.iter().map(partition).collect();
        return output::json_line(&json!({ "name": args.group, "executed": args.execute, "partitions": partitions }));
    }
    let row = |(at, offset): (&(String, PartitionIndex), &Offset)| {
        let before = committed.get(at).map_or("-".to_string(), Offset::to_string);
        [args.group.clone(), at.0.clone(), at.1.to_string(), before, offset.to_string()]
    };
    output::table(
        ["GROUP", "TOPIC", "PARTITION", "COMMITTED", "NEW-OFFSET"],
        &new.iter().map(row).collect::<Vec<_>>(),
    )?;
    if !args.execute {
        eprintln!("Nothing was changed: give --execute to do it");
    }
    Ok(())
}
