//! `ottla cluster`: its id and its live brokers, and a wait until there are enough of them.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::options::Options;
use super::output::{self, counted};
use crate::peer::metadata::{Broker, Cluster, Wanted};

/// Examples and exit codes.
pub(super) const HELP: &str = "\
Examples:
  ottla cluster                              who is there
  ottla cluster --wait-for 3 --timeout 60    exit code 0 once three brokers are there, 5 if they do not come

Exit codes: 0 done; 1 the operation failed; 2 the command line is wrong; 3 no connection; \
4 what was named does not exist; 5 no answer in time.";

/// Pause between two questions.
const ASK_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    /// Wait until so many brokers are alive, for as long as --timeout says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    wait_for: Option<u32>,
}

pub(super) async fn run(options: &Options, args: ClusterArgs) -> anyhow::Result<()> {
    let cluster = match args.wait_for {
        None => options.client()?.metadata(Wanted::These(&[]), false).await?,
        Some(wanted) => wait(options, wanted).await?,
    };
    print(options, &cluster)
}

/// Asks until `wanted` brokers are alive.
async fn wait(options: &Options, wanted: u32) -> anyhow::Result<Arc<Cluster>> {
    let mut last = "nobody answered".to_owned();
    let enough = async {
        loop {
            // A new client each time: those who answered before may be gone, those who are named may be new.
            match options.client()?.metadata(Wanted::These(&[]), false).await {
                Ok(cluster) if cluster.brokers.len() >= wanted as usize => return anyhow::Ok(cluster),
                Ok(cluster) => last = format!("there were {}", counted(cluster.brokers.len() as u64, "broker")),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    match tokio::time::timeout(options.timeout, enough).await {
        Ok(found) => found,
        Err(_) => {
            let asked = counted(u64::from(wanted), "broker");
            let text = format!("not {asked} within {} s: {last}", options.timeout.as_secs_f64());
            Err(Failure::new(Exit::Timeout, text).into())
        }
    }
}

fn print(options: &Options, cluster: &Cluster) -> anyhow::Result<()> {
    if options.json {
        let broker =
            |b: &Broker| json!({ "id": b.id.0, "host": b.address.host, "port": b.address.port, "rack": b.rack });
        let brokers: Vec<_> = cluster.brokers.values().map(broker).collect();
        return output::json_line(&json!({ "cluster_id": cluster.id, "brokers": brokers }));
    }
    output::line(&format!("cluster {}", cluster.id.as_deref().unwrap_or("without an id")))?;
    let row = |b: &Broker| {
        [b.id.to_string(), format!("{}:{}", b.address.host, b.address.port), b.rack.clone().unwrap_or("-".to_owned())]
    };
    output::table(["BROKER", "ADDRESS", "RACK"], &cluster.brokers.values().map(row).collect::<Vec<_>>())
}
