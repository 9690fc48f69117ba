//! A disk that fails or takes long: system calls of a running process on chosen files are answered by strace.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// System calls of a process on a path that are tampered with until this is dropped.
pub struct Tampered(Child);

impl Tampered {
    /// `what` is strace's inject expression, such as `fsync,fdatasync:error=EIO:when=1`; it meets calls on exactly these files.
    pub fn start(pid: u32, paths: &[PathBuf], what: &str) -> Tampered {
        super::paths::setup();
        let calls = what.split(':').next().unwrap_or_default();
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &format!("inject={what}")]);
        for path in paths {
            command.arg("-P").arg(path);
        }
        command.args(["-p", &pid.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the faults of a disk need strace");
        let mut lines = BufReader::new(child.stderr.take().expect("its messages"));
        let mut line = String::new();
        while !line.contains(" attached") {
            line.clear();
            let read = lines.read_line(&mut line).expect("a message");
            assert!(read > 0, "strace does not attach to process {pid}: is ptrace allowed?");
        }
        // It says more; nobody has to read it, but its pipe must stay open.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Tampered(child)
    }
}

impl Drop for Tampered {
    fn drop(&mut self) {
        // A signal that it can take lets it go of the process.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        for _ in 0..250 {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
