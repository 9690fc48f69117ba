//! The tables of commands: a tool, its arguments, what it reads, and what is done to the servers in between.

use crate::support::paths;

/// One line of a table.
pub enum Step {
    /// A tool is run.
    Run(Command),
    /// Something is done: the words behind `!`.
    Do(Vec<String>),
}

/// A run of a tool.
pub struct Command {
    /// The line itself; one that comes again is numbered.
    pub name: String,
    /// The name of the tool's script.
    pub tool: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What it reads from standard input.
    pub stdin: String,
}

/// Commands with names of their own.
#[derive(Default)]
pub struct Table(Vec<Step>);

impl Table {
    /// Reads a table beside this file: a command on each line, with `!` before what is done in between.
    pub fn read(name: &str) -> Vec<Step> {
        let text = std::fs::read_to_string(paths::root().join("proto-tests/tools").join(name)).expect("a table");
        let mut table = Table::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.strip_prefix("! ") {
                Some(words) => table.0.push(Step::Do(words.splitn(3, ' ').map(String::from).collect())),
                None => table.add(line),
            }
        }
        table.0
    }

    /// Adds a command, `TOOL ARGS... < STDIN`.
    pub fn add(&mut self, line: &str) {
        let (words, stdin) = line.split_once(" < ").unwrap_or((line, ""));
        let mut words = words.split_whitespace().map(|word| word.replace("%20", " "));
        let tool = words.next().expect("a tool");
        let args: Vec<String> = words.collect();
        let same = |step: &&Step| matches!(step, Step::Run(c) if c.tool == tool && c.args == args);
        let name = match self.0.iter().filter(same).count() {
            0 => format!("{tool} {}", args.join(" ")),
            seen => format!("{tool} {} (again {seen})", args.join(" ")),
        };
        let stdin = stdin.replace("\\n", "\n").replace("\\t", "\t");
        self.0.push(Step::Run(Command { name, tool, args, stdin }));
    }

    /// The lines so far.
    pub fn steps(self) -> Vec<Step> {
        self.0
    }
}
