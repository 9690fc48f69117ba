//! `ottla topic list`.

use clap::Args;
use serde_json::json;

use crate::base::error_code::ErrorCode;
use crate::cli::options::Options;
use crate::cli::output;
use crate::peer::metadata::{Topic, Wanted};

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Kafka's own topics as well, such as __consumer_offsets.
    #[arg(short, long)]
    internal: bool,
    /// Names only.
    #[arg(short, long)]
    quiet: bool,
}

pub(super) async fn run(options: &Options, args: ListArgs) -> anyhow::Result<()> {
    let cluster = options.client()?.metadata(Wanted::All, false).await?;
    let shown: Vec<&Topic> = cluster.topics.values().filter(|topic| args.internal || !topic.internal).collect();
    let replicas = |topic: &Topic| topic.partitions.iter().map(|p| p.replicas.len()).min().unwrap_or(0);
    let leaderless = |topic: &Topic| topic.partitions.iter().filter(|p| p.leader.is_none()).count();
    if options.json {
        for topic in shown {
            output::json_line(&json!({
                "name": topic.name,
                "id": (!topic.id.is_zero()).then(|| topic.id.to_string()),
                "internal": topic.internal,
                "partitions": topic.partitions.len(),
                "replication_factor": replicas(topic),
                "leaderless_partitions": leaderless(topic),
                "error": (topic.error != ErrorCode::None).then(|| topic.error.name()),
            }))?;
        }
        return Ok(());
    }
    if args.quiet {
        return shown.iter().try_for_each(|topic| output::line(&topic.name));
    }
    let row = |topic: &&Topic| {
        let state = match (topic.error, leaderless(topic)) {
            (ErrorCode::None, 0) => "ok".to_string(),
            (ErrorCode::None, n) => format!("{n} without a leader"),
            (error, _) => error.to_string(),
        };
        [topic.name.clone(), topic.partitions.len().to_string(), replicas(topic).to_string(), state]
    };
    output::table(["NAME", "PARTITIONS", "REPLICAS", "STATE"], &shown.iter().map(row).collect::<Vec<_>>())
}
