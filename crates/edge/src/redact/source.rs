//! What a copy is made of: its kind, its hash, and whether all of it is there.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

/// The largest source in bytes.
pub(super) const SOURCE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Parts of an MP4 file that are looked at; a file with more of them at its top is not one that anybody's camera writes.
const MP4_PARTS_MAX: usize = 100_000;
/// How a JPEG file begins, and how it ends.
const JPEG_BEGIN: [u8; 3] = [0xff, 0xd8, 0xff];
const JPEG_END: [u8; 2] = [0xff, 0xd9];

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A JPEG.
    Picture,
    /// An MP4 file.
    Clip,
}

impl Kind {
    /// How a file of this kind may be called.
    pub(super) const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Picture => &["jpg", "jpeg"],
            Self::Clip => &["mp4"],
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Clip => "clip",
        }
    }
}

/// A source as it was found at first.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
}

impl Source {
    /// Looks at a file. Fails where it is no picture and no clip, or not all of one.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let metadata = std::fs::metadata(path).with_context(|| format!("cannot read \"{shown}\""))?;
        ensure!(metadata.is_file(), "\"{shown}\" is no file: a JPEG picture or an MP4 clip is accepted");
        let bytes = metadata.len();
        ensure!(bytes <= SOURCE_BYTES_MAX, "\"{shown}\" has {bytes} bytes: at most {SOURCE_BYTES_MAX} are accepted");
        let mut file = File::open(path).with_context(|| format!("cannot read \"{shown}\""))?;
        let mut begin = Vec::new();
        file.by_ref().take(12).read_to_end(&mut begin).with_context(|| format!("cannot read \"{shown}\""))?;
        let kind = if begin.starts_with(&JPEG_BEGIN) {
            Kind::Picture
        } else if begin.get(4..8) == Some(b"ftyp".as_slice()) {
            Kind::Clip
        } else {
            bail!("\"{shown}\" is neither a JPEG picture nor an MP4 clip: these are accepted");
        };
        match kind {
            Kind::Picture => check_jpeg(&mut file, bytes),
            Kind::Clip => check_mp4(&mut file, bytes),
        }
        .with_context(|| format!("\"{shown}\" is damaged; copy it again from where it came"))?;
        let sha256 = hash(path)?;
        Ok(Self { path: path.to_owned(), kind, bytes, sha256 })
    }

    /// Fails where the file is another one now: the copy would be of nobody knows what.
    pub(super) fn is_unchanged(&self) -> Result<()> {
        let path = self.path.display();
        ensure!(
            hash(&self.path)? == self.sha256,
            "\"{path}\" was changed while the copy was made; nothing was written"
        );
        Ok(())
    }
}

fn hash(path: &Path) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let file = File::open(path).with_context(|| format!("cannot read \"{}\"", path.display()))?;
    std::io::copy(&mut std::io::BufReader::with_capacity(1 << 18, file), &mut hash)
        .with_context(|| format!("cannot read \"{}\"", path.display()))?;
    Ok(hash.finalize().into())
}

/// Whether a JPEG has its end: a decoder would fill what is missing with grey.
fn check_jpeg(file: &mut File, bytes: u64) -> Result<()> {
    let length = bytes.min(4_096);
    file.seek(SeekFrom::Start(bytes - length))?;
    let mut end = Vec::new();
    file.take(length).read_to_end(&mut end)?;
    let padding = end.iter().rev().take_while(|byte| **byte == 0).count();
    ensure!(end[..end.len() - padding].ends_with(&JPEG_END), "the picture is cut off: its end mark is missing");
    Ok(())
}

