//! Values: text read as a key's type, judged by its bounds, and printed as Kafka prints it.
//!
//! Knows no key by name. Reading is Kafka's: blanks at both ends do not count, booleans in either case, lists split at
//! commas with the blanks around them.

use std::fmt;

use super::definition::{Bounds, ConfigDef, ConfigType, Emptiness};

/// A value read.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a boolean key.
    Boolean(bool),
    /// Of a text, class or secret key.
    Text(String),
    /// Of an int, short or long key.
    Integer(i64),
    /// Of a double key.
    Double(f64),
    /// Of a list key.
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(v) => write!(f, "{v}"),
            Self::Text(v) => f.write_str(v),
            Self::Integer(v) => write!(f, "{v}"),
            Self::Double(v) => f.write_str(&java_double(*v)),
            Self::List(v) => f.write_str(&v.join(",")),
        }
    }
}

/// Why a value is refused: what would be allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("allowed: {allowed}")]
pub struct Invalid {
    /// What the key takes, for a person to read.
    pub allowed: String,
}

/// Reads and judges `text` as the value of `def`.
pub fn parse(def: &ConfigDef, text: &str) -> Result<Value, Invalid> {
    let refused = |()| Invalid { allowed: allowed(def) };
    let mut value = of_type(def.kind, text).map_err(refused)?;
    if let (Bounds::Distinct(_) | Bounds::Elements(..), Value::List(list)) = (def.bounds, &mut value) {
        drop_repeated(list);
    }
    if within(&def.bounds, &value) { Ok(value) } else { Err(refused(())) }
}

/// Reads `text` as a type, whatever the bounds.
pub(super) fn of_type(kind: ConfigType, text: &str) -> Result<Value, ()> {
    let text = text.trim();
    match kind {
        ConfigType::Boolean if text.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
        ConfigType::Boolean if text.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
        ConfigType::Boolean => Err(()),
        ConfigType::String | ConfigType::Class | ConfigType::Password => Ok(Value::Text(text.to_owned())),
        ConfigType::Int => text.parse::<i32>().map(|v| Value::Integer(v.into())).map_err(drop),
        ConfigType::Short => text.parse::<i16>().map(|v| Value::Integer(v.into())).map_err(drop),
        ConfigType::Long => text.parse::<i64>().map(Value::Integer).map_err(drop),
        ConfigType::Double => text.parse::<f64>().map(Value::Double).map_err(drop),
        ConfigType::List => Ok(Value::List(elements(text))),
    }
}

/// The elements of a comma-separated list; none in an empty text.
pub fn elements(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.is_empty() { Vec::new() } else { text.split(',').map(|part| part.trim().to_owned()).collect() }
}

fn within(bounds: &Bounds, value: &Value) -> bool {
    match (bounds, value) {
        (Bounds::AtLeast(min), Value::Integer(v)) => v >= min,
        (Bounds::Between(min, max), Value::Integer(v)) => (min..=max).contains(&v),
        (Bounds::GzipLevel, Value::Integer(v)) => *v == -1 || (1..=9).contains(v),
        (Bounds::BetweenF(min, max), Value::Double(v)) => (min..=max).contains(&v),
        (Bounds::AtLeast(min), Value::Double(v)) => *v >= *min as f64,
        (Bounds::OneOf(names), Value::Text(v)) => names.contains(&v.as_str()),
        (Bounds::OneOfAnyCase(names), Value::Text(v)) => names.iter().any(|name| name.eq_ignore_ascii_case(v)),
        (Bounds::NonEmpty, Value::Text(v)) => !v.is_empty(),
        (Bounds::OffsetReset, Value::Text(v)) => is_offset_reset(v),
        (Bounds::Distinct(emptiness), Value::List(v)) => list_is_sound(*emptiness, v),
        (Bounds::Elements(emptiness, names), Value::List(v)) => {
            list_is_sound(*emptiness, v) && v.iter().all(|element| names.contains(&element.as_str()))
        }
        (Bounds::NonEmpty, Value::List(v)) => !v.is_empty(),
        (Bounds::ThrottledReplicas, Value::List(v)) => is_throttled_replicas(v),
        _ => true,
    }
}

