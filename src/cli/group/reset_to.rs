//! Where `ottla group reset-offsets` puts a group: the forms it can be said in, and the offsets that come of them.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use crate::base::clock::SystemClock;
use crate::base::ids::{Millis, Offset, PartitionIndex};
use crate::cli::date;
use crate::cli::exit::{Exit, Failure};
use crate::cli::options::Options;
use crate::peer::admin::group_offsets::Committed;
use crate::peer::admin::list_offsets::{OffsetSpec, list_offsets};
use crate::peer::client::Client;
use crate::peer::fetch::Isolation;

/// Exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ResetTo {
    /// The first record of each partition.
    #[arg(long)]
    to_earliest: bool,
    /// The end of each partition.
    #[arg(long)]
    to_latest: bool,
    /// Where it is; the end of partitions in which it has committed nothing.
    #[arg(long)]
    to_current: bool,
    /// This offset.
    #[arg(long, value_name = "OFFSET", value_parser = clap::value_parser!(i64).range(0..))]
    to_offset: Option<i64>,
    /// The first record of that time or later: 2026-11-21T08:45[:30[.123]][Z] (UTC), or milliseconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to_datetime: Option<Millis>,
    /// So many records on from where it is, or back.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    shift_by: Option<i64>,
    /// The first record of so long ago or later: 90s, 15m, 6h, 7d, or PT1H30M.
    #[arg(long, value_name = "SPAN", value_parser = date::any_span)]
    by_duration: Option<Millis>,
}

fn moment(text: &str) -> Result<Millis, String> {
    let at = date::parse(text, SystemClock::shared().wall());
    at.ok_or_else(|| "write a time as 2026-11-21T08:45:30Z, or as milliseconds since 1970".to_string())
}

impl ResetTo {
    /// The offsets for the `partitions` of one topic. Those out of range are brought to the nearer end, as Kafka does.
    pub(super) async fn offsets(
        &self,
        client: &Client,
        options: &Options,
        topic: &str,
        partitions: &BTreeSet<PartitionIndex>,
        committed: &Committed,
    ) -> anyhow::Result<BTreeMap<PartitionIndex, Offset>> {
        let asked: Vec<_> = partitions.iter().copied().collect();
        let ask = async |spec| {
            let isolation = Isolation::ReadUncommitted;
            let found = list_offsets(client, topic, &asked, spec, isolation, &mut options.retry()).await?;
            let found = found.into_iter().filter_map(|(p, offset)| Some((p, offset?)));
            Ok::<BTreeMap<_, _>, anyhow::Error>(found.collect())
        };
        let (starts, ends) = (ask(OffsetSpec::Earliest).await?, ask(OffsetSpec::Latest).await?);
        let now = SystemClock::shared().wall();
        let since = self.to_datetime.or(self.by_duration.map(|span| now.since(span)));
        let of_time = match since {
            Some(at) => ask(OffsetSpec::Timestamp(at)).await?,
            None => BTreeMap::new(),
        };
        let mut all = BTreeMap::new();
        for partition in asked {
            let range = (starts.get(&partition).copied(), ends.get(&partition).copied());
            let (Some(start), Some(end)) = range else {
                let what = format!("partition {partition} of topic {topic:?} does not tell where it begins and ends");
                return Err(Failure::new(Exit::Failed, what).into());
            };
            let at = committed.get(&(topic.to_string(), partition)).copied();
            let wanted = match (self.to_offset, self.shift_by) {
                (Some(offset), _) => Offset(offset),
                (None, Some(by)) => Offset(at.ok_or_else(|| nothing_to_shift(topic, partition))?.0.saturating_add(by)),
                // Where no record is that late, the end is next.
                (None, None) if since.is_some() => of_time.get(&partition).copied().unwrap_or(end),
                (None, None) if self.to_earliest => start,
                (None, None) if self.to_current => {
                    all.insert(partition, at.unwrap_or(end));
                    continue;
                }
                (None, None) => end,
            };
            let within = wanted.clamp(start, end.max(start));
            if within != wanted {
                eprintln!(
                    "warning: partition {partition} of topic {topic:?} has no offset {wanted}: {within} is taken"
                );
            }
            all.insert(partition, within);
        }
        Ok(all)
    }
}

fn nothing_to_shift(topic: &str, partition: PartitionIndex) -> Failure {
    let what =
        format!("the group has committed nothing in partition {partition} of topic {topic:?} that could be shifted");
    Failure::new(Exit::Failed, what)
}
