//! Faults of a disk: a volume that is full, bytes that are not what was written. System calls are tampered with in `support`.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

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
