use domain::Plane;
use qrcode::{Color, EcLevel, QrCode};

use super::*;

/// What a visitor's pass is like: a signed text that takes a code of version 9.
const PASS: &str = "GP1:0CGJTNC9057V/OLPDFQEHI61I61I61WNDS8SYND-565+0-PDZ-DVQE3/DQX5 8D0-DUPCG/DVKEZPC04EVB0UPC3/D9X5:8D4/DSX5DEC7V1-3E/1DNPCZEDT7DVKE+CHYMRV0J+NOH0UG 9ON3S5I7E8MHCMWOW0B5M8VH3:EDZCIPDE:-D2UQ2L727AVWOORU9NAT44.LUIJSA7WMSLJ64488YE6";

/// A code on a sheet before a grey wall.
struct Sheet<'c> {
    code: &'c QrCode,
    centre: [f64; 2],
    /// Pixels of a module.
    module: f64,
    degrees: f64,
}

/// What lies between the sheet and the samples.
#[derive(Clone, Copy)]
struct Weather {
    /// Standard deviation of the blur, pixels.
    blur: f64,
    /// Standard deviation of the noise, grey levels.
    noise: f64,
    /// Grey levels from black to white.
    contrast: f64,
    /// How much nearer one side is than the other, as a share.
    slant: f64,
}

const CLEAN: Weather = Weather { blur: 0.0, noise: 0.0, contrast: 200.0, slant: 0.0 };

/// Equally spread numbers that are the same in each run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

impl Sheet<'_> {
    /// Brightness, 0 to 1, at a place in the picture; nothing where the sheet is not.
    fn at(&self, x: f64, y: f64, slant: f64) -> Option<f64> {
        const QUIET_ZONE: f64 = 4.0;
        let n = self.code.width() as f64;
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        let (x, y) = (x - self.centre[0], y - self.centre[1]);
        let nearer = 1.0 + slant * x / (n * self.module);
        let (x, y) = (x * nearer, y * nearer);
        let (u, v) = ((x * cos + y * sin) / self.module + n / 2.0, (y * cos - x * sin) / self.module + n / 2.0);
        let inside = |margin: f64| [u, v].iter().all(|t| *t >= -margin && *t < n + margin);
        let dark = || self.code[(u as usize, v as usize)] == Color::Dark;
        inside(QUIET_ZONE).then(|| if inside(0.0) && dark() { 0.0 } else { 1.0 })
    }
}

