//! Pictures as files hold them: JPEG read and written, PNG read.
//!
//! Done by the libraries that do just that. OpenCV's own module for it brings a hundred others along (maps, medical
//! pictures, databases), which every start of a program would have to load, and every one of which reads files.

use std::io::Cursor;

use opencv::core::{Mat, MatTraitConst, MatTraitConstManual, Vec3b, flip, transpose};
use thiserror::Error;
use turbojpeg::{Colorspace, Compressor, Decompressor, Image, PixelFormat, Subsamp};

use crate::picture::{Picture, PictureError, side};

/// Most pixels of a picture: 400 MB of memory.
const PIXELS_MAX: usize = 1 << 27;

/// Most passes of a JPEG over its pixels: each costs as much time as a whole picture and takes but a few bytes of the file.
const SCANS_MAX: u32 = 100;

/// Why bytes give no picture.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// They begin like neither kind that is read.
    #[error("it begins like neither JPEG nor PNG")]
    Unknown,
    /// The picture is too large.
    #[error("it has {width} x {height} pixels; at most {PIXELS_MAX} are accepted")]
    TooLarge {
        /// Its width.
        width: usize,
        /// Its height.
        height: usize,
    },
    /// The colours are those of printing.
    #[error("its colours are CMYK; RGB and grey are accepted")]
    Cmyk,
    /// The JPEG is damaged.
    #[error("damaged JPEG")]
    Jpeg(#[from] turbojpeg::Error),
    /// The PNG is damaged.
    #[error("damaged PNG")]
    Png(#[from] png::DecodingError),
    /// The picture cannot be turned upright.
    #[error("it cannot be turned upright")]
    Turn(#[from] PictureError),
}

/// The picture that a JPEG or PNG file holds, upright as the camera noted it. What a PNG shows through is left out.
pub fn decode(file: &[u8]) -> Result<Picture, DecodeError> {
    const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    match file {
        file if file.starts_with(JPEG) => Ok(upright(decode_jpeg(file)?, orientation(file))?),
        file if file.starts_with(PNG) => decode_png(file),
        _ => Err(DecodeError::Unknown),
    }
}

fn room_for(width: usize, height: usize) -> Result<Vec<u8>, DecodeError> {
    match width.checked_mul(height) {
        Some(pixels) if pixels <= PIXELS_MAX => Ok(vec![0; pixels * 3]),
        Some(_) | None => Err(DecodeError::TooLarge { width, height }),
    }
}

fn decode_jpeg(file: &[u8]) -> Result<Picture, DecodeError> {
    let mut decompressor = Decompressor::new()?;
    decompressor.set_scan_limit(SCANS_MAX)?;
    let header = decompressor.read_header(file)?;
    if matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK) {
        return Err(DecodeError::Cmyk);
    }
    let (width, height) = (header.width, header.height);
    let mut data = room_for(width, height)?;
    let image = Image { pixels: &mut data[..], width, pitch: width * 3, height, format: PixelFormat::BGR };
    decompressor.decompress(file, image)?;
    Ok(Picture { width, height, data })
}

fn decode_png(file: &[u8]) -> Result<Picture, DecodeError> {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let mut data = room_for(width, height)?;
    let (colours, _) = reader.output_color_type();
    let samples = colours.samples();
    for row in data.chunks_mut((width * 3).max(1)) {
        let Some(given) = reader.next_row()? else { break };
        for (pixel, given) in row.as_chunks_mut::<3>().0.iter_mut().zip(given.data().chunks(samples)) {
            *pixel = match given {
                [red, green, blue, ..] => [*blue, *green, *red],
                [grey, ..] => [*grey; 3],
                [] => [0; 3],
            };
        }
    }
    reader.finish()?;
    Ok(Picture { width, height, data })
}

/// How a JPEG says that the camera was held: 1, upright, to 8.
fn orientation(file: &[u8]) -> u32 {
    let read = exif::Reader::new().read_from_container(&mut Cursor::new(file));
    let noted = read.ok().and_then(|noted| {
        noted.get_field(exif::Tag::Orientation, exif::In::PRIMARY).and_then(|field| field.value.get_uint(0))
    });
    noted.unwrap_or(1)
}

fn upright(picture: Picture, orientation: u32) -> Result<Picture, PictureError> {
    // Around the vertical axis 1, the horizontal one 0, both -1.
    let axis = match orientation {
        2 | 6 => Some(1),
        3 | 7 => Some(-1),
        4 | 8 => Some(0),
        _ => None,
    };
    let lies = matches!(orientation, 5..=8);
    if axis.is_none() && !lies {
        return Ok(picture);
    }
    let (rows, columns) = (side(picture.height), side(picture.width));
    let as_read = Mat::new_rows_cols_with_bytes::<Vec3b>(rows, columns, &picture.data)?;
    let (mut turned, mut flipped) = (Mat::default(), Mat::default());
    if lies {
        transpose(&as_read, &mut turned)?;
    } else {
        turned = as_read.try_clone()?;
    }
    if let Some(axis) = axis {
        flip(&turned, &mut flipped, axis)?;
    } else {
        flipped = turned;
    }
    let (width, height) = if lies { (picture.height, picture.width) } else { (picture.width, picture.height) };
    Ok(Picture { width, height, data: flipped.data_bytes()?.to_vec() })
}

/// A JPEG of packed BGR rows, of `quality` 1 to 100, its colours at half the resolution.
pub(crate) fn jpeg(bgr: &[u8], width: usize, height: usize, quality: i32) -> Result<Vec<u8>, PictureError> {
    let mut compressor = Compressor::new()?;
    compressor.set_quality(quality.clamp(1, 100))?;
    compressor.set_subsamp(Subsamp::Sub2x2)?;
    let image = Image { pixels: bgr, width, pitch: width * 3, height, format: PixelFormat::BGR };
    Ok(compressor.compress_to_vec(image)?)
}

#[cfg(test)]
mod tests;
