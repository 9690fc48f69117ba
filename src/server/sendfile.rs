//! The system calls that move an answer out: gathered send, sendfile, and the probe that tells cold file pages from hot.

use std::io::{self, IoSlice};

use rustix::io::ReadWriteFlags;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use tokio::net::TcpStream;

use crate::record::records::{FileSlice, RecordFile};

/// Sends gathered buffers. `more` tells the kernel that a file follows at once, so that both share segments.
pub fn send(stream: &TcpStream, buffers: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
    let mut flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    if more {
        flags |= SendFlags::MORE;
    }
    if let [one] = buffers {
        return Ok(rustix::net::send(stream, one, flags)?);
    }
    Ok(rustix::net::sendmsg(stream, buffers, &mut SendAncillaryBuffer::default(), flags)?)
}

/// Sends up to `length` bytes from the head of `slice`, from the page cache straight to the socket.
pub fn send_file(stream: &TcpStream, slice: &FileSlice, length: usize) -> io::Result<usize> {
    match slice.file.as_fd() {
        Some(file) => {
            let mut position = slice.position;
            Ok(rustix::fs::sendfile(stream, file, Some(&mut position), length)?)
        }
        None => {
            let mut bytes = vec![0; length.min(64 * 1024)];
            slice.file.read_exact_at(&mut bytes, slice.position)?;
            send(stream, &[IoSlice::new(&bytes)], false)
        }
    }
}

/// Whether the slice's next `length` bytes look to be in the page cache: its last byte is read without waiting for the disk.
/// A kernel that cannot tell (`EOPNOTSUPP`) counts as "in the cache": then sendfile may block, which is correct if slow.
pub fn is_resident(slice: &FileSlice, length: usize) -> bool {
    let Some(file) = slice.file.as_fd() else { return true };
    [slice.position, slice.position + (length as u64).saturating_sub(1)].into_iter().all(|at| {
        let mut byte = [0u8; 1];
        let mut buffers = [io::IoSliceMut::new(&mut byte)];
        !matches!(rustix::io::preadv2(file, &mut buffers, at, ReadWriteFlags::NOWAIT), Err(rustix::io::Errno::AGAIN))
    })
}

/// Reads a range for the sake of the page cache. Blocks; runs on the blocking pool.
pub fn read_ahead(file: &dyn RecordFile, position: u64, length: usize) -> io::Result<()> {
    let mut scratch = vec![0; length.min(128 * 1024)];
    let mut done = 0;
    while done < length {
        let n = scratch.len().min(length - done);
        file.read_exact_at(&mut scratch[..n], position + done as u64)?;
        done += n;
    }
    Ok(())
}
