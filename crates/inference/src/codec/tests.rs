use super::*;

const WIDTH: usize = 32;
const HEIGHT: usize = 16;

/// Red at the top left, and blue elsewhere: so large that a JPEG keeps the corner.
fn cornered() -> Picture {
    let pixel = |at: usize| if at % WIDTH < 16 && at / WIDTH < 8 { [0, 0, 255] } else { [255, 0, 0] };
    Picture { width: WIDTH, height: HEIGHT, data: (0..WIDTH * HEIGHT).flat_map(pixel).collect() }
}

fn pixel(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let at = (y * picture.width + x) * 3;
    [picture.data[at], picture.data[at + 1], picture.data[at + 2]]
}

fn is_red(picture: &Picture, x: usize, y: usize) -> bool {
    let [blue, green, red] = pixel(picture, x, y);
    red > 200 && green < 60 && blue < 60
}

fn as_jpeg() -> Vec<u8> {
    jpeg(&cornered().data, WIDTH, HEIGHT, 95).expect("a picture")
}

/// With a note of the camera how it was held, as it stands behind the first two bytes.
fn held(orientation: u8) -> Vec<u8> {
    let mut note = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    note.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(note.len() + 2).expect("short").to_be_bytes();
    let plain = as_jpeg();
    [&plain[..2], &[0xff, 0xe1], &length, &note, &plain[2..]].concat()
}

fn as_png(colours: png::ColorType, depth: png::BitDepth, rows: &[u8], palette: Option<Vec<u8>>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 2, 1);
    encoder.set_color(colours);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    encoder.write_header().and_then(|mut writer| writer.write_image_data(rows)).expect("a picture");
    file
}

#[test]
fn a_jpeg_gives_back_what_was_written() {
    let read = decode(&as_jpeg()).expect("a picture");
    assert_eq!((read.width, read.height), (WIDTH, HEIGHT));
    assert!(is_red(&read, 2, 2) && !is_red(&read, 29, 2) && !is_red(&read, 2, 13), "{:?}", pixel(&read, 2, 2));
}

#[test]
fn a_picture_stands_upright_however_the_camera_was_held() {
    // Where the corner is then, by the definition of the note.
    let corners = [
        (1, (WIDTH, HEIGHT), (2, 2)),
        (2, (WIDTH, HEIGHT), (29, 2)),
        (3, (WIDTH, HEIGHT), (29, 13)),
        (4, (WIDTH, HEIGHT), (2, 13)),
        (5, (HEIGHT, WIDTH), (2, 2)),
        (6, (HEIGHT, WIDTH), (13, 2)),
        (7, (HEIGHT, WIDTH), (13, 29)),
        (8, (HEIGHT, WIDTH), (2, 29)),
        (9, (WIDTH, HEIGHT), (2, 2)),
    ];
    for (orientation, size, (x, y)) in corners {
        let read = decode(&held(orientation)).expect("a picture");
        assert_eq!((read.width, read.height), size, "{orientation}");
        let red = [(2, 2), (size.0 - 3, 2), (2, size.1 - 3), (size.0 - 3, size.1 - 3)]
            .into_iter()
            .filter(|(x, y)| is_red(&read, *x, *y));
        assert_eq!(red.collect::<Vec<_>>(), [(x, y)], "{orientation}");
    }
}

#[test]
fn every_kind_of_png_gives_its_colours_without_what_shows_through() {
    use png::{BitDepth, ColorType};
    let cases = [
        (as_png(ColorType::Rgb, BitDepth::Eight, &[255, 0, 0, 0, 0, 255], None), [[0, 0, 255], [255, 0, 0]]),
        (as_png(ColorType::Rgba, BitDepth::Eight, &[255, 0, 0, 9, 0, 0, 255, 0], None), [[0, 0, 255], [255, 0, 0]]),
        (as_png(ColorType::Grayscale, BitDepth::Eight, &[7, 200], None), [[7; 3], [200; 3]]),
        (as_png(ColorType::Grayscale, BitDepth::One, &[0b0100_0000], None), [[0; 3], [255; 3]]),
        (as_png(ColorType::GrayscaleAlpha, BitDepth::Eight, &[7, 1, 200, 2], None), [[7; 3], [200; 3]]),
        (as_png(ColorType::Grayscale, BitDepth::Sixteen, &[7, 99, 200, 99], None), [[7; 3], [200; 3]]),
        (
            as_png(ColorType::Indexed, BitDepth::Eight, &[1, 0], Some(vec![0, 0, 255, 255, 0, 0])),
            [[0, 0, 255], [255, 0, 0]],
        ),
    ];
    for (number, (file, expected)) in cases.into_iter().enumerate() {
        let read = decode(&file).expect("a picture");
        assert_eq!((read.width, read.height), (2, 1), "{number}");
        assert_eq!([pixel(&read, 0, 0), pixel(&read, 1, 0)], expected, "{number}");
    }
}

#[test]
fn what_is_cut_off_or_no_picture_is_refused_with_the_reason_wherever_it_ends() {
    let png = as_png(png::ColorType::Rgb, png::BitDepth::Eight, &[255, 0, 0, 0, 0, 255], None);
    assert!(matches!(decode(b""), Err(DecodeError::Unknown)));
    assert!(matches!(decode(b"GIF89a"), Err(DecodeError::Unknown)));
    let jpeg = held(6);
    for end in 0..jpeg.len() - 2 {
        assert!(decode(&jpeg[..end]).is_err(), "{end} bytes of {}", jpeg.len());
    }
    for end in 0..png.len() {
        assert!(decode(&png[..end]).is_err(), "{end} bytes of {}", png.len());
    }
}

#[test]
fn a_file_that_says_it_is_huge_is_refused_before_it_takes_memory() {
    let mut file = as_jpeg();
    let frame = file.windows(2).position(|two| two == [0xff, 0xc0]).expect("a frame");
    file[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    assert!(matches!(decode(&file), Err(DecodeError::TooLarge { width: 60_000, height: 60_000 })));
    // Of a PNG the header carries a checksum: what cannot be is refused by it.
    let mut file = as_png(png::ColorType::Rgb, png::BitDepth::Eight, &[0; 6], None);
    file[16..24].copy_from_slice(&[0x7f; 8]);
    assert!(matches!(decode(&file), Err(DecodeError::Png(_))));
}
