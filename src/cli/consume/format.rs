//! How a record is printed: by a format of `%` fields, or as JSON.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use super::records::Consumed;
use crate::cli::{date, text};

/// How records are printed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object per line.
    Json,
    /// Fields and what stands between them; what stands for null.
    Fields(Vec<Field>, Vec<u8>),
}

/// A piece of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Text(Vec<u8>),
    Key,
    KeyLength,
    Value,
    ValueLength,
    Headers,
    Topic,
    Partition,
    Offset,
    TimestampMs,
    Timestamp,
}

/// What is wrong with a format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum FormatError {
    #[error("%{0} is no field; see --help for those there are, and write %% for a percent sign")]
    Field(char),
    #[error("it ends in a single percent sign; write %% for one")]
    Percent,
    #[error("{0}")]
    Escape(String),
}

impl Format {
    /// Reads a format.
    pub(super) fn parse(format: &str, null: Vec<u8>) -> Result<Self, FormatError> {
        let mut fields = Vec::new();
        let mut plain = String::new();
        let mut chars = format.chars();
        let flush = |plain: &mut String, fields: &mut Vec<Field>| {
            if !plain.is_empty() {
                fields.push(Field::Text(text::unescape(&std::mem::take(plain)).map_err(FormatError::Escape)?));
            }
            Ok(())
        };
        while let Some(c) = chars.next() {
            if c != '%' {
                plain.push(c);
                continue;
            }
            let field = match chars.next() {
                Some('k') => Field::Key,
                Some('K') => Field::KeyLength,
                Some('v' | 's') => Field::Value,
                Some('V' | 'S') => Field::ValueLength,
                Some('h') => Field::Headers,
                Some('t') => Field::Topic,
                Some('p') => Field::Partition,
                Some('o') => Field::Offset,
                Some('T') => Field::TimestampMs,
                Some('d') => Field::Timestamp,
                Some('%') => {
                    plain.push('%');
                    continue;
                }
                Some(other) => return Err(FormatError::Field(other)),
                None => return Err(FormatError::Percent),
            };
            flush(&mut plain, &mut fields)?;
            fields.push(field);
        }
        flush(&mut plain, &mut fields)?;
        Ok(Self::Fields(fields, null))
    }

    /// The value on a line of its own, after what is asked for.
    pub(super) fn plain(headers: bool, key_separator: Option<Vec<u8>>, null: Vec<u8>) -> Self {
        let mut fields = Vec::new();
        if headers {
            fields.extend([Field::Headers, Field::Text(b"\t".to_vec())]);
        }
        if let Some(separator) = key_separator {
            fields.extend([Field::Key, Field::Text(separator)]);
        }
        fields.extend([Field::Value, Field::Text(b"\n".to_vec())]);
        Self::Fields(fields, null)
    }

    /// Prints a record.
    pub(super) fn write(&self, out: &mut impl Write, of: &Consumed<'_>) -> io::Result<()> {
        let (fields, null) = match self {
            Self::Fields(fields, null) => (fields, null),
            Self::Json => {
                serde_json::to_writer(&mut *out, &Json(of))?;
                return out.write_all(b"\n");
            }
        };
        let length = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| bytes.len() as i64);
        for field in fields {
            match field {
                Field::Text(text) => out.write_all(text)?,
                Field::Key => out.write_all(of.record.key.unwrap_or(null))?,
                Field::KeyLength => write!(out, "{}", length(of.record.key))?,
                Field::Value => out.write_all(of.record.value.unwrap_or(null))?,
                Field::ValueLength => write!(out, "{}", length(of.record.value))?,
                Field::Headers => write_headers(out, of, null)?,
                Field::Topic => out.write_all(of.topic.as_bytes())?,
                Field::Partition => write!(out, "{}", of.partition)?,
                Field::Offset => write!(out, "{}", of.offset)?,
                Field::TimestampMs => write!(out, "{}", of.timestamp)?,
                Field::Timestamp => out.write_all(date::format(of.timestamp).as_bytes())?,
            }
        }
        Ok(())
    }
}

fn write_headers(out: &mut impl Write, of: &Consumed<'_>, null: &[u8]) -> io::Result<()> {
    for (at, (key, value)) in of.record.headers().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        out.write_all(key)?;
        out.write_all(b"=")?;
        out.write_all(value.unwrap_or(null))?;
    }
    Ok(())
}

/// A record as JSON. Bytes that are not UTF-8 are given in base64 under a name that says so.
struct Json<'a, 'b>(&'a Consumed<'b>);

impl Serialize for Json<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("topic", of.topic)?;
        map.serialize_entry("partition", &of.partition)?;
        map.serialize_entry("offset", &of.offset.0)?;
        map.serialize_entry("timestamp", &of.timestamp.0)?;
        map.serialize_entry("timestamp_type", if of.log_append_time { "LogAppendTime" } else { "CreateTime" })?;
        entry::<S>(&mut map, "key", "key_base64", of.record.key)?;
        entry::<S>(&mut map, "value", "value_base64", of.record.value)?;
        map.serialize_entry("headers", &JsonHeaders(of))?;
        map.end()
    }
}

struct JsonHeaders<'a, 'b>(&'a Consumed<'b>);

impl Serialize for JsonHeaders<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.record.header_count))?;
        for (key, value) in self.0.record.headers() {
            list.serialize_element(&JsonHeader { key, value })?;
        }
        list.end()
    }
}

struct JsonHeader<'a> {
    key: &'a [u8],
    value: Option<&'a [u8]>,
}

impl Serialize for JsonHeader<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("key", &String::from_utf8_lossy(self.key))?;
        entry::<S>(&mut map, "value", "value_base64", self.value)?;
        map.end()
    }
}

fn entry<S: Serializer>(
    map: &mut S::SerializeMap,
    name: &str,
    base64: &str,
    bytes: Option<&[u8]>,
) -> Result<(), S::Error> {
    match bytes.map(std::str::from_utf8) {
        Some(Err(_)) => map.serialize_entry(base64, &STANDARD.encode(bytes.unwrap_or_default())),
        Some(Ok(text)) => map.serialize_entry(name, text),
        None => map.serialize_entry(name, &()),
    }
}
