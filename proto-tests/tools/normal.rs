//! What a run of a tool comes to: exit code, output with places, ids and times taken out, and of errors their class alone.

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use crate::support::tools::{Run, Tools};
use crate::table::Command;

/// What the tools are pointed at.
pub struct Server<'a> {
    /// For whoever reads the output.
    pub name: String,
    /// Where clients begin.
    pub bootstrap: String,
    /// Where clients of the controllers begin.
    pub controllers: String,
    /// What `%DIR%` stands for.
    pub dir: &'a Path,
    /// Places and numbers that are this server's own, and what is written for them; the first that fits counts.
    pub places: Vec<(String, String)>,
}

/// Runs one command: its name, and what must be equal.
pub fn run(server: &Server, tools: &Mutex<Tools>, command: &Command) -> (String, String) {
    let dir = server.dir.display().to_string();
    let mut args: Vec<String> = command.args.iter().map(|a| a.replace("%DIR%", &dir)).collect();
    let (tool, flag, bootstrap) = match command.tool.strip_suffix("@controllers") {
        Some(tool) => (tool, "--bootstrap-controller", &server.controllers),
        None => (command.tool.as_str(), "--bootstrap-server", &server.bootstrap),
    };
    // Two tools take the server in front of their verb, the others anywhere or behind it.
    let at = if matches!(tool, "kafka-features" | "kafka-metadata-quorum") { 0 } else { args.len() };
    args.splice(at..at, [flag.to_string(), bootstrap.clone()]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let start = Instant::now();
    let run = tools.lock().expect("the tools").run(tool, &args, &command.stdin);
    if start.elapsed().as_secs() >= 5 {
        eprintln!("{}: {:?} for {}", server.name, start.elapsed(), command.name);
    }
    (command.name.clone(), normal(&run, server))
}

fn normal(run: &Run, server: &Server) -> String {
    let text = |text: &str| server.places.iter().fold(text.to_string(), |text, (from, to)| text.replace(from, to));
    let mut lines = vec![format!("exit code {}", run.code)];
    // Some tools print a stack trace on standard output, with lines of the Java runtime that are their own each time.
    let in_trace = |line: &&str| line.trim_start().starts_with("at ") || line.trim_start().starts_with("... ");
    let mut out: Vec<String> = text(&run.out).lines().filter(|line| !in_trace(line)).map(one_line).collect();
    // The order of topics, keys and features is that of a hash map in the tools themselves.
    if out.iter().all(|l| !l.starts_with("\tTopic:")) {
        out.sort();
    }
    lines.extend(out.into_iter().map(|l| format!("out: {l}")));
    let mut errors: Vec<String> =
        text(&run.err).lines().filter_map(error_class).map(|l| format!("error: {l}")).collect();
    errors.dedup();
    lines.extend(errors);
    lines.join("\n")
}

/// A line without ids, times and sizes. The text of an error that a tool prints on standard output is left out too.
fn one_line(line: &str) -> String {
    let line = line.trim_end_matches(' ');
    if let Some((head, _)) = line.split_once("Exception: ") {
        return format!("{head}Exception");
    }
    for start in ["Error while executing", "Error: ", "ERROR "] {
        if line.starts_with(start) {
            return start.to_string();
        }
    }
    for start in ["LeaderId:", "HighWatermark:", "LeaderEpoch:", "MaxFollowerLag:", "MaxFollowerLagTimeMs:"] {
        if line.starts_with(start) {
            return format!("{start} <number>");
        }
    }
    for role in ["Leader", "Follower", "Observer"] {
        if line.trim_end().ends_with(&format!("\t{role}")) {
            // A replica of the metadata quorum: its end and its times are its own, and so is who leads.
            return format!("<{} of the quorum>", role.to_lowercase());
        }
    }
    let line = with_sorted_isr(line);
    let line = line.split_once("Epoch: ").map_or(line.clone(), |(head, _)| format!("{head}Epoch: <number>"));
    without_ids(&line)
}

/// Replicas join the in-sync set in the order in which they catch up.
fn with_sorted_isr(line: &str) -> String {
    let Some((head, tail)) = line.split_once("Isr: ") else { return line.to_string() };
    let (isr, tail) = tail.split_once('\t').unwrap_or((tail, ""));
    let mut isr: Vec<&str> = isr.split(',').collect();
    isr.sort_unstable();
    format!("{head}Isr: {}\t{tail}", isr.join(","))
}

/// Ids are 22 characters of URL-safe base64, times 13 digits.
fn without_ids(line: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let mixed = word.chars().any(|c| c.is_ascii_uppercase())
            && word.chars().any(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if word.len() == 22 && (mixed || word.starts_with("AAAA")) {
            out.push_str("<id>");
        } else if word.len() == 13 && word.starts_with("17") && word.chars().all(|c| c.is_ascii_digit()) {
            out.push_str("<time>");
        } else {
            out.push_str(word);
        }
        let next = tail.find(part).unwrap_or(tail.len());
        out.push_str(&tail[..next]);
        rest = &tail[next..];
    }
    out
}

/// The class of an error in a line of standard error, if the line names one.
fn error_class(line: &str) -> Option<String> {
    let word = line
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '$'))
        .find(|w| w.ends_with("Exception"))?;
    (!line.trim_start().starts_with("at ")).then(|| word.to_string())
}
