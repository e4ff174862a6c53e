use domain::Plane;

use super::*;

const SIZE: (usize, usize) = (320, 240);

/// A drawn picture; `draw` says how bright a place is.
fn drawn(draw: impl Fn(i32, i32) -> u8) -> GreyPicture {
    let (width, height) = SIZE;
    let samples = (0..height).flat_map(|y| (0..width).map(move |x| (x as i32, y as i32))).map(|(x, y)| draw(x, y));
    GreyPicture { width, height, samples: samples.collect() }
}

/// A gate in a wall, a road with kerbs, a tree: seen from `dx`, `dy` pixels beside.
fn yard(dx: i32, dy: i32) -> impl Fn(i32, i32) -> u8 {
    move |x, y| {
        let (x, y) = (x + dx, y + dy);
        let gate = (90..230).contains(&x) && (40..130).contains(&y);
        match (x, y) {
            _ if gate && (x - 90) % 14 < 3 => 40,
            _ if gate => 150,
            _ if (x - 270).pow(2) + (y - 60).pow(2) < 35_i32.pow(2) => 50 + ((x * 7 + y * 13) % 31) as u8 * 2,
            _ if (40..130).contains(&y) && (y - 40) % 18 < 2 => 120,
            _ if (40..130).contains(&y) => 180,
            _ if y >= 130 && (x - 160).abs() < 40 + (y - 130) / 2 => 90,
            _ if y >= 130 => 140,
            _ => 220,
        }
    }
}

fn smoothed(picture: &GreyPicture, times: usize) -> GreyPicture {
    let mut picture = picture.clone();
    for _ in 0..times {
        let before = picture.clone();
        let at = |x: usize, y: usize| u32::from(before.samples[y * SIZE.0 + x]);
        for y in 1..SIZE.1 - 1 {
            for x in 1..SIZE.0 - 1 {
                let sum: u32 =
                    (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| (x, y))).map(|(x, y)| at(x, y)).sum();
                picture.samples[y * SIZE.0 + x] = (sum / 9) as u8;
            }
        }
    }
    picture
}

/// Numbers that look like noise and are the same each time.
fn noise(seed: u32, x: i32, y: i32) -> i32 {
    let mut value = seed.wrapping_add((x as u32).wrapping_mul(0x9e37_79b9)) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    value = (value ^ (value >> 15)).wrapping_mul(0x2c1b_3c6d);
    value = (value ^ (value >> 12)).wrapping_mul(0x297a_2d39);
    ((value >> 15) % 9) as i32 - 4
}

fn moved(now: &GreyPicture) -> Option<f64> {
    ViewSignature::of(&drawn(yard(0, 0))).moved(&ViewSignature::of(now))
}

#[test]
fn a_lens_out_of_focus_loses_its_sharpness() {
    let sharp = drawn(yard(0, 0));
    let numbers: Vec<_> = [0, 1, 3, 8].map(|times| PictureNumbers::of(&smoothed(&sharp, times)).sharpness).to_vec();
    assert!(numbers.is_sorted_by(|a, b| *a > 2.0 * b), "{numbers:?}");
    assert_eq!(PictureNumbers::of(&drawn(|_, _| 128)).sharpness, 0.0);
}

#[test]
fn the_variance_of_the_laplacian_is_what_its_formula_says() {
    // One bright sample in the middle: the inner 3 × 3 has Laplacians of -400 once, 100 four times and 0 four times.
    let mut samples = vec![0; 25];
    samples[12] = 100;
    let picture = GreyPicture { width: 5, height: 5, samples };
    let expected = (160_000.0 + 4.0 * 10_000.0) / 9.0;
    assert!((PictureNumbers::of(&picture).sharpness - expected).abs() < 1e-6);
    let thin = GreyPicture { width: 5, height: 2, samples: vec![7; 10] };
    assert_eq!(PictureNumbers::of(&thin).sharpness, 0.0);
}

#[test]
fn brightness_and_the_shares_of_white_and_black_are_counted() {
    let numbers = PictureNumbers::of(&drawn(|x, _| match x {
        0..80 => 0,
        80..160 => 255,
        _ => 100,
    }));
    assert_eq!((numbers.black, numbers.saturated, numbers.brightness), (0.25, 0.25, 255.0 * 0.25 + 100.0 * 0.5));
}

