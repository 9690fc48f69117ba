//! `ottla topic delete`.

use clap::Args;

use super::not_found;
use crate::base::error_code::ErrorCode;
use crate::cli::options::Options;
use crate::cli::outcomes::Outcomes;
use crate::peer::admin::delete_topics::delete_topics;
use crate::peer::error::PeerError;

#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// Names.
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// A topic that does not exist is no error.
    #[arg(long)]
    if_exists: bool,
    /// Do not ask; without a terminal nobody is asked anyway.
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(options: &Options, args: DeleteArgs) -> anyhow::Result<()> {
    if !args.yes {
        options.confirm(&format!("Delete {} with all records?", args.topics.join(", ")), "nothing was deleted")?;
    }
    let client = options.client()?;
    let answers = delete_topics(&client, &args.topics).await?;
    let mut outcomes = Outcomes::new("topic", args.topics.len());
    for (name, answer) in args.topics.iter().zip(answers) {
        match answer {
            Ok(()) => outcomes.tell_deleted(name, true, options.json)?,
            Err(refused) if refused.code == ErrorCode::UnknownTopicOrPartition && args.if_exists => {
                outcomes.tell_deleted(name, false, options.json)?
            }
            Err(refused) if refused.code == ErrorCode::UnknownTopicOrPartition && args.topics.len() == 1 => {
                return Err(not_found(&client, name).await.into());
            }
            Err(refused) => outcomes.fail(PeerError::Refused(refused), options.json),
        }
    }
    outcomes.result()
}
