//! The reviewed list of differences: `step pattern | path pattern | reason`, `*` stands for anything.

use std::path::Path;

/// One difference between the servers.
pub struct Difference {
    /// Which request of the script.
    pub step: String,
    /// Which field of its answer.
    pub path: String,
    /// What Apache Kafka said.
    pub kafka: String,
    /// What Ottla said.
    pub ottla: String,
}

struct Line {
    number: usize,
    text: String,
    step: String,
    path: String,
}

/// What is wrong: differences that no line lists and lines that no difference matches. Empty if nothing is.
pub fn judge(list: &Path, differences: &[Difference]) -> String {
    let text = std::fs::read_to_string(list).expect("the list of known differences");
    let mut lines = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let parts: Vec<&str> = line.split(" | ").map(str::trim).collect();
        assert!(parts.len() == 3 && !parts[2].is_empty(), "{}:{}: step | path | reason", list.display(), i + 1);
        lines.push(Line {
            number: i + 1,
            text: line.to_string(),
            step: parts[0].to_string(),
            path: parts[1].to_string(),
        });
    }
    let mut used = vec![false; lines.len()];
    let mut unlisted = Vec::new();
    for d in differences {
        let mut listed = false;
        for (i, line) in lines.iter().enumerate() {
            if matches(&line.step, &d.step) && matches(&line.path, &d.path) {
                used[i] = true;
                listed = true;
            }
        }
        if !listed {
            unlisted.push(format!("{} | {}\n      Kafka {}\n      Ottla {}", d.step, d.path, d.kafka, d.ottla));
        }
    }
    let mut report = String::new();
    if !unlisted.is_empty() {
        let more = unlisted.len().saturating_sub(150);
        unlisted.truncate(150);
        report.push_str(&format!("not in {}:\n  {}\n", list.display(), unlisted.join("\n  ")));
        if more > 0 {
            report.push_str(&format!("  and {more} more\n"));
        }
    }
    for (line, used) in lines.iter().zip(used) {
        if !used {
            report.push_str(&format!(
                "{}:{}: no such difference any more: {}\n",
                list.display(),
                line.number,
                line.text
            ));
        }
    }
    report
}

/// All differences as text.
pub fn print(differences: &[Difference]) -> String {
    differences.iter().map(|d| format!("{} | {} | {} | {}\n", d.step, d.path, d.kafka, d.ottla)).collect()
}

/// Whether `text` is of the form `pattern`, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).any(|i| rest.is_char_boundary(i) && matches(tail, &rest[i..]))),
    }
}
