//! `ottla group describe`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value, json};

use super::lag::{Standing, standings};
use super::not_found;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Offset, PartitionIndex};
use crate::cli::options::Options;
use crate::cli::output::{self, counted};
use crate::peer::admin::describe_group::{GroupDescription, MemberDescription, describe_group};
use crate::peer::admin::group_offsets::group_offsets;

#[derive(Debug, Args)]
pub(super) struct DescribeArgs {
    /// Names.
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
}

/// A group with where it stands.
struct Described {
    group: GroupDescription,
    standings: BTreeMap<(String, PartitionIndex), Standing>,
}

pub(super) async fn run(options: &Options, args: DescribeArgs) -> anyhow::Result<()> {
    let client = options.client()?;
    for (at, name) in args.groups.iter().enumerate() {
        let group = match describe_group(&client, name, &mut options.retry()).await {
            Ok(group) => group,
            Err(error) if error.code() == Some(ErrorCode::GroupIdNotFound) => {
                return Err(not_found(&client, options, name).await.into());
            }
            Err(error) => return Err(error.into()),
        };
        let committed = group_offsets(&client, name, &mut options.retry()).await?;
        let assigned: BTreeSet<_> = group.members.iter().flat_map(|member| member.assignment.iter().cloned()).collect();
        let standings = standings(&client, options, &committed, &assigned).await?;
        let described = Described { group, standings };
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

impl Described {
    /// Over all partitions where it is known.
    fn lag(&self) -> i64 {
        self.standings.values().filter_map(Standing::records).sum()
    }

    /// The oldest record that is not committed in any partition.
    fn lag_seconds(&self) -> Option<f64> {
        self.standings.values().filter_map(Standing::seconds).reduce(f64::max)
    }

    fn reader_of(&self, partition: &(String, PartitionIndex)) -> Option<&MemberDescription> {
        self.group.members.iter().find(|member| member.assignment.contains(partition))
    }

    fn json(&self) -> Value {
        let group = &self.group;
        let partition = |(at, standing): (&(String, PartitionIndex), &Standing)| {
            json!({
                "topic": at.0,
                "partition": at.1.0,
                "committed_offset": standing.committed.map(|offset| offset.0),
                "end_offset": standing.end.map(|offset| offset.0),
                "lag": standing.records(),
                "lag_seconds": standing.seconds(),
                "member": self.reader_of(at).map(|member| &member.id),
            })
        };
        let member = |member: &MemberDescription| {
            json!({
                "id": member.id,
                "instance_id": member.instance_id,
                "client_id": member.client_id,
                "host": member.host,
                "epoch": member.epoch,
                "assignment": by_topic(&member.assignment),
                "target_assignment": member.target.as_deref().map(by_topic),
            })
        };
        json!({
            "name": group.id,
            "type": group.kind,
            "state": group.state,
            "assignor": (!group.assignor.is_empty()).then_some(&group.assignor),
            "epoch": group.epoch,
            "target_assignment_epoch": group.target_epoch,
            "coordinator": group.coordinator.0,
            "lag": self.lag(),
            "lag_seconds": self.lag_seconds(),
            "members": group.members.iter().map(member).collect::<Vec<_>>(),
            "partitions": self.standings.iter().map(partition).collect::<Vec<_>>(),
        })
    }

    fn print(&self) -> anyhow::Result<()> {
        let group = &self.group;
        let mut head = vec![group.kind.to_string(), group.state.clone()];
        head.extend((!group.assignor.is_empty()).then(|| format!("assignor {}", group.assignor)));
        head.extend(group.epoch.map(|epoch| format!("epoch {epoch}")));
        head.push(format!("coordinator {}", group.coordinator));
        head.push(counted(group.members.len() as u64, "member"));
        let behind = self.lag_seconds().map_or(String::new(), |age| format!(", {age:.1} s"));
        head.push(format!("lag {}{behind}", counted(self.lag().unsigned_abs(), "record")));
        output::line(&format!("{}  {}", group.id, head.join(", ")))?;
        if !group.members.is_empty() {
            output::line("")?;
            let rows: Vec<_> = group.members.iter().map(member_row).collect();
            output::table(["MEMBER", "INSTANCE", "CLIENT", "HOST", "EPOCH", "READS"], &rows)?;
        }
        if self.standings.is_empty() {
            return Ok(());
        }
        output::line("")?;
        let number = |offset: Option<Offset>| offset.map_or("-".to_string(), |offset| offset.to_string());
        let row = |(at, standing): (&(String, PartitionIndex), &Standing)| {
            [
                at.0.clone(),
                at.1.to_string(),
                number(standing.committed),
                number(standing.end),
                standing.records().map_or("-".to_string(), |lag| lag.to_string()),
                standing.seconds().map_or("-".to_string(), |age| format!("{age:.1}")),
                self.reader_of(at).map_or("-".to_string(), |member| member.id.clone()),
            ]
        };
        let headings = ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "LAG-SECONDS", "MEMBER"];
        output::table(headings, &self.standings.iter().map(row).collect::<Vec<_>>())
    }
}

fn member_row(member: &MemberDescription) -> [String; 6] {
    let reads = by_topic(&member.assignment).into_iter().map(|(topic, partitions)| {
        let partitions: Vec<_> = partitions.iter().map(i32::to_string).collect();
        format!("{topic}:{}", partitions.join(","))
    });
    let reads = reads.collect::<Vec<_>>().join(" ");
    [
        member.id.clone(),
        member.instance_id.clone().unwrap_or("-".to_string()),
        member.client_id.clone(),
        member.host.clone(),
        member.epoch.map_or("-".to_string(), |epoch| epoch.to_string()),
        if reads.is_empty() { "-".to_string() } else { reads },
    ]
}

fn by_topic(partitions: &[(String, PartitionIndex)]) -> BTreeMap<&str, Vec<i32>> {
    let mut all: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in partitions {
        all.entry(topic).or_default().push(partition.0);
    }
    all
}
