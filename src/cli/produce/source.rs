//! Where records come from: a file or standard input, and whether there is something to read now.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::cli::exit::{Exit, Failure};

/// An open input.
pub(super) enum Source {
    File { file: File, bytes: Option<u64> },
    Stdin(io::Stdin),
}

impl Source {
    /// Opens the file; standard input if there is none, or if it is `-`.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else { return Ok(Self::Stdin(io::stdin())) };
        let failed = |error: io::Error| {
            let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
            Failure::new(exit, format!("cannot read {}: {error}", path.display()))
        };
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(Failure::new(Exit::Failed, format!("cannot read {}: it is a directory", path.display())));
        }
        Ok(Self::File { bytes: about.is_file().then_some(about.len()), file })
    }

    /// How much there is to read, if that is known (bytes).
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::File { bytes, .. } => *bytes,
            Self::Stdin(_) => None,
        }
    }

    /// Whether somebody types.
    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Self::File { file, .. } => file.is_terminal(),
            Self::Stdin(stdin) => stdin.is_terminal(),
        }
    }

    /// Whether something can be read (or the end has come) within `wait`.
    pub(super) fn is_ready(&self, wait: Duration) -> io::Result<bool> {
        let fd = match self {
            Self::File { file, .. } => file.as_fd(),
            Self::Stdin(stdin) => stdin.as_fd(),
        };
        let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&wait)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File { file, .. } => file.read(into),
            // Reads past the library's own buffer, which `is_ready` could not see into.
            Self::Stdin(stdin) => rustix::io::read(&*stdin, into).map_err(Into::into),
        }
    }
}
