//! `ottla dump-log`: what is in the files of a partition, in the words of Apache Kafka's own dump tool, or as JSON lines.
//!
//! Reads files as they are, opens no log and changes nothing; so it may look at a directory that a broker is using. Each
//! thing that is wrong (a checksum, an index that points nowhere, a torn end) is printed where it is found and counted.

mod files;
mod printer;
mod segment;

use std::io::Write;
use std::path::{Path, PathBuf};

use printer::Dump;

/// What to dump, and how.
#[derive(Debug, Clone, Default)]
pub struct DumpOptions {
    /// Files, or directories of which every file is dumped.
    pub paths: Vec<PathBuf>,
    /// Each record too, not only each batch.
    pub deep: bool,
    /// Keys, values and header names too.
    pub data: bool,
    /// Indexes are only compared with their log, not printed.
    pub index_sanity_only: bool,
    /// One JSON object per line.
    pub json: bool,
    /// Batches larger than this count as damage (bytes).
    pub batch_bytes_max: usize,
}

/// Why nothing (more) could be dumped.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct DumpError {
    /// The file.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: std::io::Error,
}

/// Dumps all files in `options` to `out` and returns how many things are wrong with them.
pub fn run(options: &DumpOptions, out: &mut dyn Write) -> Result<u64, DumpError> {
    let mut dump = Dump { options, out, problems: 0 };
    for path in &options.paths {
        for file in files_of(path)? {
            let at = |source| DumpError { path: file.clone(), source };
            dump.file(&file).map_err(at)?;
        }
    }
    dump.out.flush().map_err(|source| DumpError { path: PathBuf::from("standard output"), source })?;
    Ok(dump.problems)
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, DumpError> {
    let at = |source| DumpError { path: path.to_path_buf(), source };
    if !std::fs::metadata(path).map_err(at)?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(at)? {
        let file = entry.map_err(at)?.path();
        if Kind::of(&file).is_some() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Log,
    Index,
    TimeIndex,
    TxnIndex,
    Snapshot,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "log" => Some(Self::Log),
            "index" => Some(Self::Index),
            "timeindex" => Some(Self::TimeIndex),
            "txnindex" => Some(Self::TxnIndex),
            "snapshot" => Some(Self::Snapshot),
            _ => None,
        }
    }
}

#[cfg(test)]
mod dump_test;
