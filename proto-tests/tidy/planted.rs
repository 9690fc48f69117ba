//! Each rule on planted text: it catches its breach, and passes what only looks like one.

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