/// Whether every part that an MP4 file announces at its top is there (ISO/IEC 14496-12, section 4.2).
fn check_mp4(file: &mut File, bytes: u64) -> Result<()> {
    let (mut at, mut parts, mut has_index, mut has_pictures) = (0u64, 0, false, false);
    while at < bytes {
        parts += 1;
        ensure!(parts <= MP4_PARTS_MAX, "the clip has more than {MP4_PARTS_MAX} parts");
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0u8; 16];
        let there = usize::try_from(bytes - at).unwrap_or(usize::MAX).min(16);
        file.read_exact(&mut head[..there])?;
        let [a, b, c, d, name @ ..] = head.first_chunk::<8>().copied().unwrap_or_default();
        let size = match u32::from_be_bytes([a, b, c, d]) {
            0 => bytes - at,
            1 => u64::from_be_bytes(*head.last_chunk::<8>().expect("the head has 16 bytes")),
            size => u64::from(size),
        };
        ensure!(there >= 8 && size >= 8, "the clip has a part at byte {at} that is none");
        ensure!(
            at.checked_add(size).is_some_and(|end| end <= bytes),
            "the clip is cut off: it has {bytes} of {} bytes",
            at.saturating_add(size)
        );
        has_index |= name == *b"moov";
        has_pictures |= name == *b"mdat";
        at += size;
    }
    ensure!(has_index, "the clip has no index (moov): its recording was interrupted");
    ensure!(has_pictures, "the clip is cut off: it has an index and no pictures (mdat)");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, content: &[u8]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        let error = format!("{:#}", Source::open(&path).expect_err("refused"));
        assert!(error.contains(name), "{error}");
        error
    }

    fn part(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes(), name.as_slice(), content].concat()
    }

    fn mp4() -> Vec<u8> {
        [part(b"ftyp", b"isom0000"), part(b"moov", &[1; 40]), part(b"mdat", &[2; 100])].concat()
    }

    #[test]
    fn whole_files_are_taken_for_what_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let large = [
            part(b"ftyp", b"isom0000"),
            part(b"moov", &[1; 9]),
            b"\0\0\0\x01mdat".to_vec(),
            24u64.to_be_bytes().to_vec(),
            vec![3; 8],
        ]
        .concat();
        let endless = [part(b"ftyp", b"isom0000"), part(b"moov", &[1; 9]), b"\0\0\0\0mdatabc".to_vec()].concat();
        let jpeg = b"\xff\xd8\xff\xe0 something \xff\xd9\0\0".to_vec();
        for (content, kind) in [(mp4(), Kind::Clip), (large, Kind::Clip), (endless, Kind::Clip), (jpeg, Kind::Picture)]
        {
            let path = folder.path().join("file");
            std::fs::write(&path, &content).expect("written");
            let source = Source::open(&path).expect("taken");
            assert_eq!((source.kind, source.bytes), (kind, content.len() as u64));
            source.is_unchanged().expect("the same");
            std::fs::write(&path, b"other").expect("written");
            assert!(source.is_unchanged().is_err());
        }
    }

    #[test]
    fn what_is_cut_off_anywhere_is_refused() {
        let whole = mp4();
        for length in 20..whole.len() {
            let error = refusal("cut.mp4", &whole[..length]);
            assert!(error.contains("cut off") || error.contains("no index") || error.contains("is none"), "{error}");
        }
        assert!(refusal("cut.mp4", &whole[..whole.len() - 1]).contains("it has 171 of 172 bytes"));
        assert!(refusal("cut.jpg", b"\xff\xd8\xff\xe0 something").contains("end mark"));
    }

    #[test]
    fn other_files_are_refused() {
        for content in [b"".as_slice(), b"\xff\xd8", b"hello, world, hello", b"\x89PNG\r\n\x1a\n0000"] {
            assert!(refusal("a.jpg", content).contains("neither a JPEG picture nor an MP4 clip"));
        }
        let folder = tempfile::tempdir().expect("a folder");
        assert!(format!("{:#}", Source::open(folder.path()).expect_err("a folder")).contains("is no file"));
        assert!(format!("{:#}", Source::open(&folder.path().join("none.jpg")).expect_err("none")).contains("none.jpg"));
    }
}
