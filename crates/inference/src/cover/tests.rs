use super::*;

const WIDTH: usize = 96;
const HEIGHT: usize = 64;

fn bbox(edges: [f32; 4]) -> BoundingBox {
    BoundingBox::try_from(edges).expect("a box")
}

/// Stripes one pixel wide: all detail, and the same average everywhere.
fn striped(phase: usize) -> Picture {
    let pixel = |x: usize, y: usize| if (x + y + phase).is_multiple_of(2) { 40u8 } else { 200 };
    let data = (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| [pixel(x, y); 3])).collect();
    Picture { width: WIDTH, height: HEIGHT, data }
}

fn frame_of(luma: impl Fn(usize, usize) -> u8) -> OwnFrame {
    let y = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y))).map(|(x, y)| luma(x, y)).collect();
    let colour = |by: usize| (0..WIDTH * HEIGHT / 4).map(|at| (at * by % 251) as u8).collect();
    OwnFrame { width: WIDTH, height: HEIGHT, planes: [y, colour(7), colour(11)] }
}

fn pixels(picture: &Picture, [x0, y0, x1, y1]: [usize; 4]) -> Vec<u8> {
    (y0..y1).flat_map(|y| picture.data[(y * WIDTH + x0) * 3..(y * WIDTH + x1) * 3].to_vec()).collect()
}

fn spread(values: &[u8]) -> u8 {
    let (low, high) = (values.iter().min(), values.iter().max());
    high.expect("some pixels") - low.expect("some pixels")
}

#[test]
fn what_had_the_same_averages_looks_the_same_when_covered() {
    let part = bbox([0.25, 0.25, 0.75, 0.75]);
    for how in [Cover::Coarse, Cover::Flat] {
        let [mut one, mut other] = [striped(0), striped(1)];
        assert_ne!(one.data, other.data);
        one.cover(&part, how).expect("covered");
        other.cover(&part, how).expect("covered");
        let inside = [24, 16, 72, 48];
        assert_eq!(pixels(&one, inside), pixels(&other, inside), "{how:?}");
        assert_eq!(spread(&pixels(&one, inside)), 0, "{how:?}: no detail is left");
    }
}

#[test]
fn a_flat_part_has_one_value_and_a_coarse_one_few() {
    let part = bbox([0.0, 0.0, 1.0, 1.0]);
    let busy = |x: usize, y: usize| ((x * 37) ^ (y * 91)) as u8;
    let mut flat = frame_of(busy);
    flat.cover(&part, Cover::Flat).expect("covered");
    for plane in &flat.planes {
        assert_eq!(spread(plane), 0);
    }
    let mut coarse = frame_of(busy);
    coarse.cover(&part, Cover::Coarse).expect("covered");
    // Sixteen numbers say all of it: covered again from its block averages nothing new appears, and neighbours hardly
    // differ.
    let luma = &coarse.planes[0];
    let steps = luma.chunks(WIDTH).flat_map(|row| row.windows(2).map(|two| two[0].abs_diff(two[1])));
    assert!(steps.max().expect("some pixels") <= 255 / (WIDTH / 4) as u8 + 1, "no edge is left");
}

#[test]
fn a_small_part_keeps_fewer_blocks_and_a_tiny_one_none() {
    let mut frame = frame_of(|x, y| if (x + y).is_multiple_of(2) { 0 } else { 255 });
    // Ten pixels wide and high: one block.
    frame.cover(&bbox([0.0, 0.0, 10.0 / 96.0, 10.0 / 64.0]), Cover::Coarse).expect("covered");
    let rows = frame.planes[0].chunks(WIDTH).take(10).flat_map(|row| row[..10].to_vec());
    assert_eq!(spread(&rows.collect::<Vec<_>>()), 0);
}

#[test]
fn nothing_outside_the_part_changes_and_halved_colours_are_covered_to_its_edge() {
    let before = frame_of(|x, y| ((x * 5) ^ (y * 3)) as u8);
    let mut after = frame_of(|x, y| ((x * 5) ^ (y * 3)) as u8);
    // Edges between pixels, at odd places.
    after.cover(&bbox([21.4 / 96.0, 11.4 / 64.0, 50.6 / 96.0, 40.6 / 64.0]), Cover::Flat).expect("covered");
    let changed = |plane: usize, width: usize| {
        let pairs = before.planes[plane].iter().zip(&after.planes[plane]).enumerate();
        let places: Vec<_> = pairs.filter(|(_, (a, b))| a != b).map(|(at, _)| (at % width, at / width)).collect();
        let fold = |pick: fn(&(usize, usize)) -> usize| {
            (places.iter().map(pick).min().expect("changes"), places.iter().map(pick).max().expect("changes"))
        };
        (fold(|place| place.0), fold(|place| place.1))
    };
    assert_eq!(changed(0, WIDTH), ((20, 51), (10, 41)));
    assert_eq!(changed(1, WIDTH / 2), ((10, 25), (5, 20)));
    assert_eq!(changed(2, WIDTH / 2), ((10, 25), (5, 20)));
}

#[test]
fn parts_outside_the_picture_are_cut_off_at_its_edge() {
    let before = striped(0);
    let mut picture = striped(0);
    picture.cover(&bbox([1.1, 0.0, 1.4, 1.0]), Cover::Flat).expect("nothing to do");
    assert_eq!(picture.data, before.data);
    picture.cover(&bbox([-0.5, -0.5, 0.5, 0.5]), Cover::Flat).expect("covered");
    assert_eq!(spread(&pixels(&picture, [0, 0, 48, 32])), 0);
    assert_eq!(pixels(&picture, [48, 0, 96, 64]), pixels(&before, [48, 0, 96, 64]));
}

#[test]
fn a_frame_of_odd_size_is_covered_to_its_last_pixel() {
    let (width, height) = (33, 17);
    let half = 17 * 9;
    let planes = [(0..width * height).map(|at| (at * 13 % 256) as u8).collect(), vec![7; half], vec![9; half]];
    let mut frame = OwnFrame { width, height, planes };
    frame.cover(&bbox([0.0, 0.0, 1.0, 1.0]), Cover::Flat).expect("covered");
    assert_eq!(spread(&frame.planes[0]), 0);
    assert_eq!((frame.view().width(), frame.view().height()), (33, 17));
}

#[test]
fn a_jpeg_of_a_picture_shows_it() {
    let mut picture = striped(0);
    picture.cover(&bbox([0.0, 0.0, 1.0, 1.0]), Cover::Flat).expect("covered");
    let jpeg = picture.jpeg(95).expect("a picture");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jpg");
    std::fs::write(&path, jpeg).expect("written");
    let read = crate::picture::read_picture(&path).expect("read again");
    assert_eq!((read.width, read.height), (WIDTH, HEIGHT));
    assert!(read.data.iter().all(|value| value.abs_diff(120) <= 3));
}
