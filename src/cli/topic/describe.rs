//! `ottla topic describe`.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::not_found;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Offset, PartitionIndex};
use crate::cli::options::Options;
use crate::cli::output::{self, counted};
use crate::peer::admin::describe_configs::{ConfigEntry, ConfigSource, describe_topic_configs};
use crate::peer::admin::list_offsets::{OffsetSpec, list_offsets};
use crate::peer::client::Client;
use crate::peer::fetch::Isolation;
use crate::peer::metadata::{Topic, Wanted};

#[derive(Debug, Args)]
pub(super) struct DescribeArgs {
    /// Names.
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// Every configuration key, those with Kafka's default as well.
    #[arg(short, long)]
    all_configs: bool,
}

/// A topic with what else is asked about it.
struct Described<'a> {
    topic: &'a Topic,
    configs: Vec<ConfigEntry>,
    offsets: BTreeMap<PartitionIndex, (Option<Offset>, Option<Offset>)>,
}

pub(super) async fn run(options: &Options, args: DescribeArgs) -> anyhow::Result<()> {
    let client = options.client()?;
    let cluster = client.metadata(Wanted::These(&args.topics), false).await?;
    for name in &args.topics {
        match cluster.topic(name) {
            Ok(_) => {}
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
                return Err(not_found(&client, name).await.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let configs = describe_topic_configs(&client, &args.topics).await?;
    for (at, (name, mut configs)) in args.topics.iter().zip(configs).enumerate() {
        let topic = cluster.topic(name)?;
        configs.retain(|entry| args.all_configs || !matches!(entry.source, ConfigSource::Default));
        let described = Described { topic, configs, offsets: offsets(&client, options, topic).await? };
        if options.json {
            output::json_line(&described.json())?;
        } else {
            if at > 0 {
                output::line("")?;
            }
            described.print()?;
        }
    }
    Ok(())
}

/// First and next offset of each partition that has a leader.
async fn offsets(
    client: &Client,
    options: &Options,
    topic: &Topic,
) -> anyhow::Result<BTreeMap<PartitionIndex, (Option<Offset>, Option<Offset>)>> {
    let led: Vec<_> = topic.partitions.iter().filter(|p| !p.leader.is_none()).map(|p| p.index).collect();
    let ask = async |spec| {
        list_offsets(client, &topic.name, &led, spec, Isolation::ReadUncommitted, &mut options.retry()).await
    };
    let (earliest, latest) = (ask(OffsetSpec::Earliest).await?, ask(OffsetSpec::Latest).await?);
    let at = |found: &BTreeMap<_, Option<Offset>>, p| found.get(&p).copied().flatten();
    Ok(led.into_iter().map(|p| (p, (at(&earliest, p), at(&latest, p)))).collect())
}

impl Described<'_> {
    fn replicas(&self) -> usize {
        self.topic.partitions.iter().map(|p| p.replicas.len()).min().unwrap_or(0)
    }

    fn json(&self) -> Value {
        let nodes = |ids: &[NodeId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
        let partition = |p: &crate::peer::metadata::Partition| {
            let (first, next) = self.offsets.get(&p.index).copied().unwrap_or_default();
            json!({
                "partition": p.index.0,
                "leader": (!p.leader.is_none()).then_some(p.leader.0),
                "leader_epoch": p.leader_epoch.0,
                "replicas": nodes(&p.replicas),
                "isr": nodes(&p.isr),
                "offline": nodes(&p.offline),
                "start_offset": first.map(|offset| offset.0),
                "end_offset": next.map(|offset| offset.0),
            })
        };
        let config = |entry: &ConfigEntry| json!({ "name": entry.name, "value": entry.value, "source": entry.source.name(), "sensitive": entry.sensitive });
        json!({
            "name": self.topic.name,
            "id": (!self.topic.id.is_zero()).then(|| self.topic.id.to_string()),
            "internal": self.topic.internal,
            "replication_factor": self.replicas(),
            "partitions": self.topic.partitions.iter().map(partition).collect::<Vec<_>>(),
            "configs": self.configs.iter().map(config).collect::<Vec<_>>(),
        })
    }

    fn print(&self) -> anyhow::Result<()> {
        let topic = self.topic;
        let count = counted(topic.partitions.len() as u64, "partition");
        output::line(&format!("{}  id {}  {count}, replication factor {}", topic.name, topic.id, self.replicas()))?;
        for entry in &self.configs {
            let value = entry.value.as_deref().unwrap_or(if entry.sensitive { "(withheld)" } else { "(none)" });
            output::line(&format!("  {}={value}  ({})", entry.name, entry.source.name()))?;
        }
        let nodes = |ids: &[NodeId]| ids.iter().map(NodeId::to_string).collect::<Vec<_>>().join(",");
        let number = |offset: Option<Offset>| offset.map_or("-".to_string(), |offset| offset.to_string());
        let row = |p: &crate::peer::metadata::Partition| {
            let (first, next) = self.offsets.get(&p.index).copied().unwrap_or_default();
            let leader = if p.leader.is_none() { "none".to_string() } else { p.leader.to_string() };
            let epoch = p.leader_epoch.to_string();
            [
                p.index.to_string(),
                leader,
                epoch,
                nodes(&p.replicas),
                nodes(&p.isr),
                nodes(&p.offline),
                number(first),
                number(next),
            ]
        };
        output::table(
            ["PARTITION", "LEADER", "EPOCH", "REPLICAS", "IN-SYNC", "OFFLINE", "START", "END"],
            &topic.partitions.iter().map(row).collect::<Vec<_>>(),
        )
    }
}
