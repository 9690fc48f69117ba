//! A key that is said to be used is read somewhere, and one that is said to be without effect is read nowhere: held against the
//! sources, so that neither a warning nor its absence misleads.

use std::path::{Path, PathBuf};

use super::broker;
use super::definition::Meaning;

/// What is put before a name that is read for several keys at once (`coordinator/group/consumer/settings.rs`).
const FRONTS: [&str; 5] = ["", "group.", "group.consumer.", "group.consumer.min.", "group.consumer.max."];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !path.ends_with("config/broker") {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("_test.rs") && name != "typed.rs" {
            found.push(path);
        }
    }
}

/// The sources without their tests: those of this room, and all others.
fn texts() -> (String, String) {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let (mut own, mut others) = (String::new(), String::new());
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
        if path.parent().is_some_and(|dir| dir.ends_with("src/config")) { &mut own } else { &mut others }
            .push_str(text);
    }
    (own, others)
}

#[test]
fn keys_do_what_their_definitions_say() {
    let (own, others) = texts();
    let accessor = |key: &str| format!(".{}()", key.replace('.', "_"));
    let named = |text: &str, key: &str| {
        let quoted = |front: &str| key.strip_prefix(front).is_some_and(|rest| text.contains(&format!("\"{rest}\"")));
        FRONTS.iter().any(|front| quoted(front)) || text.contains(&accessor(key))
    };
    let mut wrong = Vec::new();
    for def in broker::defs() {
        let read = named(&others, def.name);
        match def.meaning {
            Meaning::Used if !read && !named(&own, def.name) => wrong.push(format!("{} is read nowhere", def.name)),
            Meaning::NotYet(_) | Meaning::NotUsed(_) if read => wrong.push(format!("{} has its effect", def.name)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
