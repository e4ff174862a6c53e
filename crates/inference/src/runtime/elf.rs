//! Whether a shared library is all there. The system's loader maps the segments that a library's headers describe
//! without looking at the file's length; the first touch of what is cut off then kills the process (SIGBUS), which no
//! error handling can catch. So the length is looked at first.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

const HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: usize = 56;

/// How long the file is and how long it must be at least by its own headers (ELF, "Program Header", 64 bits, little
/// endian). A file of another kind must be of no length: the loader itself refuses it.
pub(super) fn lengths(path: &Path) -> io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let there = file.metadata()?.len();
    let mut header = [0; HEADER_BYTES];
    if there < HEADER_BYTES as u64 {
        return Ok((there, 0));
    }
    file.read_exact(&mut header)?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok((there, 0));
    }
    let (table, entry_bytes, entries) = (u64_at(&header, 32), u64::from(u16_at(&header, 54)), u16_at(&header, 56));
    let mut needed = table.saturating_add(entry_bytes * u64::from(entries));
    if needed > there || entry_bytes != PROGRAM_HEADER_BYTES as u64 {
        return Ok((there, needed));
    }
    file.seek(SeekFrom::Start(table))?;
    let mut segment = [0; PROGRAM_HEADER_BYTES];
    for _ in 0..entries {
        file.read_exact(&mut segment)?;
        let (offset, length) = (u64_at(&segment, 8), u64_at(&segment, 32));
        needed = needed.max(offset.saturating_add(length));
    }
    Ok((there, needed))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}
