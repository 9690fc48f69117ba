//! Faults of a disk: system calls on one file that fail or take long, a volume that is full, bytes that are not what was written.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// System calls of a process on a path that are tampered with until this is dropped.
pub struct Tampered(Child);

impl Tampered {
    /// `what` is strace's inject expression, such as `fsync,fdatasync:error=EIO:when=1`; it meets calls on exactly these files.
    pub fn start(pid: u32, paths: &[PathBuf], what: &str) -> Tampered {
        crate::support::paths::setup();
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

/// A volume of its own, which can be full.
pub struct Volume(PathBuf);

impl Volume {
    /// An empty one at `path`.
    pub fn mount(path: &Path, mebibytes: u32) -> Volume {
        std::fs::create_dir_all(path).expect("a directory");
        let size = format!("size={mebibytes}m");
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).status();
        assert!(status.is_ok_and(|s| s.success()), "the faults of a disk need leave to mount a tmpfs");
        Volume(path.to_path_buf())
    }

    /// Leaves no byte of space.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).expect("a file");
        for size in [1 << 20, 1 << 12, 1] {
            let chunk = vec![7; size];
            while ballast.write_all(&chunk).is_ok() {}
        }
    }

    /// Gives the space back.
    pub fn relieve(&self) {
        std::fs::remove_file(self.0.join("ballast")).expect("the ballast goes");
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Turns one bit of a file over.
pub fn flip_bit(path: &Path, at: u64) {
    let mut file = std::fs::File::options().read(true).write(true).open(path).expect("the file");
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).expect("a place in it");
    file.read_exact(&mut byte).expect("a byte");
    byte[0] ^= 1;
    file.seek(SeekFrom::Start(at)).expect("a place in it");
    file.write_all(&byte).expect("the byte is changed");
}

/// Cuts a file off.
pub fn cut_to(path: &Path, length: u64) {
    std::fs::File::options().write(true).open(path).and_then(|file| file.set_len(length)).expect("the file is cut");
}