#[test]
fn only_a_picture_that_stays_the_same_sample_for_sample_is_frozen() {
    let at = |seconds: u64| MediaTime::from_micros(seconds * 1_000_000);
    let still = drawn(yard(0, 0));
    let mut other = still.clone();
    other.samples[777] ^= 1;
    let mut watch = FreezeWatch::new(Duration::from_secs(10));
    for second in 0..10 {
        assert_eq!(watch.handle_picture(&still, at(second)), Motion::Alive, "{second}");
    }
    assert_eq!(watch.handle_picture(&still, at(10)), Motion::Frozen { since: at(0) });
    assert_eq!(watch.handle_picture(&other, at(11)), Motion::Alive, "one sample differs by one");
    assert_eq!(watch.handle_picture(&other, at(20)), Motion::Alive);
    assert_eq!(watch.handle_picture(&other, at(21)), Motion::Frozen { since: at(11) });
}

#[test]
fn light_noise_and_a_passing_lorry_are_not_a_moved_camera() {
    assert_eq!(moved(&drawn(yard(0, 0))), Some(0.0));
    let dusk = drawn(|x, y| yard(0, 0)(x, y) / 2 + 10);
    let noisy = drawn(|x, y| (i32::from(yard(0, 0)(x, y)) + noise(7, x, y)).clamp(0, 255) as u8);
    let lorry = drawn(|x, y| if (20..110).contains(&x) && (100..190).contains(&y) { 200 } else { yard(0, 0)(x, y) });
    let trembling = drawn(yard(1, 1));
    for (name, picture) in [("dusk", dusk), ("noise", noisy), ("lorry", lorry), ("trembling", trembling)] {
        let moved = moved(&picture).expect("enough to tell by");
        assert!(moved < 0.3, "{name}: {moved}");
    }
}

#[test]
fn a_camera_that_was_pushed_or_covered_is_noticed() {
    let upside_down = drawn(|x, y| yard(0, 0)(SIZE.0 as i32 - 1 - x, SIZE.1 as i32 - 1 - y));
    let brick = drawn(|x, y| if (y % 20 < 2) || ((x + (y / 20 % 2) * 15) % 30 < 2) { 60 } else { 160 });
    for (name, picture) in [
        ("right", drawn(yard(60, 0))),
        ("down", drawn(yard(0, 50))),
        ("turned", upside_down),
        ("something before it", brick),
    ] {
        let moved = moved(&picture).expect("enough to tell by");
        assert!(moved > MOVED_MIN, "{name}: {moved}");
    }
}

#[test]
fn a_dark_or_empty_picture_tells_nothing_of_the_view() {
    assert_eq!(moved(&drawn(|_, _| 3)), None);
    assert_eq!(moved(&drawn(|x, y| (10 + noise(3, x, y) / 2) as u8)), None);
}

#[test]
fn a_signature_that_was_kept_says_the_same() {
    let (reference, now) = (ViewSignature::of(&drawn(yard(0, 0))), ViewSignature::of(&drawn(yard(9, 4))));
    let kept = ViewSignature::from_bytes(&reference.to_bytes()).expect("just written");
    assert_eq!(kept, reference);
    assert_eq!(kept.moved(&now), reference.moved(&now));
    let dark = ViewSignature::of(&drawn(|_, _| 3));
    assert_eq!(ViewSignature::from_bytes(&dark.to_bytes()), Ok(dark));
    let error = ViewSignature::from_bytes(&[1, 2]).expect_err("too short");
    assert!(error.to_string().contains("1536 bytes, not 2"), "{error}");
}

#[test]
fn grey_pictures_are_made_of_colour_and_of_full_frames() {
    let pixels: Vec<u8> = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]].concat();
    let grey = GreyPicture::from_bgr(&PixelView::new(2, 2, 6, &pixels).expect("a picture"));
    assert_eq!(grey.samples, [28, 149, 76, 255], "blue, green, red, white");

    // 1281 wide is shrunk by three; the padding of rows and what does not fill a sample is left out.
    let (width, height, stride) = (1281, 7, 1290);
    let y: Vec<u8> =
        (0..stride * height).map(|at| if at % stride >= width { 255 } else { (at % stride % 3 * 30) as u8 }).collect();
    let chroma = vec![128; 641 * 4];
    let plane = |stride, data| Plane { stride, data };
    let view = I420View::new(width, height, plane(stride, &y), plane(641, &chroma), plane(641, &chroma));
    let grey = GreyPicture::from_i420(&view.expect("a picture"));
    assert_eq!((grey.width(), grey.height()), (427, 2));
    assert!(grey.samples.iter().all(|sample| *sample == 30), "the mean of 0, 30 and 60");
}
