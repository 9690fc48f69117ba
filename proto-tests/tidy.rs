//! The house rules that a compiler does not hold: floors, names kept to their rooms, size and shape of files.
//!
//! Works on text, with comments and literals blanked out, so that it needs nothing but the standard library and no
//! second of anybody's time. `#[cfg(test)]` items and `*_test.rs` files may name what they like, but they live on their
//! floor all the same.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

/// The floor of every room: a module imports from lower floors and from its own room.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
    ("record", 1),
    ("config", 1),
    ("log", 2),
    ("metadata", 2),
    ("protocol", 2),
    ("machine", 3),
    ("security", 3),
    ("quota", 3),
    ("replica", 4),
    ("coordinator", 4),
    ("controller", 4),
    ("peer", 5),
    ("server", 6),
    ("node", 7),
    ("cli", 8),
];

/// Names, and the places that may use them: a folder, a file, or every file of that name (`*/service.rs`).
const KEPT: &[(&str, &[&str])] = &[
    ("kafka_protocol", &["protocol/", "peer/", "server/"]),
    ("openraft", &["controller/quorum/"]),
    (
        "tokio::",
        &[
            "replica/",
            "*/service.rs",
            "controller/quorum_controller.rs",
            "controller/decider.rs",
            "controller/quorum/",
            "machine/runtime.rs",
            "peer/",
            "server/",
            "node/",
            "cli/",
            "main.rs",
        ],
    ),
    ("std::fs", &["log/", "node/", "cli/", "main.rs"]),
    ("Instant::now", &["base/clock.rs"]),
    ("SystemTime::now", &["base/clock.rs"]),
    ("unsafe", &["log/index/mmap.rs"]),
    ("memmap2", &["log/index/mmap.rs"]),
    // kafka_protocol's traits, which the messages it lacks must implement, return its errors.
    ("anyhow", &["cli/", "main.rs", "protocol/extra/message.rs"]),
    ("flate2", &["record/"]),
    ("lz4_flex", &["record/"]),
    ("snap", &["record/"]),
    ("zstd", &["record/"]),
];

/// Lines that a file may have, its tests not counted.
const FILE_LINES_MAX: usize = 500;
/// Lines that a `mod.rs` may have, its tests not counted.
const MOD_LINES_MAX: usize = 120;

/// Breaches that are known and tolerated, as (file, rule). It starts empty and only shrinks.
const EXCEPTIONS: &[(&str, Rule)] = &[];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Floor,
    Kept,
    Lines,
    Head,
    ModLines,
    Orphan,
    Reexport,
    Table,
}

#[derive(Debug)]
struct Breach {
    file: String,
    line: usize,
    rule: Rule,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {} ({:?})", self.file, self.line, self.what, self.rule)
    }
}

#[test]
fn the_house_is_tidy() {
    let files = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(files.len() > FLOORS.len(), "the sources were not found");
    let breaches = inspect(&files);
    let excused = |breach: &&Breach| EXCEPTIONS.contains(&(breach.file.as_str(), breach.rule));
    let stale: Vec<_> =
        EXCEPTIONS.iter().filter(|(f, r)| !breaches.iter().any(|b| b.file == *f && b.rule == *r)).collect();
    assert!(stale.is_empty(), "these exceptions are no longer needed: {stale:?}");
    let left: Vec<String> = breaches.iter().filter(|breach| !excused(breach)).map(ToString::to_string).collect();
    assert!(left.is_empty(), "{} breaches:\n{}", left.len(), left.join("\n"));
}

