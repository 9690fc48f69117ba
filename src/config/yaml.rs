//! YAML with Kafka's property names as keys, flat (`log.dirs: x`), nested (`log: {dirs: x}`), or mixed.
//!
//! Sequences are Kafka's comma-separated lists. A key without a value is not set. The parser gives no line numbers, so
//! they are found by a second look at the text: exact for block style, the enclosing key's line for flow style.

use std::collections::HashMap;
use std::sync::Arc;

use serde_yaml::Value;

use super::source::{Setting, Source, SyntaxError};

/// Reads a YAML text.
pub fn parse_yaml(text: &str, origin: &str) -> Result<Vec<Setting>, SyntaxError> {
    let problem = |line, problem: String| SyntaxError { origin: origin.to_owned(), line, problem };
    let root: Value = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, |at| u32::try_from(at.line()).unwrap_or(0));
        problem(line, error.to_string())
    })?;
    let mut walk = Walk { lines: lines_of_keys(text), name: origin.into(), settings: Vec::new() };
    match root {
        Value::Null => {}
        Value::Mapping(_) => walk.visit(String::new(), root).map_err(|(line, what)| problem(line, what))?,
        _ => return Err(problem(0, "the text is not a mapping of keys to values".to_owned())),
    }
    Ok(walk.settings)
}

struct Walk {
    lines: HashMap<String, u32>,
    name: Arc<str>,
    settings: Vec<Setting>,
}

impl Walk {
    fn visit(&mut self, path: String, value: Value) -> Result<(), (u32, String)> {
        match value {
            Value::Null => Ok(()),
            Value::Mapping(entries) => {
                for (key, value) in entries {
                    let key = scalar(&key).ok_or_else(|| (self.line(&path), "a key must be a text".to_owned()))?;
                    let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                    self.visit(path, value)?;
                }
                Ok(())
            }
            Value::Sequence(elements) => {
                let texts: Option<Vec<String>> = elements.iter().map(scalar).collect();
                let list = texts.ok_or_else(|| (self.line(&path), format!("`{path}` may only list plain values")))?;
                self.set(path, list.join(","));
                Ok(())
            }
            other => {
                let text =
                    scalar(&other).ok_or_else(|| (self.line(&path), format!("`{path}` must be a plain value")))?;
                self.set(path, text);
                Ok(())
            }
        }
    }

    fn set(&mut self, key: String, value: String) {
        let source = Source::File { name: Arc::clone(&self.name), line: self.line(&key) };
        self.settings.push(Setting { key, value, source });
    }

    /// The line of a key, or of the nearest key that encloses it.
    fn line(&self, path: &str) -> u32 {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return *line;
            }
            match path.rsplit_once('.') {
                Some((outer, _)) => path = outer,
                None => return 0,
            }
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Dotted paths of block-style keys and the lines they stand on.
fn lines_of_keys(text: &str) -> HashMap<String, u32> {
    let mut lines = HashMap::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let Some((key, _)) = body.split_once(':') else { continue };
        let key = key.trim().trim_matches(['"', '\'']);
        if key.is_empty() || body.starts_with(['#', '-']) {
            continue;
        }
        open.retain(|(outer, _)| *outer < indent);
        let path = open.last().map_or_else(|| key.to_owned(), |(_, outer)| format!("{outer}.{key}"));
        lines.entry(path.clone()).or_insert(number);
        open.push((indent, path));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String, u32)> {
        let settings = parse_yaml(text, "f.yaml").unwrap();
        let line = |source| if let Source::File { line, .. } = source { line } else { 0 };
        settings.into_iter().map(|s| (s.key, s.value, line(s.source))).collect()
    }

    #[test]
    fn flat_nested_and_mixed_keys_are_the_same_keys() {
        let text = "node.id: 7\nlog:\n  dirs: [/a, /b]\n  retention.ms: -1\n  cleaner:\n    enable: true\n# end\n";
        let wanted = [
            ("node.id", "7", 1),
            ("log.dirs", "/a,/b", 3),
            ("log.retention.ms", "-1", 4),
            ("log.cleaner.enable", "true", 6),
        ];
        assert_eq!(found(text), wanted.map(|(k, v, l)| (k.to_owned(), v.to_owned(), l)));
    }

    #[test]
    fn lists_scalars_and_nulls() {
        assert_eq!(
            found("a:\n  - x\n  - 1\nb:\nc: ''\nd: 0.5"),
            [("a".into(), "x,1".into(), 1), ("c".into(), String::new(), 5), ("d".into(), "0.5".into(), 6),]
        );
        assert_eq!(found(""), []);
        assert_eq!(found("a: {b: {c: 1}}"), [("a.b.c".into(), "1".into(), 1)]);
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        for bad in ["- a", "just text", "a: [b: c]", "a: [1", "a: 1\na: 2"] {
            assert!(parse_yaml(bad, "f.yaml").is_err(), "{bad:?}");
        }
    }
}
