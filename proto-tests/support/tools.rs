//! Apache Kafka's command-line tools, many runs in one JVM (`proto-tests/kafka/ToolRunner.java`).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::paths;

/// A JVM that runs tools one after the other.
pub struct Tools {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What a run of a tool left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Tools {
    /// Starts the JVM.
    pub fn start() -> Tools {
        paths::setup();
        let mut child = Command::new("env")
            .args(paths::java("ToolRunner", 512))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("java starts");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Tools { child, input, output }
    }

    /// Runs one tool by the name of its script.
    pub fn run(&mut self, tool: &str, args: &[&str], stdin: &str) -> Run {
        let list =
            std::fs::read_to_string(paths::root().join("proto-tests/kafka/tools.txt")).expect("the list of tools");
        let class = list
            .lines()
            .find_map(|l| l.strip_prefix(tool)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("no tool {tool}"));
        let mut line = format!("{} {}", word(class), word(stdin));
        for arg in args {
            line.push(' ');
            line.push_str(&word(arg));
        }
        writeln!(self.input, "{line}").expect("the JVM takes a command");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("the JVM answers");
        let parts: Vec<&str> = answer.trim_end().split(' ').collect();
        assert_eq!(parts.len(), 3, "{tool} {args:?} ended the JVM: {answer}");
        let text = |w: &str| {
            if w == "-" {
                String::new()
            } else {
                String::from_utf8_lossy(&STANDARD.decode(w).expect("base64")).into_owned()
            }
        };
        Run { code: parts[0].parse().expect("an exit code"), out: text(parts[1]), err: text(parts[2]) }
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn word(text: &str) -> String {
    if text.is_empty() { "-".to_string() } else { STANDARD.encode(text) }
}