/// Every source file as (path below src with forward slashes, text).
fn read_all(src: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut open = vec![src.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(src).unwrap().to_string_lossy().replace('\\', "/");
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn inspect(files: &[(String, String)]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let declared = declared_files(files);
    for (file, text) in files {
        let mut tell = |line, rule, what| breaches.push(Breach { file: file.clone(), line, rule, what });
        let code = code_only(text);
        let live = without_tests(&code);
        let lines = live.lines().filter(|line| *line != BLANKED).count();
        if !is_test(file) {
            kept_names(file, &live, &mut tell);
            climbing(file, &live, &mut tell);
            if lines > FILE_LINES_MAX {
                tell(1, Rule::Lines, format!("{lines} lines without tests, of {FILE_LINES_MAX} allowed"));
            }
        }
        imports(file, &code, &mut tell);
        // A file of one line has nothing to say yet.
        if !text.starts_with("//!") && text.lines().count() > 1 {
            tell(1, Rule::Head, "no `//!` head".to_owned());
        }
        if file.ends_with("mod.rs") && lines > MOD_LINES_MAX {
            tell(1, Rule::ModLines, format!("{lines} lines in a mod.rs, of {MOD_LINES_MAX} allowed"));
        }
        if !matches!(file.as_str(), "lib.rs" | "main.rs") && !declared.contains(file) {
            tell(1, Rule::Orphan, "no `mod` declares this file".to_owned());
        }
        if file == "lib.rs" {
            if let Some(line) = find_word(&code, "pub use").first() {
                tell(*line, Rule::Reexport, "`pub use` in lib.rs".to_owned());
            }
            floor_table(text, &code, &mut tell);
        }
    }
    breaches
}

type Tell<'a> = dyn FnMut(usize, Rule, String) + 'a;

fn is_test(file: &str) -> bool {
    file.ends_with("_test.rs") || file.ends_with("/tests.rs") || file.contains("/tests/")
}

fn floor_of(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// `src/log/segment.rs` lies in `log`; `main.rs` and `lib.rs` lie in no room.
fn room_of(file: &str) -> Option<&str> {
    let first = file.split('/').next()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    floor_of(room).map(|_| room)
}

fn may_import(file: &str, room: &str) -> Option<String> {
    let own = room_of(file)?;
    let (Some(from), Some(to)) = (floor_of(own), floor_of(room)) else { return None };
    let allowed = own == room || to < from;
    let direction = if to > from { "up" } else { "sideways" };
    (!allowed).then(|| format!("{own} (floor {from}) imports {direction} from {room} (floor {to})"))
}

/// Every `crate::room` and `crate::{room, …}`.
fn imports(file: &str, code: &str, tell: &mut Tell) {
    for (at, _) in code.match_indices("crate::").filter(|(at, _)| starts_word(code, *at)) {
        for room in heads(&code[at + "crate::".len()..]) {
            if let Some(what) = may_import(file, room) {
                tell(line_at(code, at), Rule::Floor, what);
            }
        }
    }
}

/// Every chain of `super::` that leaves its room.
fn climbing(file: &str, code: &str, tell: &mut Tell) {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = path.split('/').count();
    for (at, _) in code.match_indices("super::").filter(|(at, _)| starts_word(code, *at)) {
        let preceded = code[..at].ends_with("super::");
        let chain = code[at..].split("::").take_while(|part| *part == "super").count();
        if preceded || chain < depth {
            continue;
        }
        for room in heads(&code[at + chain * "super::".len()..]) {
            if let Some(what) = may_import(file, room) {
                tell(line_at(code, at), Rule::Floor, what);
            }
        }
    }
}

/// The first names of what follows a `::`: one, or those at the top level of a `{…}`.
fn heads(rest: &str) -> Vec<&str> {
    let name = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(group) = rest.strip_prefix('{') else { return vec![&rest[..name(rest)]] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, Some(0));
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = Some(at + 1),
            _ => {}
        }
        if let Some(from) = start
            && (c.is_alphabetic() || c == '_')
        {
            let text = group[from..].trim_start();
            names.push(&text[..name(text)]);
            start = None;
        }
    }
    names
}

fn kept_names(file: &str, code: &str, tell: &mut Tell) {
    for (name, places) in KEPT {
        let allowed = places.iter().any(|place| match place.strip_prefix('*') {
            Some(tail) => file.ends_with(tail),
            None => file == *place || (place.ends_with('/') && file.starts_with(place)),
        });
        if allowed {
            continue;
        }
        let mut lines = find_word(code, name);
        if let Some((outer, inner)) = name.split_once("::").filter(|(_, inner)| !inner.is_empty()) {
            let grouped = format!("{outer}::{{");
            let uses = code.match_indices(&grouped).filter(|(at, _)| starts_word(code, *at));
            let names_it = |at: &usize| heads(&code[at + outer.len() + 2..]).contains(&inner);
            lines.extend(uses.map(|(at, _)| at).filter(names_it).map(|at| line_at(code, at)));
        }
        for line in lines {
            tell(line, Rule::Kept, format!("`{name}` is kept to {}", places.join(", ")));
        }
    }
}

/// Lines on which `name` stands as a word of its own.
fn find_word(code: &str, name: &str) -> Vec<usize> {
    let ends = |at: usize| !code[at + name.len()..].starts_with(is_word) || name.ends_with(':');
    let found = code.match_indices(name).map(|(at, _)| at).filter(|at| starts_word(code, *at) && ends(*at));
    found.map(|at| line_at(code, at)).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_word(code: &str, at: usize) -> bool {
    !code[..at].ends_with(is_word)
}

fn line_at(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Files that some `mod` brings in, by its name or by a `#[path]`.
fn declared_files(files: &[(String, String)]) -> BTreeSet<String> {
    let mut declared = BTreeSet::new();
    for (file, text) in files {
        let folder = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let is_root = file.ends_with("mod.rs") || matches!(file.as_str(), "lib.rs" | "main.rs");
        let below = if is_root { folder.clone() } else { format!("{}/", file.trim_end_matches(".rs")) };
        let mut path = None;
        for line in text.lines().map(str::trim) {
            if let Some(named) = line.strip_prefix("#[path = \"") {
                path = named.split('"').next();
            }
            let declaration =
                line.rsplit_once("mod ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"));
            let Some(name) = declaration.and_then(|(_, rest)| rest.strip_suffix(';')) else { continue };
            match path.take() {
                Some(named) => declared.insert(format!("{folder}{named}")),
                None => declared.insert(format!("{below}{name}.rs")) | declared.insert(format!("{below}{name}/mod.rs")),
            };
        }
    }
    declared
}

/// The table in the head of lib.rs and the modules it declares must be those of `FLOORS`.
fn floor_table(text: &str, code: &str, tell: &mut Tell) {
    for (room, floor) in FLOORS {
        let row = text.lines().filter(|line| line.starts_with("//!")).find(|line| {
            let mut words = line.trim_start_matches("//!").split_whitespace();
            words.next() == Some(floor.to_string().as_str()) && words.any(|word| word == *room)
        });
        if row.is_none() {
            tell(1, Rule::Table, format!("the head does not show {room} on floor {floor}"));
        }
    }
    for line in code.lines() {
        let Some(room) = line.trim().strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        if floor_of(room).is_none() {
            tell(1, Rule::Table, format!("{room} is on no floor"));
        }
    }
}

/// The mark of a line that belongs to a test; a line that was a comment has none and counts.
const BLANKED: &str = "\u{1}";

/// `text` with comments and the insides of literals turned into blanks; lines stay where they are.
fn code_only(text: &str) -> String {
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
fn without_tests(code: &str) -> String {
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

/// Each rule on planted text: it catches its breach, and passes what only looks like one.
#[cfg(test)]
mod planted {
    use super::*;

    fn rules(file: &str, text: &str) -> Vec<Rule> {
        let parent = ("lib.rs".to_owned(), lib());
        let files = [parent, (file.to_owned(), text.to_owned())];
        let found = inspect(&files).into_iter().filter(|breach| breach.file == file);
        found.map(|breach| breach.rule).filter(|rule| *rule != Rule::Orphan).collect()
    }

    fn lib() -> String {
        let row = |(room, floor): &(&str, u8)| format!("//!  {floor}  kind  {room}  what\n");
        let modules = |(room, _): &(&str, u8)| format!("pub mod {room};\n");
        FLOORS.iter().map(row).chain(FLOORS.iter().map(modules)).collect()
    }

    fn with_head(code: &str) -> String {
        format!("//! A head.\n{code}\n")
    }

    #[test]
    fn upward_and_sideways_imports() {
        for code in [
            "use crate::server::context;",
            "use crate::{base::ids, replica::manager};",
            "use crate::metadata::image;",
            "fn f() { crate::node::start(); }",
            "use super::super::metadata::image;",
            "#[cfg(test)] mod tests { use crate::protocol::frame; }",
        ] {
            assert_eq!(rules("log/segment.rs", &with_head(code)), [Rule::Floor], "{code}");
        }
        for code in [
            "use crate::base::ids;",
            "use crate::{base::{ids, codec}, record::batch, log::error};",
            "// use crate::server::context;",
            "/* crate::node */ const S: &str = \"crate::node\";",
            "use super::error; use super::super::record::batch;",
            "use my_crate::server::x;",
            "fn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' } // crate::server",
        ] {
            assert!(rules("log/segment.rs", &with_head(code)).is_empty(), "{code}");
        }
        assert_eq!(rules("log/mod.rs", &with_head("use super::server;")), [Rule::Floor]);
        assert!(rules("cli/mod.rs", &with_head("use crate::node::start;")).is_empty());
    }

    #[test]
    fn names_outside_their_rooms() {
        for code in [
            "use kafka_protocol::messages;",
            "use openraft::Raft;",
            "async fn f() { tokio::task::yield_now().await }",
            "use std::fs;",
            "use std::{fmt, fs::File};",
            "let now = std::time::Instant::now();",
            "let now = SystemTime::now();",
            "unsafe { f() }",
            "fn f() -> anyhow::Result<()> {}",
            "use zstd::bulk;",
        ] {
            assert_eq!(rules("metadata/image.rs", &with_head(code)), [Rule::Kept], "{code}");
        }
        for code in [
            "#![allow(unsafe_code)]",
            "const A: &str = \"tokio::\"; // std::fs",
            "const A: &str = r#\"a \" unsafe\"#; const B: &[u8] = b\"unsafe\";",
            "#[cfg(test)]\nmod tests {\n    fn f() { std::fs::read(\"}\"); }\n}",
            "#[cfg(test)]\nfn f(a: [u8; 4]) -> anyhow::Result<()> { unsafe { g() } }",
        ] {
            assert!(rules("metadata/image.rs", &with_head(code)).is_empty(), "{code}");
        }
        assert_eq!(rules("metadata/image.rs", &with_head("#[cfg(test)]\nmod a {}\nunsafe {}")), [Rule::Kept]);
        assert!(rules("metadata/image_test.rs", &with_head("use std::fs;")).is_empty());
        assert!(rules("coordinator/group/service.rs", &with_head("use tokio::sync::watch;")).is_empty());
        assert_eq!(rules("coordinator/group/machine.rs", &with_head("use tokio::sync::watch;")), [Rule::Kept]);
        assert!(rules("log/index/mmap.rs", &with_head("unsafe { f() }")).is_empty());
    }

    #[test]
    fn size_and_shape() {
        let long = with_head(&"fn f() {}\n".repeat(FILE_LINES_MAX));
        assert_eq!(rules("log/segment.rs", &long), [Rule::Lines]);
        let tests = with_head(&format!("#[cfg(test)]\nmod tests {{\n{}}}", "    fn f() {}\n".repeat(FILE_LINES_MAX)));
        assert!(rules("log/segment.rs", &tests).is_empty());
        let comments = with_head(&"// a comment counts\n".repeat(FILE_LINES_MAX));
        assert_eq!(rules("log/segment.rs", &comments), [Rule::Lines]);
        assert_eq!(rules("log/segment.rs", "use std::fmt;\n\nfn f() {}\n"), [Rule::Head]);
        assert_eq!(rules("log/mod.rs", &with_head(&"\n".repeat(MOD_LINES_MAX))), [Rule::ModLines]);
    }

    #[test]
    fn orphans_and_the_lib() {
        let file = |name: &str, text: &str| (name.to_owned(), with_head(text));
        let files = [
            ("lib.rs".to_owned(), lib()),
            file("log/mod.rs", "pub mod segment;\npub(crate) mod index;"),
            file("log/segment.rs", "#[cfg(test)]\n#[path = \"segment_test.rs\"]\nmod tests;\nmod deep;"),
            file("log/segment_test.rs", ""),
            file("log/segment/deep.rs", ""),
            file("log/index/mod.rs", ""),
            file("log/lost.rs", ""),
            file("log/index/lost.rs", ""),
        ];
        let orphans: Vec<String> = inspect(&files).into_iter().map(|breach| breach.file).collect();
        assert_eq!(orphans, ["log/lost.rs", "log/index/lost.rs"]);
        for wrong in ["pub use base::ids;", "pub mod attic;"] {
            let found = inspect(&[("lib.rs".to_owned(), lib() + wrong)]);
            assert_eq!(found.len(), 1, "{wrong}");
        }
        let moved = lib().replace("//!  2  kind  log", "//!  3  kind  log");
        assert_eq!(inspect(&[("lib.rs".to_owned(), moved)])[0].rule, Rule::Table);
    }
}
