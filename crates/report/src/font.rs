//! Fonts with Vietnamese letters, from the machine: none is part of the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use thiserror::Error;

/// Regular and bold fonts that Debian packages bring, the one that reads best first.
const PLACES: [(&str, &str, &str); 4] = [
    (
        "fonts-roboto-unhinted",
        "/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
        "/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf",
    ),
    (
        "fonts-noto-core",
        "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
        "/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf",
    ),
    (
        "fonts-open-sans",
        "/usr/share/fonts/truetype/open-sans/OpenSans-Regular.ttf",
        "/usr/share/fonts/truetype/open-sans/OpenSans-Bold.ttf",
    ),
    (
        "fonts-dejavu-core",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
    ),
];

/// Largest font file read, in bytes.
const FONT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Letters that every report needs besides U+1EA0 to U+1EF9, which hold the other Vietnamese ones.
const LETTERS: &str = "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư0123456789,.%–−+";

/// Why there is no font.
#[derive(Debug, Error)]
pub enum FontError {
    /// None of the packages is installed.
    #[error(
        "no font with Vietnamese letters is installed: `apt install fonts-roboto-unhinted` (or fonts-noto-core, \
         fonts-open-sans, fonts-dejavu-core), or name the files of a regular and a bold font in the configuration"
    )]
    NoneInstalled,
    /// A file cannot be read.
    #[error("cannot read the font \"{}\"", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than any font.
    #[error("the font \"{}\" has {bytes} bytes, at most {FONT_BYTES_MAX} are accepted", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// A file is no font that can be embedded.
    #[error("\"{}\" is not a TrueType or OpenType font", path.display())]
    NotAFont {
        /// The file.
        path: PathBuf,
    },
    /// A font lacks letters.
    #[error("the font \"{}\" lacks the letters {missing} of Vietnamese", path.display())]
    LacksLetters {
        /// The file.
        path: PathBuf,
        /// The first of them.
        missing: String,
    },
}

/// A regular and a bold font.
#[derive(Debug, Clone)]
pub struct Fonts {
    pub(crate) regular: Face,
    pub(crate) bold: Face,
}

impl Fonts {
    /// The best fonts of this machine.
    pub fn installed() -> Result<Self, FontError> {
        let found = PLACES.iter().find(|(_, regular, bold)| Path::new(regular).exists() && Path::new(bold).exists());
        let (_, regular, bold) = found.ok_or(FontError::NoneInstalled)?;
        Self::read(Path::new(regular), Path::new(bold))
    }

    /// The fonts of these files.
    pub fn read(regular: &Path, bold: &Path) -> Result<Self, FontError> {
        Ok(Self { regular: Face::read(regular)?, bold: Face::read(bold)? })
    }
}

/// One font: its glyphs and how wide each is, in parts of the font size.
#[derive(Debug, Clone)]
pub(crate) struct Face {
    pub(crate) font: Font,
    glyphs: BTreeMap<char, (u32, f32)>,
}

impl Face {
    fn read(path: &Path) -> Result<Self, FontError> {
        let failed = |source| FontError::Read { path: path.to_owned(), source };
        let bytes = std::fs::metadata(path).map_err(failed)?.len();
        if bytes > FONT_BYTES_MAX {
            return Err(FontError::TooLarge { path: path.to_owned(), bytes });
        }
        let data = std::fs::read(path).map_err(failed)?;
        let none = || FontError::NotAFont { path: path.to_owned() };
        let glyphs = {
            let read = FontRef::new(&data).map_err(|_| none())?;
            let widths = read.glyph_metrics(Size::unscaled(), LocationRef::default());
            let em = f32::from(read.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
            let of = |(code, glyph): (u32, skrifa::GlyphId)| {
                let width = widths.advance_width(glyph).unwrap_or(0.0) / em;
                Some((char::from_u32(code)?, (glyph.to_u32(), width)))
            };
            read.charmap().mappings().filter_map(of).collect::<BTreeMap<_, _>>()
        };
        let needed = LETTERS.chars().chain('\u{1ea0}'..='\u{1ef9}');
        let missing: String = needed.filter(|letter| !glyphs.contains_key(letter)).take(8).collect();
        if !missing.is_empty() {
            return Err(FontError::LacksLetters { path: path.to_owned(), missing });
        }
        Ok(Self { font: Font::new(data.into(), 0).ok_or_else(none)?, glyphs })
    }

    fn glyph(&self, letter: char) -> (u32, f32) {
        // A letter that the font lacks shows as its empty box; its text can still be copied.
        self.glyphs.get(&letter).copied().unwrap_or((0, 0.5))
    }

    /// How wide `text` is at `size`, without kerning, which is how it is drawn.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.glyph(letter).1).sum::<f32>() * size
    }

    /// The glyphs of `text`.
    pub(crate) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        text.char_indices()
            .map(|(start, letter)| {
                let (glyph, x_advance) = self.glyph(letter);
                KrillaGlyph {
                    glyph_id: GlyphId::new(glyph),
                    text_range: start..start + letter.len_utf8(),
                    x_advance,
                    x_offset: 0.0,
                    y_offset: 0.0,
                    y_advance: 0.0,
                    location: None,
                }
            })
            .collect()
    }

    /// `text` cut off with an ellipsis where it is wider than `width` at `size`.
    pub(crate) fn fitted(&self, text: &str, size: f32, width: f32) -> String {
        if self.width(text, size) <= width {
            return text.to_owned();
        }
        let room = width - self.width("…", size);
        let mut used = 0.0;
        let kept = text.chars().take_while(|letter| {
            used += self.glyph(*letter).1 * size;
            used <= room
        });
        kept.chain(['…']).collect()
    }

    /// `text` in lines no wider than `width` at `size`.
    pub(crate) fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let longer = lines.last().map(|line| format!("{line} {word}"));
            match longer.filter(|longer| self.width(longer, size) <= width) {
                Some(longer) => drop(lines.pop().map(|_| lines.push(longer))),
                None => lines.push(word.to_owned()),
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_font_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "no font").expect("it is written");
        let error = Fonts::read(file.path(), file.path()).expect_err("no font").to_string();
        assert!(error.contains("is not a TrueType"), "{error}");
        let error = Fonts::read(Path::new("/nowhere.ttf"), file.path()).expect_err("none").to_string();
        assert!(error.contains("/nowhere.ttf"), "{error}");
        assert!(FontError::NoneInstalled.to_string().contains("apt install fonts-roboto-unhinted"));
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "a test that is left out says so")]
    fn text_is_measured_broken_and_cut() {
        let Ok(fonts) = Fonts::installed() else {
            println!("skipped: {}", FontError::NoneInstalled);
            return;
        };
        let face = &fonts.regular;
        let text = "Lượt người ra vào khu du lịch quốc gia";
        assert!(face.width(text, 10.0) > 100.0 && face.width("", 10.0) == 0.0);
        let lines = face.lines(text, 10.0, 80.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| face.width(line, 10.0) <= 80.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        let cut = face.fitted(text, 10.0, 60.0);
        assert!(cut.ends_with('…') && face.width(&cut, 10.0) <= 60.0, "{cut}");
        assert_eq!(face.glyphs("Đà").len(), 2);
    }
}
