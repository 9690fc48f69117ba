//! Source text with comments, the insides of literals and tests blanked out, line by line where it was.

use crate::is_word;

/// The mark of a line that belongs to a test; a line that was a comment has none and counts.
pub const BLANKED: &str = "\u{1}";

/// `text` with comments and the insides of literals turned into blanks; lines stay where they are.
pub fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after_word = out.ends_with(is_word);
        let taken = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest, 1),
            'b' | 'c' if !after_word && rest[1..].starts_with('"') => string(rest, 2),
            'r' | 'b' | 'c' if !after_word && raw_string(rest).is_some() => raw_string(rest).unwrap_or(1),
            '\'' => char_literal(rest),
            _ => 0,
        };
        if taken == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..taken].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[taken..];
        }
    }
    out
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn string(text: &str, open: usize) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(open) {
        if c == '"' && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let hashes = body.bytes().take_while(|byte| *byte == b'#').count();
    let inside = body[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inside.find(&close).map_or(inside.len(), |at| at + close.len());
    Some(text.len() - inside.len() + end)
}

/// The length of a character literal, or 1 for the tick of a lifetime.
fn char_literal(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, _))) => text[at + 1..].find('\'').map_or(1, |end| at + 1 + end + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// `code` with `#[cfg(test)]` items blanked; their lines begin with a mark, so that they can be told from others.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    while let Some(start) = out.find(MARK) {
        let end = start + item_length(&out[start..]);
        let line_start = out[..start].rfind('\n').map_or(0, |at| at + 1);
        let blanks: String = out[line_start..end].split('\n').map(|_| BLANKED).collect::<Vec<_>>().join("\n");
        out.replace_range(line_start..end, &blanks);
    }
    out
}

/// The length of an item with its attributes: to its `;`, or to the brace that closes it.
fn item_length(text: &str) -> usize {
    let (mut depth, mut braces) = (0i32, 0i32);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        let ended = braces == 0 && (c == '}' || c == ';');
        if ended && depth == 0 {
            return at + 1;
        }
    }
    text.len()
}
