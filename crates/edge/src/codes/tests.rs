use domain::Plane;
use qrcode::{Color, EcLevel, QrCode};

use super::*;

/// A picture of a grey wall with a code on white paper.
pub(crate) struct Picture {
    width: usize,
    height: usize,
    y: Vec<u8>,
    grey: Vec<u8>,
}

impl Picture {
    pub(crate) fn of(text: &str) -> Self {
        const MODULE: usize = 5;
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("it fits");
        let (width, height) = (960, 540);
        let mut y = vec![110; width * height];
        let side = (code.width() + 8) * MODULE;
        for row in 0..side {
            for column in 0..side {
                let (u, v) = ((column / MODULE).wrapping_sub(4), (row / MODULE).wrapping_sub(4));
                let is_dark = u < code.width() && v < code.width() && code[(u, v)] == Color::Dark;
                y[(row + 20) * width + column + 100] = if is_dark { 30 } else { 220 };
            }
        }
        Self { width, height, y, grey: vec![128; width / 2 * height / 2] }
    }

    pub(crate) fn view(&self) -> I420View<'_> {
        let half = |data| Plane { data, stride: self.width / 2 };
        let y = Plane { data: &self.y, stride: self.width };
        I420View::new(self.width, self.height, y, half(&self.grey), half(&self.grey)).expect("a picture")
    }
}

fn at(ms: u64) -> MonoTime {
    MonoTime::from_micros(ms * 1_000)
}

#[test]
fn a_code_is_told_once_while_it_is_held_there_and_each_picture_is_looked_at_seldom() {
    let told = Arc::<Mutex<Vec<String>>>::default();
    let telling = Arc::clone(&told);
    let show = move |text: &str, _| telling.lock().expect("no panic").push(text.to_owned());
    let mut codes = Codes::start(CameraId::new("cam-1").expect("a slug"), show).expect("it starts");
    let start = Instant::now();
    let (first, second) = (Picture::of("GP1:FIRST"), Picture::of("GP1:SECOND"));
    // Ten frames a second for two seconds: every third is looked at.
    for frame in 0..20 {
        let ms = frame * 100;
        codes.offer_all(&first.view(), at(ms), start + Duration::from_millis(ms));
    }
    // Too soon after the one before.
    codes.offer_all(&second.view(), at(1_950), start + Duration::from_millis(1_950));
    codes.offer_all(&second.view(), at(5_000), start + Duration::from_millis(5_000));
    codes.offer_all(&first.view(), at(6_000), start + Duration::from_millis(6_000));
    drop(codes);
    assert_eq!(*told.lock().expect("no panic"), ["GP1:FIRST", "GP1:SECOND", "GP1:FIRST"]);
}

#[test]
fn the_newest_picture_waits_and_a_camera_never_does() {
    let (busy, is_busy) = std::sync::mpsc::sync_channel::<()>(0);
    let (told, telling) = std::sync::mpsc::channel();
    let show = move |text: &str, _| {
        told.send(text.to_owned()).expect("the test listens");
        // The reader is busy with the first until the test says so.
        let _ = is_busy.recv();
    };
    let mut codes = Codes::start(CameraId::new("cam-1").expect("a slug"), show).expect("it starts");
    let seen = Instant::now();
    codes.offer(&Picture::of("A").view(), at(0), seen);
    assert_eq!(telling.recv().as_deref(), Ok("A"));
    for (number, text) in (1..).zip(["B", "C", "D"]) {
        codes.offer(&Picture::of(text).view(), at(number * 1_000), seen);
    }
    drop(busy);
    drop(codes);
    assert_eq!(telling.iter().collect::<Vec<_>>(), ["D"]);
}
