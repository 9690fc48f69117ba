//! Java's properties syntax: `key=value`, `key: value`, `key value`, comments, continued lines, escapes.
//!
//! ```text
//! # comment            ! comment
//! key = a long \
//!       value          -> key = "a long value"
//! a\ b\:c = \u00e9\t   -> "a b:c" = "é<tab>"
//! ```

use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use super::source::{Setting, Source, SyntaxError};

/// Reads a properties text. A key given twice appears twice, in order.
pub fn parse_properties(text: &str, origin: &str) -> Result<Vec<Setting>, SyntaxError> {
    let name: Arc<str> = origin.into();
    let mut settings = Vec::new();
    for (line, logical) in logical_lines(text) {
        let (key, rest) = split_key(&logical);
        let unescaped =
            |part| unescape(part).map_err(|problem| SyntaxError { origin: origin.to_owned(), line, problem });
        let source = Source::File { name: Arc::clone(&name), line };
        settings.push(Setting { key: unescaped(key)?, value: unescaped(rest)?, source });
    }
    Ok(settings)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Joins continued lines and drops comments and empty lines; each comes with the number of its first line.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(u32, String)> = None;
    for (number, raw) in (1..).zip(text.split('\n')) {
        let natural = raw.strip_suffix('\r').unwrap_or(raw).trim_start_matches(is_blank);
        let (first, mut joined) = match open.take() {
            Some(begun) => begun,
            None if natural.is_empty() || natural.starts_with(['#', '!']) => continue,
            None => (number, String::new()),
        };
        let continues = natural.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        joined.push_str(if continues { &natural[..natural.len() - 1] } else { natural });
        if continues {
            open = Some((first, joined));
        } else {
            lines.push((first, joined));
        }
    }
    lines.extend(open);
    lines
}

/// Parts key from value at the first unescaped `=`, `:` or blank; blanks around the mark do not count.
fn split_key(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = !escaped && (matches!(c, '=' | ':') || is_blank(*c));
        escaped = *c == '\\' && !escaped;
        ends
    });
    let Some((end, _)) = end else { return (line, "") };
    let rest = line[end..].trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim_start_matches(is_blank))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => out.push(unicode(&mut chars)?),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Ok(out)
}

/// Reads the four digits behind `\u`, and a second such escape where the first is half of a pair.
fn unicode(chars: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let mut units = vec![hex_unit(chars)?];
    if (0xD800..0xDC00).contains(&units[0]) && chars.peek() == Some(&'\\') {
        chars.next();
        if chars.next() != Some('u') {
            return Err("half of a surrogate pair".to_owned());
        }
        units.push(hex_unit(chars)?);
    }
    let decoded = char::decode_utf16(units).next();
    decoded.and_then(Result::ok).ok_or_else(|| "half of a surrogate pair".to_owned())
}

fn hex_unit(chars: &mut Peekable<Chars<'_>>) -> Result<u16, String> {
    let digits: String = chars.by_ref().take(4).collect();
    let sound = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = if sound { u16::from_str_radix(&digits, 16).ok() } else { None };
    unit.ok_or_else(|| format!("\\u needs four hexadecimal digits, not `{digits}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse_properties(text, "f").unwrap().into_iter().map(|s| (s.key, s.value)).collect()
    }

    fn pair(text: &str) -> (String, String) {
        pairs(text).remove(0)
    }

    #[test]
    fn three_marks_part_key_from_value() {
        for text in ["a=b", "a:b", "a b", "  a = b", "a\t:\tb", "a\\\n  =b"] {
            assert_eq!(pair(text), ("a".into(), "b".into()), "{text:?}");
        }
        assert_eq!(pair("a"), ("a".into(), String::new()));
        assert_eq!(pair("a=b=c:d e"), ("a".into(), "b=c:d e".into()));
        assert_eq!(pair("a = = b"), ("a".into(), "= b".into()));
        assert_eq!(pair("listeners=PLAINTEXT://:9092"), ("listeners".into(), "PLAINTEXT://:9092".into()));
    }

    #[test]
    fn comments_and_empty_lines_are_passed_over() {
        assert_eq!(pairs("# a=b\n\n  ! c=d\r\n e=f\r\n"), [("e".to_owned(), "f".to_owned())]);
    }

    #[test]
    fn lines_continue_behind_an_odd_number_of_backslashes() {
        let settings = parse_properties("x=1\na = b,\\\n    c,\\\r\n  d\ne=f\\\\\ng=h", "f").unwrap();
        assert_eq!(settings[1].value, "b,c,d");
        assert_eq!(settings[1].source, Source::File { name: "f".into(), line: 2 });
        assert_eq!((settings[2].value.as_str(), settings[3].value.as_str()), ("f\\", "h"));
        // A comment mark on a continued line is part of the value.
        assert_eq!(pair("a=b\\\n#c").1, "b#c");
        assert_eq!(pair("a=b\\").1, "b");
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(pair("a\\ b\\:c\\=d=e\\tf\\n\\\\"), ("a b:c=d".into(), "e\tf\n\\".into()));
        assert_eq!(pair("a=\\u00e9\\uD83D\\uDE00").1, "é😀");
        for bad in ["a=\\u12", "a=\\uzzzz", "a=\\uD83D", "a=\\uD83D\\n"] {
            assert!(parse_properties(bad, "f").is_err(), "{bad}");
        }
    }
}
