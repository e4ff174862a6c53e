//! Pictures for people, looked at again after decoding.

use domain::picture::Plane;
use domain::{BoundingBox, I420View};
use inference::picture::{Crop, Head, Picture, PictureError, decode, encode_jpeg};

/// A frame of ours in I420, with padding between its rows.
struct Frame {
    width: usize,
    height: usize,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

const PADDING: usize = 5;

impl Frame {
    /// Paints each pixel by its column and row as Y, U, V; padding is white.
    fn painted(width: usize, height: usize, colour: impl Fn(usize, usize) -> [u8; 3]) -> Self {
        let plane = |columns: usize, rows: usize, by: usize, channel: usize| {
            let mut data = vec![255; (columns + PADDING) * rows];
            for row in 0..rows {
                for column in 0..columns {
                    data[row * (columns + PADDING) + column] = colour(column * by, row * by)[channel];
                }
            }
            data
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        Self {
            width,
            height,
            y: plane(width, height, 1, 0),
            u: plane(half_width, half_height, 2, 1),
            v: plane(half_width, half_height, 2, 2),
        }
    }

    fn view(&self) -> I420View<'_> {
        let plane = |columns: usize, data| Plane { stride: columns + PADDING, data };
        let half = self.width.div_ceil(2);
        let (y, u, v) = (plane(self.width, &self.y[..]), plane(half, &self.u[..]), plane(half, &self.v[..]));
        I420View::new(self.width, self.height, y, u, v).unwrap()
    }

    fn jpeg(&self, crop: Option<Crop>, side_px_max: u32) -> Picture {
        let jpeg = encode_jpeg(&self.view(), crop, side_px_max, 95).unwrap();
        decode(&jpeg).unwrap()
    }
}

/// Studio-range BT.601: red, and a grey.
const RED: [u8; 3] = [81, 90, 240];
const GREY: [u8; 3] = [126, 128, 128];

fn size(picture: &Picture) -> (usize, usize) {
    (picture.view().width(), picture.view().height())
}

fn pixel(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    picture.view().row(y).as_chunks::<3>().0[x]
}

fn near(found: [u8; 3], expected: [u8; 3]) -> bool {
    found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 16)
}

fn crop(edges: [f32; 4], margin: f32, head: Head) -> Option<Crop> {
    Some(Crop { bbox: BoundingBox::try_from(edges).unwrap(), margin, head })
}

#[test]
fn a_whole_frame_keeps_its_size_and_colours_and_shows_no_row_padding() {
    let picture = Frame::painted(64, 48, |x, _| if x < 32 { RED } else { GREY }).jpeg(None, 1000);
    assert_eq!(size(&picture), (64, 48));
    for y in [0, 23, 47] {
        assert!(near(pixel(&picture, 8, y), [0, 0, 255]), "{:?} is not red in BGR", pixel(&picture, 8, y));
        assert!(near(pixel(&picture, 63, y), [128, 128, 128]), "{:?} is not grey", pixel(&picture, 63, y));
    }
}

#[test]
fn a_frame_of_odd_size_loses_at_most_a_column_and_a_row() {
    assert_eq!(size(&Frame::painted(65, 49, |_, _| GREY).jpeg(None, 1000)), (64, 48));
}

#[test]
fn the_longest_side_is_limited_and_the_aspect_kept() {
    let frame = Frame::painted(640, 360, |_, _| GREY);
    assert_eq!(size(&frame.jpeg(None, 480)), (480, 270));
    assert_eq!(size(&frame.jpeg(crop([0.0, 0.0, 0.25, 1.0], 0.0, Head::AsSeen), 120)), (53, 120));
}

