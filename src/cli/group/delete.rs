//! `ottla group delete`.

use clap::Args;

use super::not_found;
use crate::base::error_code::ErrorCode;
use crate::cli::options::Options;
use crate::cli::outcomes::Outcomes;
use crate::peer::admin::delete_group::delete_group;

#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// Names.
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
    /// A group that does not exist is no error.
    #[arg(long)]
    if_exists: bool,
    /// Do not ask; without a terminal nobody is asked anyway.
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(options: &Options, args: DeleteArgs) -> anyhow::Result<()> {
    if !args.yes {
        options.confirm(&format!("Delete {} with all offsets?", args.groups.join(", ")), "nothing was deleted")?;
    }
    let client = options.client()?;
    let mut outcomes = Outcomes::new("group", args.groups.len());
    for name in &args.groups {
        let answer = delete_group(&client, name, &mut options.retry()).await;
        let is_missing = answer.as_ref().is_err_and(|error| error.code() == Some(ErrorCode::GroupIdNotFound));
        match answer {
            Ok(()) => outcomes.tell_deleted(name, true, options.json)?,
            Err(_) if is_missing && args.if_exists => outcomes.tell_deleted(name, false, options.json)?,
            Err(_) if is_missing && args.groups.len() == 1 => {
                return Err(not_found(&client, options, name).await.into());
            }
            Err(error) => outcomes.fail(error, options.json),
        }
    }
    outcomes.result()
}
