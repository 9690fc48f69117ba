//! Lines of an input, as bytes, and the moments at which it has nothing more to give for now.

use std::io::{self, Read};
use std::time::Duration;

use super::source::Source;

/// The longest line (bytes): longer than any record that a broker takes.
pub(super) const LINE_BYTES_MAX: usize = 256 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A line, without its newline.
    Line(&'a [u8]),
    /// Nothing came within the time given.
    Idle,
    /// The input has ended.
    End,
}

/// An input that may be waited for.
pub(super) trait Input: Read {
    /// Whether a read would not block, within `wait`.
    fn is_ready(&self, wait: Duration) -> io::Result<bool>;
}

impl Input for Source {
    fn is_ready(&self, wait: Duration) -> io::Result<bool> {
        Source::is_ready(self, wait)
    }
}

/// Reads lines.
pub(super) struct Lines<I> {
    input: I,
    buffer: Vec<u8>,
    /// Where the next line starts, up to where it is known to hold no newline, up to where there is input.
    start: usize,
    searched: usize,
    end: usize,
    ended: bool,
    /// Bytes read so far.
    pub bytes: u64,
}

impl<I: Input> Lines<I> {
    pub(super) fn new(input: I) -> Self {
        Self { input, buffer: vec![0; BUFFER_BYTES], start: 0, searched: 0, end: 0, ended: false, bytes: 0 }
    }

    /// The next line. With `wait` given, no longer than that; else for as long as it takes.
    pub(super) fn next(&mut self, wait: Option<Duration>) -> io::Result<Next<'_>> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..self.end]) {
                let (start, newline) = (self.start, self.searched + at);
                (self.start, self.searched) = (newline + 1, newline + 1);
                return Ok(Next::Line(&self.buffer[start..newline]));
            }
            self.searched = self.end;
            if self.ended {
                if self.start == self.end {
                    return Ok(Next::End);
                }
                // A last line without a newline is a line.
                let start = std::mem::replace(&mut self.start, self.end);
                return Ok(Next::Line(&self.buffer[start..self.end]));
            }
            if let Some(wait) = wait
                && !self.input.is_ready(wait)?
            {
                return Ok(Next::Idle);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.end == self.buffer.len() || self.start == self.end {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            (self.start, self.searched) = (0, self.end);
        }
        if self.end == self.buffer.len() {
            if self.buffer.len() >= LINE_BYTES_MAX {
                return Err(io::Error::other(format!("a line is longer than {LINE_BYTES_MAX} bytes")));
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.input.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.ended = true,
            Ok(n) => {
                self.end += n;
                self.bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives pieces as they are cut; an empty piece is a moment without input.
    struct Pieces(Vec<&'static str>);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            into[..piece.len()].copy_from_slice(piece.as_bytes());
            Ok(piece.len())
        }
    }

    impl Input for Pieces {
        fn is_ready(&self, _: Duration) -> io::Result<bool> {
            Ok(self.0.first().is_none_or(|piece| !piece.is_empty()))
        }
    }

    fn all(mut lines: Lines<Pieces>) -> Vec<String> {
        let mut out = Vec::new();
        loop {
            match lines.next(Some(Duration::ZERO)).unwrap() {
                Next::Line(line) => out.push(String::from_utf8_lossy(line).into_owned()),
                Next::End => return out,
                Next::Idle => {
                    out.push("(idle)".to_string());
                    lines.input.0.remove(0);
                }
            }
        }
    }

    #[test]
    fn lines_are_found_however_the_input_is_cut() {
        assert_eq!(all(Lines::new(Pieces(vec!["a\nb", "b\n\n", "c"]))), ["a", "bb", "", "c"]);
        assert_eq!(all(Lines::new(Pieces(vec!["a\n", "", "b", "", "\n"]))), ["a", "(idle)", "(idle)", "b"]);
        assert_eq!(all(Lines::new(Pieces(vec![]))), [""; 0]);
        assert_eq!(all(Lines::new(Pieces(vec!["\r\n"]))), ["\r"]);
    }

    #[test]
    fn a_line_longer_than_the_buffer_comes_whole() {
        struct Endless(usize);
        impl Read for Endless {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let n = into.len().min(self.0);
                into[..n].fill(b'x');
                self.0 -= n;
                Ok(n)
            }
        }
        impl Input for Endless {
            fn is_ready(&self, _: Duration) -> io::Result<bool> {
                Ok(true)
            }
        }
        let mut lines = Lines::new(Endless(3 * BUFFER_BYTES + 7));
        assert!(matches!(lines.next(None).unwrap(), Next::Line(line) if line.len() == 3 * BUFFER_BYTES + 7));
        assert_eq!(lines.next(None).unwrap(), Next::End);
    }
}
