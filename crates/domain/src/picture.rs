//! Borrowed views of pixels, handed from whoever owns a picture to whoever reads it. Plain data: nothing here scales,
//! converts or copies.

use thiserror::Error;

/// Packed 8-bit BGR: three bytes a pixel (blue, green, red), rows from the top, `stride` bytes from one row to the next.
#[derive(Clone, Copy)]
pub struct PixelView<'a> {
    width: usize,
    height: usize,
    stride: usize,
    data: &'a [u8],
}

/// One plane of 8-bit samples: rows from the top, `stride` bytes from one row to the next.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// Bytes from the start of one row to the start of the next.
    pub stride: usize,
    /// The samples; the last row may end without its padding.
    pub data: &'a [u8],
}

/// Planar 8-bit YUV 4:2:0 (I420): `y` is `width` × `height`; `u` and `v` are half of that in each direction, rounded up.
#[derive(Clone, Copy)]
pub struct I420View<'a> {
    width: usize,
    height: usize,
    y: Plane<'a>,
    u: Plane<'a>,
    v: Plane<'a>,
}

/// Why some bytes are not the picture they were said to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPicture {
    /// No pixels at all.
    #[error("a picture of {width}x{height} has no pixels; width and height must be at least 1")]
    Empty {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Rows would overlap.
    #[error("the {plane} rows are {stride} bytes apart but each holds {row_bytes} bytes; the stride must not be less")]
    StrideShort {
        /// Which plane: `bgr`, `y`, `u` or `v`.
        plane: &'static str,
        /// The stride given.
        stride: usize,
        /// The bytes that a row holds.
        row_bytes: usize,
    },
    /// The last rows are missing.
    #[error("the {plane} plane has {given} bytes but its {rows} rows need {needed}")]
    DataShort {
        /// Which plane: `bgr`, `y`, `u` or `v`.
        plane: &'static str,
        /// The bytes given.
        given: usize,
        /// The rows.
        rows: usize,
        /// The bytes that the rows need.
        needed: usize,
    },
}

fn check_plane(
    plane: &'static str,
    row_bytes: usize,
    rows: usize,
    stride: usize,
    given: usize,
) -> Result<(), InvalidPicture> {
    if stride < row_bytes {
        return Err(InvalidPicture::StrideShort { plane, stride, row_bytes });
    }
    let needed = stride.saturating_mul(rows - 1).saturating_add(row_bytes);
    if given < needed { Err(InvalidPicture::DataShort { plane, given, rows, needed }) } else { Ok(()) }
}

fn check_size(width: usize, height: usize) -> Result<(), InvalidPicture> {
    if width == 0 || height == 0 { Err(InvalidPicture::Empty { width, height }) } else { Ok(()) }
}

impl<'a> PixelView<'a> {
    /// Looks at `data` as a picture; the last row may end without its padding.
    pub fn new(width: usize, height: usize, stride: usize, data: &'a [u8]) -> Result<Self, InvalidPicture> {
        check_size(width, height)?;
        check_plane("bgr", width.saturating_mul(3), height, stride, data.len())?;
        Ok(Self { width, height, stride, data })
    }

    /// Pixels in a row; at least 1.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows; at least 1.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Bytes from the start of one row to the start of the next; at least 3 × width.
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// The bytes of all rows, padding included.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The 3 × width bytes of row `y` without padding; `y` counts from the top and must be below the height.
    pub fn row(&self, y: usize) -> &'a [u8] {
        &self.data[y * self.stride..][..self.width * 3]
    }
}

impl<'a> I420View<'a> {
    /// Looks at three planes as one picture; the last row of each may end without its padding.
    pub fn new(width: usize, height: usize, y: Plane<'a>, u: Plane<'a>, v: Plane<'a>) -> Result<Self, InvalidPicture> {
        check_size(width, height)?;
        check_plane("y", width, height, y.stride, y.data.len())?;
        for (name, plane) in [("u", u), ("v", v)] {
            check_plane(name, width.div_ceil(2), height.div_ceil(2), plane.stride, plane.data.len())?;
        }
        Ok(Self { width, height, y, u, v })
    }

    /// Pixels in a row of the picture; at least 1.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows of the picture; at least 1.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Brightness: width × height samples.
    pub const fn y(&self) -> Plane<'a> {
        self.y
    }

    /// Blue difference: half the width × half the height, rounded up.
    pub const fn u(&self) -> Plane<'a> {
        self.u
    }

    /// Red difference: half the width × half the height, rounded up.
    pub const fn v(&self) -> Plane<'a> {
        self.v
    }
}

impl std::fmt::Debug for PixelView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PixelView({}x{} bgr, stride {})", self.width, self.height, self.stride)
    }
}

impl std::fmt::Debug for Plane<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plane({} bytes, stride {})", self.data.len(), self.stride)
    }
}

impl std::fmt::Debug for I420View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "I420View({}x{}, strides {} {} {})",
            self.width, self.height, self.y.stride, self.u.stride, self.v.stride
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_may_end_without_its_padding() {
        let bytes: Vec<u8> = (0..8 + 6).collect();
        let view = PixelView::new(2, 2, 8, &bytes).expect("8 bytes of row and padding, then 6 of row");
        assert_eq!((view.row(0), view.row(1)), (&bytes[..6], &bytes[8..14]));
        assert_eq!(
            PixelView::new(2, 2, 8, &bytes[..13]).expect_err("one byte short"),
            InvalidPicture::DataShort { plane: "bgr", given: 13, rows: 2, needed: 14 }
        );
    }

    #[test]
    fn rows_that_overlap_and_pictures_without_pixels_are_refused() {
        assert!(matches!(PixelView::new(2, 2, 5, &[0; 64]), Err(InvalidPicture::StrideShort { .. })));
        assert!(matches!(PixelView::new(0, 2, 5, &[0; 64]), Err(InvalidPicture::Empty { .. })));
        assert!(PixelView::new(usize::MAX, 2, usize::MAX, &[0; 64]).is_err());
    }

    #[test]
    fn chroma_of_odd_sizes_is_rounded_up() {
        let plane = |stride, len| Plane { stride, data: &[0; 64][..len] };
        assert!(I420View::new(3, 3, plane(3, 9), plane(2, 4), plane(2, 4)).is_ok());
        assert_eq!(
            I420View::new(3, 3, plane(3, 9), plane(2, 4), plane(2, 3)).expect_err("v is one sample short"),
            InvalidPicture::DataShort { plane: "v", given: 3, rows: 2, needed: 4 }
        );
    }
}