#[test]
fn a_crop_shows_the_object_with_its_margin_and_stops_at_the_edge() {
    // Red where the object is: columns 160 to 319, rows 90 to 179 of 640 × 360.
    let frame =
        Frame::painted(640, 360, |x, y| if (160..320).contains(&x) && (90..180).contains(&y) { RED } else { GREY });
    let tight = frame.jpeg(crop([0.25, 0.25, 0.5, 0.5], 0.0, Head::AsSeen), 1000);
    assert_eq!(size(&tight), (160, 90));
    for (x, y) in [(4, 4), (155, 4), (80, 45), (4, 85), (155, 85)] {
        assert!(near(pixel(&tight, x, y), [0, 0, 255]), "({x}, {y}): {:?}", pixel(&tight, x, y));
    }
    let wide = frame.jpeg(crop([0.25, 0.25, 0.5, 0.5], 0.5, Head::AsSeen), 1000);
    assert_eq!(size(&wide), (320, 180), "half of the object's size on each side");
    assert!(near(pixel(&wide, 20, 20), [128, 128, 128]) && near(pixel(&wide, 160, 90), [0, 0, 255]));
    let cut = frame.jpeg(crop([0.0, 0.0, 0.25, 0.25], 0.5, Head::AsSeen), 1000);
    assert_eq!(size(&cut), (240, 134), "nothing is to the left or above");
}

#[test]
fn a_crop_outside_the_frame_is_an_error_and_not_an_empty_picture() {
    let frame = Frame::painted(64, 48, |_, _| GREY);
    for edges in [[1.2, 0.1, 1.4, 0.4], [0.5, 0.5, 0.5, 0.5]] {
        let refused = encode_jpeg(&frame.view(), crop(edges, 0.0, Head::AsSeen), 480, 80);
        assert!(matches!(refused, Err(PictureError::EmptyCrop { width: 64, height: 48 })), "{edges:?}");
    }
}

/// How far the pixels of a part stray from their mean, in one channel.
fn contrast(picture: &Picture, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> f64 {
    let values: Vec<f64> = rows
        .flat_map(|y| columns.clone().map(move |x| (x, y)))
        .map(|(x, y)| f64::from(pixel(picture, x, y)[0]))
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn a_blurred_head_has_lost_its_detail_and_the_body_has_not() {
    // Fine checks all over, of 4 pixels: what a face is made of.
    let frame =
        Frame::painted(640, 360, |x, y| if (x / 4 + y / 4) % 2 == 0 { [40, 128, 128] } else { [210, 128, 128] });
    let edges = [0.25, 0.25, 0.375, 0.75];
    let seen = frame.jpeg(crop(edges, 0.0, Head::AsSeen), 1000);
    let blurred = frame.jpeg(crop(edges, 0.0, Head::Blurred), 1000);
    assert_eq!((size(&seen), size(&blurred)), ((80, 180), (80, 180)));
    // The head is about the upper quarter: 43 of 180 rows.
    assert!(contrast(&seen, 0..80, 0..40) > 80.0);
    assert!(contrast(&blurred, 0..80, 0..40) < 8.0, "{}", contrast(&blurred, 0..80, 0..40));
    assert!(contrast(&blurred, 0..80, 60..180) > 80.0);
}

#[test]
fn a_head_at_or_beyond_the_edge_of_the_frame_is_blurred_as_far_as_it_is_seen() {
    let frame =
        Frame::painted(640, 360, |x, y| if (x / 4 + y / 4) % 2 == 0 { [40, 128, 128] } else { [210, 128, 128] });
    for edges in [[-0.05, -0.02, 0.1, 0.5], [0.9, 0.0, 1.0, 0.5], [0.995, 0.9, 1.0, 1.0], [0.4, 0.98, 0.5, 1.0]] {
        let picture = frame.jpeg(crop(edges, 0.25, Head::Blurred), 480);
        let (width, height) = size(&picture);
        assert!(width >= 2 && height >= 2, "{edges:?}");
    }
    let corner = frame.jpeg(crop([-0.05, -0.02, 0.1, 0.5], 0.25, Head::Blurred), 1000);
    assert!(contrast(&corner, 0..60, 0..30) < 8.0, "{}", contrast(&corner, 0..60, 0..30));
}
