//! One process under test: started on a leash, its output kept in a file, killed or asked to end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running process. Dropping it kills it; a failing test prints the end of its log.
pub struct Process {
    leash: Child,
    /// The process id of the program itself.
    pub pid: u32,
    /// Where its standard output and standard error go.
    pub log: PathBuf,
}

impl Process {
    /// Starts `program` with `args` and `env`; output is appended to `dir/name.log`.
    pub fn start(name: &str, dir: &Path, program: &Path, args: &[String], env: &[(String, String)]) -> Process {
        let log = dir.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log).expect("a log file");
        let pidfile = dir.join(format!("{name}.pid"));
        let _ = std::fs::remove_file(&pidfile);
        let leash = Command::new(super::paths::root().join("proto-tests/support/leash"))
            .arg(&pidfile)
            .arg(program)
            .args(args)
            .envs(env.iter().cloned())
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(out.try_clone().expect("a second handle"))
            .stderr(out)
            .spawn()
            .expect("the leash starts");
        let end = Instant::now() + Duration::from_secs(10);
        let pid = loop {
            if let Ok(text) = std::fs::read_to_string(&pidfile) {
                break text.trim().parse().expect("a process id");
            }
            assert!(Instant::now() < end, "{} did not start", program.display());
            std::thread::sleep(Duration::from_millis(2));
        };
        Process { leash, pid, log }
    }

    /// Sends a signal by name, such as `KILL` or `TERM`.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill").arg(format!("-{name}")).arg(self.pid.to_string()).stderr(Stdio::null()).status();
    }

    /// Waits for its end, at most `limit`; kills it and fails when it does not come.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = self.leash.try_wait().expect("the leash can be waited for") {
                return status;
            }
            if Instant::now() > end {
                self.signal("KILL");
                panic!("process {} did not end in {limit:?}\n{}", self.pid, self.tail(60));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether it still runs.
    pub fn alive(&mut self) -> bool {
        self.leash.try_wait().expect("the leash can be waited for").is_none()
    }

    /// The last lines of its output.
    pub fn tail(&self, lines: usize) -> String {
        let text = std::fs::read(&self.log).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        format!("--- end of {} ---\n{}\n---", self.log.display(), all[all.len().saturating_sub(lines)..].join("\n"))
    }

    /// Resident memory in KiB, from procfs: now, and the highest it ever was.
    pub fn memory_kib(&self) -> (u64, u64) {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let field = |name: &str| {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap_or("");
            line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        (field("VmRSS:"), field("VmHWM:"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.tail(60));
        }
        self.signal("KILL");
        let _ = self.leash.wait();
    }
}
