//! `ottla config`: what a server started with the same arguments would use, and why; whether a file is sound; what a key means.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::options::Options;
use super::output;
use super::settings_args::SettingsArgs;
use crate::config::broker;
use crate::config::definition::{ConfigDef, Meaning, Scope};
use crate::config::server::{Effective, ServerConfig};
use crate::config::source::{Source, Warning};
use crate::config::{suggest, topic, value};

/// What the help adds.
pub(super) const HELP: &str = "\
Examples:
  ottla config                                   what is set, and where
  ottla config --all --json                      every key
  ottla config check --config server.properties  exit code 2 if the file has a mistake
  ottla config explain log.retention.ms";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the settings in force and where each was given; what `ottla config` alone does.
    Show(Show),
    /// Say whether the settings are sound, without starting anything.
    Check(SettingsArgs),
    /// Say what a key means, what it may be, and what it is.
    Explain(Explain),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Keys that nobody set, too.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
struct Explain {
    /// The key of a broker or a topic.
    key: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(super) fn run(options: &Options, args: ConfigArgs) -> anyhow::Result<()> {
    match args.command.unwrap_or(Command::Show(args.show)) {
        Command::Show(args) => show(options.json, &args.settings, args.all),
        Command::Check(args) => check(options.json, &args),
        Command::Explain(args) => explain(options.json, &args),
    }
}

/// Prints the settings in force; those that nobody set only if `all` are asked for.
pub(super) fn show(json: bool, settings: &SettingsArgs, all: bool) -> anyhow::Result<()> {
    let (config, warnings) = settings.load()?;
    let wanted = |line: &Effective| all || line.source != Source::Default;
    let lines: Vec<Effective> = config.effective().into_iter().filter(wanted).collect();
    if json {
        let settings: Vec<Value> = lines.iter().map(as_json).collect();
        return output::json_line(&json!({ "settings": settings, "warnings": texts(&warnings) }));
    }
    let row = |line: &Effective| [line.key.clone(), shown(line), line.source.to_string()];
    output::table(["KEY", "VALUE", "SOURCE"], &lines.iter().map(row).collect::<Vec<_>>())?;
    tell(&warnings);
    Ok(())
}

fn check(json: bool, args: &SettingsArgs) -> anyhow::Result<()> {
    let (_, warnings) = args.load()?;
    if json {
        return output::json_line(&json!({ "sound": true, "warnings": texts(&warnings) }));
    }
    tell(&warnings);
    output::line(&format!("sound, with {}", output::counted(warnings.len() as u64, "warning")))
}

fn explain(json: bool, args: &Explain) -> anyhow::Result<()> {
    let key = args.key.trim();
    let (config, _) = args.settings.load()?;
    let (kind, def) = match (broker::find_dynamic(key).or_else(|| broker::find(key)), topic::find(key)) {
        // A few keys are both; a topic's setting then inherits the broker's.
        (Some(def), _) => ("broker", def),
        (None, Some(def)) => ("topic", def),
        (None, None) => return Err(unknown(key).into()),
    };
    let now = if kind == "broker" { Some(in_force(&config, key)) } else { None };
    if json {
        return output::json_line(&json!({
            "key": key,
            "of": kind,
            "doc": def.doc,
            "type": def.kind.name(),
            "allowed": value::allowed(def),
            "default": def.default,
            "change": change(kind, def),
            "effect": effect(def),
            "now": now.as_ref().map(as_json),
        }));
    }
    output::line(&format!("{key}, a {kind} key\n\n{}\n", def.doc))?;
    let mut rows = vec![
        ("allowed", value::allowed(def)),
        ("default", def.default.unwrap_or("none").to_owned()),
        ("change", change(kind, def).to_owned()),
    ];
    if let Some(reason) = effect(def) {
        rows.push(("effect", reason));
    }
    if let Some(line) = now {
        rows.push(("now", format!("{} ({})", shown(&line), line.source)));
    }
    let inherits: Vec<&str> = topic::broker_keys(key).iter().map(|(key, _)| *key).collect();
    if kind == "topic" && !inherits.is_empty() {
        rows.push(("inherits", inherits.join(", then ")));
    }
    rows.iter().try_for_each(|(name, text)| output::line(&format!("  {name:<9}{text}")))
}

fn in_force(config: &ServerConfig, key: &str) -> Effective {
    let (value, source) = config.value(key);
    let sensitive = broker::find(key).is_none_or(ConfigDef::is_sensitive);
    Effective { key: key.to_owned(), value: value.filter(|_| !sensitive), source, sensitive }
}

fn change(kind: &str, def: &ConfigDef) -> &'static str {
    match def.scope {
        _ if kind == "topic" => "at any time, for each topic",
        Scope::ReadOnly => "by a restart",
        Scope::PerBroker => "at any time, for each broker",
        Scope::ClusterWide => "at any time, for each broker or for all",
    }
}

/// What setting the key does here, where that is not what it does in Kafka.
fn effect(def: &ConfigDef) -> Option<String> {
    match def.meaning {
        Meaning::Used => None,
        Meaning::NotYet(reason) | Meaning::NotUsed(reason) => Some(format!("none: {reason}")),
        Meaning::Refused(reason) => Some(format!("only the default is accepted: {reason}")),
    }
}

fn unknown(key: &str) -> Failure {
    let all = broker::defs().iter().chain(topic::defs()).map(|def| def.name);
    let nearest = suggest::nearest_of(key, all).map(str::to_owned).or_else(|| suggest::nearest(key));
    let hint = nearest.map_or_else(String::new, |key| format!("; the nearest is {key}"));
    Failure::new(Exit::NotFound, format!("there is no key {key}{hint}"))
}

fn shown(line: &Effective) -> String {
    match &line.value {
        Some(value) => value.clone(),
        None if line.sensitive => "(kept back)".to_owned(),
        None => "none".to_owned(),
    }
}

fn as_json(line: &Effective) -> Value {
    json!({ "key": line.key, "value": line.value, "source": line.source.to_string(), "sensitive": line.sensitive })
}

fn texts(warnings: &[Warning]) -> Vec<&str> {
    warnings.iter().map(|warning| warning.0.as_str()).collect()
}

fn tell(warnings: &[Warning]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}
