//! Options that every command takes.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use clap::Args;

use super::exit::{Exit, Failure};
use crate::peer::address::Address;
use crate::peer::client::{Client, Retry};
use crate::peer::connection::ConnectionOptions;

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where to start: brokers of the cluster, with commas between.
    #[arg(
        short = 'b',
        long,
        global = true,
        value_name = "HOST:PORT,...",
        env = "OTTLA_BOOTSTRAP_SERVER",
        default_value = "localhost:9092"
    )]
    pub bootstrap_server: String,
    /// Print JSON: one object per line, or one document. Errors are JSON as well, on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// How long to wait for the cluster before giving up.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub timeout: Duration,
    /// What to be called in the broker's logs, metrics and quotas.
    #[arg(long, global = true, value_name = "NAME", default_value = "ottla", hide_short_help = true)]
    pub client_id: String,
}

impl Options {
    /// A client of the cluster that they name.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let bootstrap = Address::parse_list(&self.bootstrap_server)
            .map_err(|error| Failure::new(Exit::Usage, format!("--bootstrap-server: {error}")))?;
        let options = ConnectionOptions {
            client_id: self.client_id.clone(),
            connect_timeout: self.timeout.min(Duration::from_secs(10)),
            request_timeout: self.timeout,
            ..ConnectionOptions::default()
        };
        Ok(Client::new(bootstrap, options))
    }

    /// Asks the person at the terminal; an answer other than yes is the failure `otherwise`. Without a terminal, or where JSON is
    /// wanted, nobody is asked.
    pub(super) fn confirm(&self, question: &str, otherwise: &str) -> anyhow::Result<()> {
        if self.json || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Ok(());
        }
        let mut err = std::io::stderr().lock();
        write!(err, "{question} [y/N] ")?;
        err.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(Failure::new(Exit::Failed, otherwise).into()),
        }
    }

    /// Trying again for as long as they allow.
    pub(super) fn retry(&self) -> Retry {
        Retry::within(self.timeout)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("give a number of seconds from 0.001 to 86400".to_string()),
    }
}

/// Reads `key=value`.
pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_string(), value.to_string())),
        _ => Err("write KEY=VALUE".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_strictly() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert!(seconds("0").is_err() && seconds("-1").is_err() && seconds("NaN").is_err() && seconds("ten").is_err());
        assert_eq!(key_value("a.b=c=d"), Ok(("a.b".into(), "c=d".into())));
        assert_eq!(key_value("a="), Ok(("a".into(), String::new())));
        assert!(key_value("=v").is_err() && key_value("plain").is_err());
    }
}
