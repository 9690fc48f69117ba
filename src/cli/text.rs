//! Escapes in what is typed on a command line, and near misses among names.

/// Reads `\n`, `\r`, `\t`, `\0`, `\\` and `\xHH`; any other backslash is an error.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (byte, length) = match rest {
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => return Err("two hexadecimal digits must follow \\x".to_string()),
            },
            _ => return Err("a backslash must be followed by n, r, t, 0, xHH or another backslash".to_string()),
        };
        out.push(byte);
        rest = &rest[length..];
    }
    Ok(out)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Among `names`, the one that looks most like `name`, if one comes close.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let score = |candidate: &str| strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
    let best = names.map(|candidate| (score(candidate), candidate)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.85).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"a\tb\n\\\x00\xfF"), Ok(b"a\tb\n\\\x00\xff".to_vec()));
        assert_eq!(unescape("größe"), Ok("größe".as_bytes().to_vec()));
        assert!(
            unescape(r"\").is_err()
                && unescape(r"\q").is_err()
                && unescape(r"\x1").is_err()
                && unescape(r"\xzz").is_err()
        );
    }

    #[test]
    fn near_misses() {
        let names = ["orders", "payments"];
        assert_eq!(nearest("order", names.into_iter()), Some("orders"));
        assert_eq!(nearest("Orders", names.into_iter()), Some("orders"));
        assert_eq!(nearest("zebra", names.into_iter()), None);
    }
}
