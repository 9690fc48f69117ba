//! `ottla group list`.

use clap::Args;
use serde_json::json;

use crate::cli::options::Options;
use crate::cli::output;
use crate::peer::admin::list_groups::{ListedGroup, list_groups};

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only groups in one of these states, such as Stable or Empty.
    #[arg(short, long = "state", value_name = "STATE", value_delimiter = ',')]
    states: Vec<String>,
    /// Only groups of one of these types: classic, consumer.
    #[arg(short = 't', long = "type", value_name = "TYPE", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Names only.
    #[arg(short, long)]
    quiet: bool,
}

impl ListArgs {
    fn shows(&self, group: &ListedGroup) -> bool {
        let among =
            |wanted: &[String], is: &str| wanted.is_empty() || wanted.iter().any(|w| w.eq_ignore_ascii_case(is));
        among(&self.states, &group.state) && among(&self.kinds, &group.kind)
    }
}

pub(super) async fn run(options: &Options, args: ListArgs) -> anyhow::Result<()> {
    let mut groups = list_groups(&options.client()?, &mut options.retry()).await?;
    groups.retain(|group| args.shows(group));
    if options.json {
        for group in groups {
            let json =
                json!({ "name": group.id, "type": group.kind, "state": group.state, "protocol": group.protocol });
            output::json_line(&json)?;
        }
        return Ok(());
    }
    if args.quiet {
        return groups.iter().try_for_each(|group| output::line(&group.id));
    }
    let or_dash = |text: String| if text.is_empty() { "-".to_string() } else { text };
    let row = |group: ListedGroup| [group.id, or_dash(group.kind), or_dash(group.state), or_dash(group.protocol)];
    output::table(["GROUP", "TYPE", "STATE", "PROTOCOL"], &groups.into_iter().map(row).collect::<Vec<_>>())
}