fn list_is_sound(emptiness: Emptiness, list: &[String]) -> bool {
    let enough = emptiness == Emptiness::MayBeEmpty || !list.is_empty();
    enough && list.iter().all(|element| !element.is_empty())
}

/// What stands in such a list twice counts once, as in Kafka.
fn drop_repeated(list: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    list.retain(|element| seen.insert(element.clone()));
}

fn is_throttled_replicas(list: &[String]) -> bool {
    let is_pair = |text: &String| {
        text.split_once(':').is_some_and(|(a, b)| {
            [a, b].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    matches!(list, [only] if only == "*") || list.iter().all(is_pair)
}

fn is_offset_reset(text: &str) -> bool {
    match text.strip_prefix("by_duration:") {
        Some(duration) => iso_duration_ms(duration).is_some_and(|ms| ms >= 0),
        None => matches!(text, "earliest" | "latest"),
    }
}

/// An ISO 8601 duration of days and a time (`PnDTnHnMn.nS`) in milliseconds; no years or months, as in Kafka.
pub fn iso_duration_ms(text: &str) -> Option<i64> {
    let rest = text.strip_prefix(['P', 'p'])?;
    let (days, time) = match rest.split_once(['T', 't']) {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut ms = duration_parts(days, &[('D', 86_400_000.0)])?;
    ms += duration_parts(time, &[('H', 3_600_000.0), ('M', 60_000.0), ('S', 1_000.0)])?;
    Some(ms as i64)
}

/// Sums `5H3.5S`-like parts, whose units must keep their order; only seconds may have a fraction.
fn duration_parts(mut text: &str, units: &[(char, f64)]) -> Option<f64> {
    let (mut sum, mut from) = (0.0, 0);
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = text[end..].chars().next()?.to_ascii_uppercase();
        let place = from + units[from..].iter().position(|(name, _)| *name == unit)?;
        let number = &text[..end];
        if number.contains('.') && unit != 'S' {
            return None;
        }
        sum += number.parse::<f64>().ok()? * units[place].1;
        from = place + 1;
        text = &text[end + 1..];
    }
    Some(sum)
}

/// What a key takes, for a person to read.
pub fn allowed(def: &ConfigDef) -> String {
    let kind = match def.kind {
        ConfigType::Boolean => return "true or false".to_owned(),
        ConfigType::Int => "a whole number of 32 bits",
        ConfigType::Short => "a whole number of 16 bits",
        ConfigType::Long => "a whole number of 64 bits",
        ConfigType::Double => "a number",
        ConfigType::String | ConfigType::Class | ConfigType::Password => "a text",
        ConfigType::List => "a list separated by commas",
    };
    match def.bounds {
        Bounds::Any => kind.to_owned(),
        Bounds::AtLeast(min) => format!("{kind}, at least {min}"),
        Bounds::Between(min, max) => format!("{kind} from {min} to {max}"),
        Bounds::BetweenF(min, max) => format!("{kind} from {min} to {max}"),
        Bounds::OneOf(names) | Bounds::OneOfAnyCase(names) => format!("one of {}", names.join(", ")),
        Bounds::Distinct(Emptiness::MayBeEmpty) => kind.to_owned(),
        Bounds::Distinct(Emptiness::NotEmpty) => format!("{kind}, at least one"),
        Bounds::Elements(_, names) => format!("{kind}, each one of {}", names.join(", ")),
        Bounds::NonEmpty => format!("{kind}, not empty"),
        Bounds::GzipLevel => "a level from 1 to 9, or -1".to_owned(),
        Bounds::ThrottledReplicas => "partition:broker pairs separated by commas, or *".to_owned(),
        Bounds::OffsetReset => "earliest, latest, or by_duration: with a duration like PT1H30M".to_owned(),
    }
}

/// A double as Java prints it: at least one digit behind the point, powers of ten from 10^7 and below 10^-3.
fn java_double(v: f64) -> String {
    let size = v.abs();
    if v == 0.0 || !v.is_finite() || (1e-3..1e7).contains(&size) {
        let text = format!("{v:?}");
        return text.replace("inf", "Infinity");
    }
    let text = format!("{v:E}");
    match text.split_once('E') {
        Some((digits, power)) if !digits.contains('.') => format!("{digits}.0E{power}"),
        _ => text,
    }
}

#[cfg(test)]
#[path = "value_test.rs"]
mod tests;
