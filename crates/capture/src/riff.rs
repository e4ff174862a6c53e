//! What an AVI file says of its own length. GStreamer plays one that was cut off to its last byte and calls that the
//! end.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// `RIFF`, the length of what follows it, and the kind of content.
const HEADER_BYTES: usize = 12;
/// The name and the length before the content.
const BEFORE_CONTENT_BYTES: u64 = 8;
/// The length that a writer gives who cannot go back to the beginning.
const UNKNOWN: u32 = u32::MAX;

/// How many bytes there are and how many there should be, where an AVI file is shorter than it says. Longer ones have
/// further parts, and a recorder that was interrupted may have stated no length.
pub(crate) fn cut_off(path: &Path) -> Option<(u64, u64)> {
    let mut file = File::open(path).ok()?;
    let there = file.metadata().ok()?.len();
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header).ok()?;
    let [b'R', b'I', b'F', b'F', a, b, c, d, b'A', b'V', b'I', b' '] = header else { return None };
    let content = u32::from_le_bytes([a, b, c, d]);
    let stated = u64::from(content) + BEFORE_CONTENT_BYTES;
    (content != UNKNOWN && there < stated).then_some((there, stated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_avi_file_that_is_shorter_than_it_says_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("video");
        let check = |content: &[u8]| {
            std::fs::write(&path, content).expect("written");
            cut_off(&path)
        };
        assert_eq!(check(b"RIFF\x08\x00\x00\x00AVI LIST"), None);
        assert_eq!(check(b"RIFF\x09\x00\x00\x00AVI LIST"), Some((16, 17)));
        assert_eq!(check(b"RIFF\x04\x00\x00\x00AVI LIST"), None, "further parts follow");
        assert_eq!(check(b"RIFF\x09\x00\x00\x00WAVELIST"), None);
        assert_eq!(check(b"RIFF\xff\xff\xff\xffAVI LIST"), None, "the length is not known");
        assert_eq!(check(b"RIFF"), None);
        assert_eq!(cut_off(Path::new("/nowhere")), None);
    }
}
