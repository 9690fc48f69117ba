//! Printing: lines of `name: value` pairs, or JSON objects, and the count of what is wrong.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};

use super::{DumpOptions, Kind, files, segment};

/// A dump under way.
pub(super) struct Dump<'a> {
    pub options: &'a DumpOptions,
    pub out: &'a mut dyn Write,
    pub problems: u64,
}

/// What one line says: names and values in order.
pub(super) type Fields = Vec<(&'static str, Value)>;

impl Dump<'_> {
    pub fn file(&mut self, path: &Path) -> std::io::Result<()> {
        let Some(kind) = Kind::of(path) else {
            return Err(std::io::Error::other(
                "only .log, .index, .timeindex, .txnindex and .snapshot files can be dumped",
            ));
        };
        if self.options.json {
            self.json("file", vec![("path", path.display().to_string().into())])?;
        } else {
            writeln!(self.out, "Dumping {}", path.display())?;
        }
        match kind {
            Kind::Log => segment::dump(self, path),
            Kind::Index => files::index(self, path),
            Kind::TimeIndex => files::time_index(self, path),
            Kind::TxnIndex => files::txn_index(self, path),
            Kind::Snapshot => files::snapshot(self, path),
        }
    }

    /// One line: `lead` in front, then `name: value` pairs; or a JSON object of kind `what`.
    pub fn line(&mut self, what: &str, lead: &str, fields: Fields) -> std::io::Result<()> {
        if self.options.json {
            return self.json(what, fields);
        }
        let mut text = String::from(lead);
        for (i, (name, value)) in fields.iter().enumerate() {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Array(items) => {
                    let items: Vec<_> =
                        items.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
                    format!("[{}]", items.join(","))
                }
                other => other.to_string(),
            };
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{name}: {value}", if i > 0 { " " } else { "" });
        }
        writeln!(self.out, "{text}")
    }

    fn json(&mut self, what: &str, fields: Fields) -> std::io::Result<()> {
        let mut object = Map::new();
        object.insert("kind".into(), what.into());
        object.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        writeln!(self.out, "{}", Value::Object(object))
    }

    /// Something is wrong.
    pub fn problem(&mut self, text: &str) -> std::io::Result<()> {
        self.problems += 1;
        if self.options.json {
            self.json("problem", vec![("message", text.into())])
        } else {
            writeln!(self.out, "Problem: {text}")
        }
    }
}
