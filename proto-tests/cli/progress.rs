//! Long work shows on a terminal how far it is, and writes nothing of that anywhere else.

use std::process::{Command, Stdio};

use crate::bootstrap;

/// What a bar is drawn over itself with; no other line of ours has it.
const ESCAPE: char = '\u{1b}';

/// Produces a line every tenth of a second for three seconds. `stderr` is where the shell sends what the command says.
fn slowly(topic: &str, stderr: &str) -> String {
    let binary = env!("CARGO_BIN_EXE_ottla");
    let line = format!("for i in $(seq 30); do echo line $i; sleep 0.1; done | {binary} produce {topic} {stderr}");
    // A terminal of its own, whose every byte comes out here.
    let ran = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("OTTLA_BOOTSTRAP_SERVER", bootstrap())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .expect("script, of util-linux, gives a terminal");
    let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{shown}");
    shown
}

#[test]
fn a_bar_is_drawn_on_a_terminal_and_only_there() {
    assert_eq!(crate::run(&["topic", "create", "bar"], b"").code, 0);
    let shown = slowly("bar", "");
    assert!(shown.contains(ESCAPE), "no bar on the terminal: {shown:?}");
    let log = std::env::temp_dir().join(format!("ottla-progress-{}", std::process::id()));
    let shown = slowly("bar", &format!("2> {}", log.display()));
    let told = std::fs::read_to_string(&log).expect("what it said");
    let _ = std::fs::remove_file(&log);
    assert!(!shown.contains(ESCAPE) && !told.contains(ESCAPE), "{shown:?} {told:?}");
}
