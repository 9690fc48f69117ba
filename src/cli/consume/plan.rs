//! Which partitions to read, from where, up to where.

use std::collections::BTreeMap;

use super::args::{ConsumeArgs, Start};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Offset, PartitionIndex};
use crate::cli::exit::{Exit, Failure};
use crate::cli::options::Options;
use crate::cli::topic::not_found;
use crate::peer::admin::list_offsets::{OffsetSpec, list_offsets};
use crate::peer::client::Client;
use crate::peer::consumer::Assigned;

/// Asks the cluster for all that the arguments leave open.
pub(super) async fn plan(client: &Client, options: &Options, args: &ConsumeArgs) -> anyhow::Result<Vec<Assigned>> {
    let mut all = Vec::new();
    for name in &args.topics {
        let topic = match client.topic(name, false, &mut options.retry()).await {
            Ok(topic) => topic,
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
                return Err(not_found(client, name).await.into());
            }
            Err(error) => return Err(error.into()),
        };
        let exist: Vec<_> = topic.partitions.iter().map(|p| p.index).collect();
        let mut chosen = if args.partitions.is_empty() { exist.clone() } else { args.partitions.clone() };
        chosen.sort();
        chosen.dedup();
        if let Some(missing) = chosen.iter().find(|p| !exist.contains(p)) {
            let last = exist.len().saturating_sub(1);
            let what =
                format!("partition {missing} of topic {name:?} does not exist: it has the partitions 0 to {last}");
            return Err(Failure::new(Exit::NotFound, what).into());
        }
        let ask = Ask { client, options, args, topic: name, partitions: &chosen };
        let from = ask.starts().await?;
        let until = if args.exit_at_end { ask.offsets(OffsetSpec::Latest).await? } else { BTreeMap::new() };
        for partition in chosen {
            let from = from.get(&partition).copied().unwrap_or(Offset(0));
            let until = until.get(&partition).copied();
            if let Some(end) = until.filter(|end| from > *end) {
                let what =
                    format!("partition {partition} of topic {name:?} has no offset {from}: it ends before {end}");
                return Err(Failure::new(Exit::Failed, what).into());
            }
            all.push(Assigned { topic: name.clone(), partition, from, until });
        }
    }
    Ok(all)
}

struct Ask<'a> {
    client: &'a Client,
    options: &'a Options,
    args: &'a ConsumeArgs,
    topic: &'a str,
    partitions: &'a [PartitionIndex],
}

impl Ask<'_> {
    async fn starts(&self) -> anyhow::Result<BTreeMap<PartitionIndex, Offset>> {
        Ok(match self.args.from {
            Start::Beginning => self.offsets(OffsetSpec::Earliest).await?,
            Start::End => self.offsets(OffsetSpec::Latest).await?,
            Start::At(offset) => self.partitions.iter().map(|p| (*p, offset)).collect(),
            Start::BeforeEnd(n) => {
                let earliest = self.offsets(OffsetSpec::Earliest).await?;
                let latest = self.offsets(OffsetSpec::Latest).await?;
                let back = |(p, first): (PartitionIndex, Offset)| {
                    let end = latest.get(&p).copied().unwrap_or(first);
                    (p, Offset(end.0.saturating_sub(n)).max(first))
                };
                earliest.into_iter().map(back).collect()
            }
            Start::Since(at) => {
                // Where no record is that late there is nothing to read yet.
                let mut starts = self.offsets(OffsetSpec::Latest).await?;
                starts.extend(self.offsets(OffsetSpec::Timestamp(at)).await?);
                starts
            }
        })
    }

    async fn offsets(&self, spec: OffsetSpec) -> anyhow::Result<BTreeMap<PartitionIndex, Offset>> {
        let mut retry = self.options.retry();
        let isolation = self.args.isolation();
        let found = list_offsets(self.client, self.topic, self.partitions, spec, isolation, &mut retry).await?;
        Ok(found.into_iter().filter_map(|(p, offset)| Some((p, offset?))).collect())
    }
}
