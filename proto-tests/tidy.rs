//! The house rules that a compiler does not hold: floors, names kept to their rooms, size and shape of files.
//!
//! Works on text, with comments and literals blanked out, so that it needs nothing but the standard library and no
//! second of anybody's time. `#[cfg(test)]` items and `*_test.rs` files may name what they like, but they live on their
//! floor all the same.

#[cfg(test)]
#[path = "tidy/planted.rs"]
mod planted;
#[path = "tidy/text.rs"]
mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use text::{BLANKED, code_only, without_tests};

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
            "machine/blocking.rs",
            "machine/runtime.rs",
            "peer/",
            "server/",
            "node/",
            "cli/",
            "main.rs",
        ],
    ),
    // The seam below the log: a simulated disk must see every file that the log touches.
    ("std::fs", &["log/file_system.rs", "node/", "cli/", "main.rs"]),
    ("Instant::now", &["base/clock.rs"]),
    ("SystemTime::now", &["base/clock.rs"]),
    ("unsafe", &["log/index/mmap.rs", "node/footprint.rs"]),
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
