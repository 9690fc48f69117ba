//! `ottla transaction describe`.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::date;
use crate::cli::options::Options;
use crate::cli::output;
use crate::peer::admin::describe_transactions::{TransactionDescription, describe_transaction};

#[derive(Debug, Args)]
pub(super) struct DescribeArgs {
    /// Transactional ids.
    #[arg(required = true, value_name = "TRANSACTIONAL-ID")]
    ids: Vec<String>,
}

pub(super) async fn run(options: &Options, args: DescribeArgs) -> anyhow::Result<()> {
    let (client, mut retry) = (options.client()?, options.retry());
    for (at, id) in args.ids.iter().enumerate() {
        let described = describe_transaction(&client, id, &mut retry).await?;
        if options.json {
            output::json_line(&json(&described))?;
        } else {
            if at > 0 {
                output::line("")?;
            }
            print(&described)?;
        }
    }
    Ok(())
}

fn json(described: &TransactionDescription) -> Value {
    let partitions = described.partitions.iter();
    json!({
        "transactional_id": described.transactional_id,
        "coordinator": described.coordinator.0,
        "producer_id": described.producer_id.0,
        "producer_epoch": described.producer_epoch.0,
        "state": described.state,
        "timeout_ms": described.timeout_ms,
        "started_ms": described.started.map(|at| at.0),
        "partitions": partitions.map(|p| json!({ "topic": *p.topic, "partition": p.partition.0 })).collect::<Vec<_>>(),
    })
}

fn print(described: &TransactionDescription) -> anyhow::Result<()> {
    let TransactionDescription { transactional_id, coordinator, producer_id, producer_epoch, state, .. } = described;
    output::line(&format!("{transactional_id}  {state}  coordinated by broker {coordinator}"))?;
    let timeout = described.timeout_ms;
    output::line(&format!("  producer id {producer_id}, epoch {producer_epoch}, timeout {timeout} ms"))?;
    if let Some(started) = described.started {
        output::line(&format!("  began {}", date::format(started)))?;
    }
    for partition in &described.partitions {
        output::line(&format!("  {partition}"))?;
    }
    Ok(())
}