fn picture(width: usize, height: usize, sheets: &[Sheet<'_>], weather: Weather, seed: u64) -> Grey {
    const WALL: f64 = 0.4;
    const PARTS: usize = 3;
    let mut light = vec![0.0; width * height];
    for (index, light) in light.iter_mut().enumerate() {
        let (x, y) = (index % width, index / width);
        let part = |at: usize, part: usize| at as f64 + (part as f64 + 0.5) / PARTS as f64;
        let parts = (0..PARTS * PARTS).map(|p| (part(x, p % PARTS), part(y, p / PARTS)));
        let seen = parts.map(|(x, y)| sheets.iter().find_map(|s| s.at(x, y, weather.slant)).unwrap_or(WALL));
        *light = seen.sum::<f64>() / (PARTS * PARTS) as f64;
    }
    if weather.blur > 0.0 {
        light = blurred(&light, width, weather.blur, 1);
        light = blurred(&light, width, weather.blur, width);
    }
    let mut chance = Chance(seed);
    let sample = |light: &f64| (128.0 + (light - 0.5) * weather.contrast + chance.normal() * weather.noise) as u8;
    Grey { width, height, samples: light.iter().map(sample).collect() }
}

/// Blurred along the rows (`step` 1) or the columns (`step` the width).
fn blurred(light: &[f64], width: usize, sigma: f64, step: usize) -> Vec<f64> {
    let reach = (sigma * 3.0).ceil() as i64;
    let weights: Vec<f64> = (-reach..=reach).map(|i| (-(i * i) as f64 / (2.0 * sigma * sigma)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let length = if step == 1 { width } else { light.len() / width } as i64;
    let place = |index: usize| (if step == 1 { index % width } else { index / width }) as i64;
    let mean = |index: usize| {
        let here = place(index);
        let near = (-reach..=reach).zip(&weights).map(|(offset, weight)| {
            let offset = (here + offset).clamp(0, length - 1) - here;
            light[(index as i64 + offset * step as i64) as usize] * weight
        });
        near.sum::<f64>() / total
    };
    (0..light.len()).map(mean).collect()
}

fn find(picture: &Grey) -> Vec<FoundCode> {
    let chroma = vec![128; picture.width.div_ceil(2) * picture.height.div_ceil(2)];
    let chroma = Plane { stride: picture.width.div_ceil(2), data: &chroma };
    let luma = Plane { stride: picture.width, data: &picture.samples };
    let view = I420View::new(picture.width, picture.height, luma, chroma, chroma).expect("the planes fit");
    find_codes(&view).expect("the picture can be looked through")
}

fn texts(picture: &Grey) -> Vec<String> {
    find(picture).into_iter().map(|code| code.text).collect()
}

fn code(text: impl AsRef<[u8]>) -> QrCode {
    QrCode::with_error_correction_level(text, EcLevel::M).expect("it fits")
}

/// How many of ten turns of a pass are read.
fn read_of_ten(module: f64, weather: Weather) -> usize {
    let pass = code(PASS);
    assert_eq!(pass.width(), 53, "version 9");
    let turns = [0.0, 3.0, 8.0, 15.0, 30.0, 45.0, 90.0, 133.0, 180.0, 200.0];
    let side = (61.0 * module * 1.5) as usize;
    let middle = side as f64 / 2.0;
    let read = turns.iter().zip(1..).filter(|(degrees, seed)| {
        let sheet = Sheet { code: &pass, centre: [middle, middle], module, degrees: **degrees };
        texts(&picture(side, side, &[sheet], weather, *seed)) == [PASS]
    });
    read.count()
}

#[test]
fn passes_are_read_turned_blurred_noisy_faint_and_slanted() {
    let blurred = Weather { blur: 1.0, noise: 6.0, contrast: 180.0, slant: 0.0 };
    let much_blurred = Weather { blur: 1.5, ..blurred };
    let noisy = Weather { blur: 0.7, noise: 20.0, contrast: 150.0, slant: 0.0 };
    let faint = Weather { blur: 0.7, noise: 4.0, contrast: 60.0, slant: 0.0 };
    let slanted = Weather { blur: 0.7, noise: 6.0, contrast: 160.0, slant: 0.15 };
    // Pixels of a module, weather, least read of ten turns: two below what was measured.
    let wanted = [
        ("clean", 2.0, CLEAN, 8),
        ("slanted", 2.5, slanted, 8),
        ("clean", 3.0, CLEAN, 8),
        ("blurred", 3.0, blurred, 7),
        ("noisy", 3.0, noisy, 5),
        ("faint", 3.0, faint, 8),
        ("slanted", 3.0, slanted, 8),
        ("much blurred", 4.0, much_blurred, 8),
        ("noisy", 4.0, noisy, 6),
    ];
    for (name, module, weather, least) in wanted {
        let read = read_of_ten(module, weather);
        assert!(read >= least, "{name}, {module} pixels a module: {read} of 10, at least {least} wanted");
    }
}

#[test]
fn several_codes_are_each_read_where_they_are() {
    let (a, b, c) = (code("GP1:A"), code("GP1:B"), code("GP1:C"));
    let sheets = [
        Sheet { code: &a, centre: [120.0, 120.0], module: 4.0, degrees: 0.0 },
        Sheet { code: &b, centre: [400.0, 140.0], module: 4.0, degrees: 180.0 },
        Sheet { code: &c, centre: [300.0, 360.0], module: 4.0, degrees: 20.0 },
    ];
    let (width, height) = (600, 480);
    let mut found = find(&picture(width, height, &sheets, CLEAN, 1));
    found.sort_by(|a, b| a.text.cmp(&b.text));
    assert_eq!(found.iter().map(|code| code.text.as_str()).collect::<Vec<_>>(), ["GP1:A", "GP1:B", "GP1:C"]);
    for (code, sheet) in found.iter().zip(&sheets) {
        let middle = |at: fn(&Point) -> f32| code.corners.iter().map(at).sum::<f32>() / 4.0;
        let middle = [middle(|p| p.x) * width as f32, middle(|p| p.y) * height as f32];
        let off = middle.iter().zip(sheet.centre).map(|(found, true_)| (f64::from(*found) - true_).abs());
        assert!(off.fold(0.0, f64::max) < 4.0, "{} is told at {middle:?}, it is at {:?}", code.text, sheet.centre);
    }
    // The code's own top left, not the picture's.
    let (upright, head_down) = (&found[0].corners, &found[1].corners);
    assert!(upright[0].x < upright[1].x && upright[0].y < upright[3].y, "{upright:?}");
    assert!(head_down[0].x > head_down[1].x && head_down[0].y > head_down[3].y, "{head_down:?}");
}

#[test]
fn a_picture_that_is_too_large_is_read_scaled_down_and_its_corners_stay_where_they_are() {
    let pass = code("GP1:LARGE");
    let sheet = |module| Sheet { code: &pass, centre: [1500.0, 900.0], module, degrees: 0.0 };
    let found = find(&picture(2000, 1200, &[sheet(8.0)], CLEAN, 1));
    assert_eq!(found.len(), 1);
    let middle = found[0].corners.iter().map(|p| p.x).sum::<f32>() / 4.0;
    assert!((middle - 0.75).abs() < 0.005, "{middle}");
    // Modules of 2 pixels are too small when scaled to 1280: the second look finds them.
    assert_eq!(texts(&picture(2000, 1200, &[sheet(2.0)], CLEAN, 1)), ["GP1:LARGE"]);
}

#[test]
fn there_are_no_codes_in_noise_in_nothing_and_in_pictures_too_small_for_one() {
    let noise = Weather { noise: 60.0, ..CLEAN };
    for seed in 1..=5 {
        assert_eq!(texts(&picture(640, 480, &[], noise, seed)), [""; 0]);
    }
    assert_eq!(texts(&picture(320, 240, &[], CLEAN, 1)), [""; 0]);
    for (width, height) in [(1, 1), (1, 500), (500, 1), (20, 20), (21, 21), (22, 64)] {
        assert_eq!(texts(&picture(width, height, &[], noise, 1)), [""; 0], "{width}x{height}");
    }
}

#[test]
fn bytes_that_are_no_text_lose_nothing_and_text_stays_text() {
    let read = |content: &[u8]| {
        let code = code(content);
        let side = code.width() * 4 + 60;
        let centre = [side as f64 / 2.0; 2];
        texts(&picture(side, side, &[Sheet { code: &code, centre, module: 4.0, degrees: 0.0 }], CLEAN, 1))
    };
    let name = "079123456789|Nguyễn Văn Ánh|01011990|Nam|Số 1, Hà Nội|01012021";
    assert_eq!(read(name.as_bytes()), [name]);
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let read_bytes = read(&every_byte);
    let back: Vec<_> = read_bytes[0].chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect();
    assert_eq!(back, every_byte);
    for hostile in [&[0xFF, 0xFE, 0x00][..], &[0xC3, 0x28], b"\0\0\0", b"\x1b[2J'; drop table passage; --"] {
        let read = read(hostile);
        assert_eq!(read[0].chars().map(|c| u32::from(c) as u8).collect::<Vec<_>>(), hostile);
    }
}

#[test]
fn damaged_codes_are_not_read_as_something_else() {
    let pass = code("GP1:THE-TRUE-TEXT-OF-THIS-PASS");
    let sheet = Sheet { code: &pass, centre: [120.0, 120.0], module: 4.0, degrees: 0.0 };
    let whole = picture(240, 240, &[sheet], CLEAN, 1);
    let mut chance = Chance(7);
    for spots in [5, 20, 80, 200] {
        let mut damaged = Grey { width: 240, height: 240, samples: whole.samples.clone() };
        for _ in 0..spots {
            let at = |chance: &mut Chance| (chance.next() * 236.0) as usize;
            let (x, y, grey) = (at(&mut chance), at(&mut chance), if chance.next() < 0.5 { 20 } else { 240 });
            (0..16).for_each(|i| damaged.samples[(y + i / 4) * 240 + x + i % 4] = grey);
        }
        let read = texts(&damaged);
        assert!(read.is_empty() || read == ["GP1:THE-TRUE-TEXT-OF-THIS-PASS"], "{spots} spots: {read:?}");
    }
}

#[test]
fn a_picture_made_of_corner_marks_costs_no_more_than_is_allowed() {
    const MARK: [&[u8; 8]; 8] =
        [b"#######.", b"#.....#.", b"#.###.#.", b"#.###.#.", b"#.###.#.", b"#.....#.", b"#######.", b"........"];
    let (width, height, module) = (1280, 720, 2);
    let sample = |index: usize| {
        let (x, y) = (index % width / module, index / width / module);
        if MARK[y % 8][x % 8] == b'#' { 20 } else { 230 }
    };
    let picture = Grey { width, height, samples: (0..width * height).map(sample).collect() };
    let bits = binarized(&picture).expect("it has pixels");
    let marks = FindFinderPatterns(&bits, true, 0).len();
    assert!(marks > MARKS_MAX * 10, "{marks} marks are found");
    assert_eq!(groups_of_marks(&bits).len(), GROUPS_MAX);
    assert_eq!(texts(&picture), [""; 0]);
}

#[test]
fn what_a_code_says_is_not_in_its_debug_text() {
    let found = FoundCode { text: "079123456789".to_owned(), corners: [Point { x: 0.0, y: 0.0 }; 4] };
    assert!(!format!("{found:?}").contains("0791"));
}
