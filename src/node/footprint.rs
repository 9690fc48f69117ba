//! Memory that only the start needed is given back.
//!
//! A start runs through much more of the program than a broker at rest does: the command line, the settings, recovery, the first
//! election. The kernel would keep all of that mapped for as long as the process runs.

use std::ffi::c_void;

/// A part of the program's file in memory.
#[derive(Debug, PartialEq, Eq)]
struct Mapped {
    start: usize,
    end: usize,
}

/// Lets go of the pages of the program that are as they are in its file; what is needed again is mapped again, a page fault each.
pub fn give_back() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    let Ok(program) = std::env::current_exe() else { return };
    for part in untouched(&maps, &program.to_string_lossy()) {
        // SAFETY: the range is a private mapping of the program's own file that is not writable and never was (code, and the read-only
        // data in front of it): without their pages it reads the same from the file.
        #[allow(unsafe_code)]
        let given = unsafe {
            let start = std::ptr::with_exposed_provenance_mut::<c_void>(part.start);
            rustix::mm::madvise(start, part.end - part.start, rustix::mm::Advice::LinuxDontNeed)
        };
        if let Err(error) = given {
            tracing::debug!(%error, "pages of the program stay mapped");
        }
    }
}

/// The program's code, and its read-only data from the beginning of the file. What lies behind the code was written when the
/// program was loaded (relocations), although it is read-only by now.
fn untouched(maps: &str, program: &str) -> Vec<Mapped> {
    let mut parts = Vec::new();
    for line in maps.lines() {
        // start-end rights offset device inode path
        let mut words = line.split_ascii_whitespace();
        let (Some(range), Some(rights), Some(offset)) = (words.next(), words.next(), words.next()) else { continue };
        if words.nth(2) != Some(program) {
            continue;
        }
        let is_first = offset.bytes().all(|digit| digit == b'0');
        if rights != "r-xp" && !(rights == "r--p" && is_first) {
            continue;
        }
        let number = |text: &str| usize::from_str_radix(text, 16).ok();
        let Some((start, end)) = range.split_once('-').and_then(|(a, b)| Some((number(a)?, number(b)?))) else {
            continue;
        };
        parts.push(Mapped { start, end });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_written_is_named() {
        let maps = "\
55d0a0000000-55d0a044c000 r--p 00000000 fe:00 1234 /usr/bin/ottla
55d0a044c000-55d0a1183000 r-xp 0044b000 fe:00 1234 /usr/bin/ottla
55d0a1183000-55d0a1227000 r--p 01181000 fe:00 1234 /usr/bin/ottla
55d0a1227000-55d0a122d000 rw-p 01224000 fe:00 1234 /usr/bin/ottla
7f0000000000-7f0000100000 r-xp 00028000 fe:00 99 /usr/lib/libc.so.6
7f0000200000-7f0000300000 rw-p 00000000 00:00 0
";
        let part = |start, end| Mapped { start, end };
        let expected = [part(0x55d0a0000000, 0x55d0a044c000), part(0x55d0a044c000, 0x55d0a1183000)];
        assert_eq!(untouched(maps, "/usr/bin/ottla"), expected);
    }

    #[test]
    fn the_program_goes_on() {
        give_back();
        assert_eq!(untouched("", ""), []);
    }
}
