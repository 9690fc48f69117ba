//! Faults of a disk: a volume that is full, bytes that are not what was written. System calls are tampered with in `support`.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A volume of its own, which can be full. To be dropped before the cluster, whose directories could not be removed otherwise.
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

/// A file system of its own that turns read-only under whoever writes to it, as ext4 does with `errors=remount-ro` when it meets an
/// error: what is open stays open, and no write to it succeeds. (A remount by hand is refused while a file is open for writing.)
/// To be dropped before the cluster.
pub struct FileSystem {
    image: PathBuf,
    at: PathBuf,
}

fn command(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    // e2fsck says by 1 that it has mended something.
    let well = out.status.success() || (program == "e2fsck" && out.status.code() == Some(1));
    assert!(well, "a file system that fails needs loop devices and ext4: {program} {args:?}: {said}");
    said.trim().to_owned()
}

impl FileSystem {
    /// An empty one at `at`, in an image beside it.
    pub fn mount(at: &Path, mebibytes: u64) -> FileSystem {
        crate::support::paths::setup();
        std::fs::create_dir_all(at).expect("a directory");
        let image = at.with_extension("image");
        std::fs::File::create(&image).and_then(|file| file.set_len(mebibytes << 20)).expect("an image");
        command("mkfs.ext4", &["-q", "-F", &image.display().to_string()]);
        let made = FileSystem { image, at: at.to_path_buf() };
        made.attach();
        std::fs::remove_dir(at.join("lost+found")).expect("what is no replica goes");
        made
    }

    fn attach(&self) {
        let (image, at) = (self.image.display().to_string(), self.at.display().to_string());
        command("mount", &["-t", "ext4", "-o", "loop,errors=remount-ro", &image, &at]);
    }

    /// It meets an error.
    pub fn turn_read_only(&self) {
        let device = command("findmnt", &["-no", "SOURCE", &self.at.display().to_string()]);
        let name = device.rsplit('/').next().unwrap_or_default();
        let trigger = format!("/sys/fs/ext4/{name}/trigger_fs_error");
        std::fs::write(&trigger, "a test").expect("a kernel whose ext4 can be told of an error");
        assert!(std::fs::File::create(self.at.join("probe")).is_err(), "it can still be written");
    }

    /// Checked and mounted anew, by nobody used.
    pub fn repair(&self) {
        command("umount", &[&self.at.display().to_string()]);
        command("e2fsck", &["-fy", &self.image.display().to_string()]);
        self.attach();
    }
}

impl Drop for FileSystem {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
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
