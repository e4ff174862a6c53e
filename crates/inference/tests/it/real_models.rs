//! The real detectors on one real street picture, against what a reference (NumPy on ONNX Runtime, written apart from
//! this code) made of the same picture and the same weights.

use domain::{BoundingBox, Detection, ObjectClass, PixelView};
use inference::picture::read_picture;
use inference::{Detector, FaceDetector, Fit, Manifest, ModelStore, OpenError, PictureSource, Role, Threads};
use opencv::core::{Mat, MatTraitConstManual, Size, Vec3b};
use opencv::imgproc;

use crate::found::{portraits, runtime, street_picture, weights};

/// 640×360; licensed CC-BY-4.0.
const PICTURE: &str = "th_gate_f588ab5643.jpg";
/// Detections below this waver with the JPEG decoder and are left out.
const SURE: f32 = 0.3;
/// How far two JPEG decoders and two processors may move a confidence or an edge.
const TOLERANCE: f32 = 0.03;

type Expected = (ObjectClass, f32, [f32; 4]);

fn manifest() -> Manifest {
    Manifest::parse(include_str!("../../../../models/manifest.toml")).unwrap()
}

fn alike(expected: &Expected, found: &Detection) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() < TOLERANCE;
    let edges = <[f32; 4]>::from(found.bbox);
    expected.0 == found.class
        && near(expected.1, found.confidence)
        && expected.2.iter().zip(edges).all(|(a, b)| near(*a, b))
}

fn check(id: &str, expected: &[Expected]) {
    let (Some(runtime), Some(picture)) = (runtime(), street_picture(PICTURE)) else { return };
    let manifest = manifest();
    let entry = manifest.entries().iter().find(|entry| entry.id == id).unwrap();
    let Some(path) = weights(&entry.file) else { return };
    let store = ModelStore::new(vec![path.parent().unwrap().to_owned()]);
    let path = store.find(entry).unwrap();
    let mut detector = Detector::open(runtime, entry, &path, Threads { intra: 1 }).unwrap();

    let picture = read_picture(picture.as_ref()).unwrap();
    let view = picture.view();
    let (columns, rows) = (view.width() as i32, view.height() as i32);
    let pixels: Vec<u8> = (0..view.height()).flat_map(|y| view.row(y).to_vec()).collect();
    let picture = Mat::new_rows_cols_with_bytes::<Vec3b>(rows, columns, &pixels).unwrap();
    let (width, height) = detector.input_size();
    let (width, height) = match detector.fit() {
        Fit::Stretch => (width as i32, height as i32),
        Fit::Letterbox => (width as i32, width as i32 * rows / columns),
    };
    let mut scaled = Mat::default();
    imgproc::resize(&picture, &mut scaled, Size::new(width, height), 0.0, 0.0, imgproc::INTER_LINEAR).unwrap();
    let bytes = scaled.data_bytes().unwrap();
    let view = PixelView::new(width as usize, height as usize, width as usize * 3, bytes).unwrap();
    let found = detector.detect(&view).unwrap();

    for one in expected {
        assert!(found.iter().any(|d| alike(one, d)), "{id} did not find {one:?} but {found:#?}");
    }
    for one in found.iter().filter(|d| d.confidence > SURE + TOLERANCE) {
        assert!(expected.iter().any(|e| alike(e, one)), "{id} found {one:?} besides");
    }
    assert!(found.iter().any(|d| d.confidence < SURE), "the unsure ones are there for the tracker");
    let whole = found.iter().all(|d| d.bbox == d.bbox.clipped() && d.confidence >= 0.1);
    assert!(whole, "{found:#?}");
    assert!(found.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence), "best first");
}

#[test]
fn person_vehicle_bike_2000_sees_what_the_reference_sees() {
    check(
        "person_vehicle_bike_2000_256",
        &[
            (ObjectClass::Person, 0.906, [0.165, 0.167, 0.293, 0.522]),
            (ObjectClass::Person, 0.809, [0.319, 0.114, 0.353, 0.270]),
            (ObjectClass::Vehicle, 0.754, [0.608, 0.154, 0.683, 0.241]),
            (ObjectClass::Vehicle, 0.369, [0.681, 0.146, 0.732, 0.210]),
            (ObjectClass::Person, 0.328, [0.288, 0.119, 0.322, 0.260]),
        ],
    );
}

#[test]
fn person_vehicle_bike_2001_sees_what_the_reference_sees() {
    check(
        "person_vehicle_bike_2001_384",
        &[
            (ObjectClass::Vehicle, 0.912, [0.602, 0.153, 0.681, 0.242]),
            (ObjectClass::Person, 0.831, [0.178, 0.153, 0.303, 0.491]),
            (ObjectClass::Person, 0.781, [0.288, 0.104, 0.320, 0.259]),
            (ObjectClass::Vehicle, 0.648, [0.552, 0.120, 0.596, 0.171]),
            (ObjectClass::Bike, 0.591, [0.168, 0.161, 0.304, 0.520]),
            (ObjectClass::Person, 0.548, [0.325, 0.109, 0.353, 0.250]),
            (ObjectClass::Vehicle, 0.455, [0.678, 0.142, 0.731, 0.212]),
            (ObjectClass::Person, 0.349, [0.014, 0.131, 0.056, 0.342]),
            (ObjectClass::Person, 0.325, [0.438, 0.098, 0.465, 0.215]),
        ],
    );
}

#[test]
fn yolox_nano_sees_what_the_reference_sees() {
    check(
        "yolox_nano_416",
        &[
            (ObjectClass::Person, 0.792, [0.161, 0.165, 0.291, 0.539]),
            (ObjectClass::Car, 0.789, [0.601, 0.147, 0.685, 0.246]),
            (ObjectClass::Car, 0.704, [0.683, 0.147, 0.732, 0.214]),
            (ObjectClass::Motorbike, 0.699, [0.142, 0.329, 0.312, 0.589]),
            (ObjectClass::Motorbike, 0.598, [0.468, 0.213, 0.517, 0.311]),
            (ObjectClass::Person, 0.596, [0.324, 0.115, 0.351, 0.261]),
            (ObjectClass::Person, 0.589, [0.470, 0.158, 0.521, 0.306]),
            (ObjectClass::Car, 0.452, [0.549, 0.127, 0.605, 0.183]),
        ],
    );
}

#[test]
fn a_face_model_is_refused_as_a_detector() {
    let (Some(runtime), Some(path)) = (runtime(), weights("face_det_yunet_n_320.onnx")) else { return };
    for entry in manifest().entries().iter().filter(|entry| entry.role() == Role::Detector) {
        let error = Detector::open(runtime, entry, &path, Threads { intra: 1 }).map(drop).unwrap_err();
        assert!(matches!(error, OpenError::Shape { .. }), "{error}");
        assert!(error.to_string().contains("cls_8 [1, 1600, 1]"), "{error}");
    }
}

#[test]
fn a_blank_picture_shows_nothing_sure() {
    let Some(runtime) = runtime() else { return };
    for entry in manifest().entries().iter().filter(|entry| entry.role() == Role::Detector) {
        let Some(path) = weights(&entry.file) else { continue };
        let mut detector = Detector::open(runtime, entry, &path, Threads { intra: 1 }).unwrap();
        let (width, height) = (entry.input_size.0 as usize, entry.input_size.1 as usize);
        let grey = vec![114; width * height * 3];
        let view = PixelView::new(width, height, width * 3, &grey).unwrap();
        let found = detector.detect(&view).unwrap();
        assert!(found.iter().all(|d| d.confidence < SURE), "{}: {found:?}", entry.id);
        assert_eq!(found.iter().map(|d| d.bbox).filter(|b| *b != BoundingBox::clipped(b)).count(), 0);
    }
}

#[test]
fn the_face_detector_finds_the_one_face_of_each_portrait() {
    let (Some(runtime), Some(portraits)) = (runtime(), portraits()) else { return };
    let manifest = manifest();
    let entry = manifest.entries().iter().find(|entry| entry.role() == Role::FaceDetector).unwrap();
    let Some(path) = weights(&entry.file) else { return };
    let mut detector = FaceDetector::open(runtime, entry, &path, Threads { intra: 1 }, Some((256, 256))).unwrap();
    let mut missed = Vec::new();
    for path in &portraits {
        let picture = read_picture(path).unwrap();
        let found = detector.find(&PictureSource::Bgr(&picture.view())).unwrap();
        // The person that the picture is of stands in its middle.
        let middle = found.iter().find(|face| {
            (face.bbox.x0()..face.bbox.x1()).contains(&0.5) && (face.bbox.y0()..face.bbox.y1()).contains(&0.5)
        });
        match middle {
            Some(face) => {
                let [right_eye, left_eye, nose, right_mouth, left_mouth] = face.landmarks;
                assert!(right_eye.y < right_mouth.y && left_eye.y < left_mouth.y, "{path:?}: {face:?}");
                assert!(right_eye.x < left_eye.x, "{path:?}: {face:?}");
                let holds = (face.bbox.x0()..face.bbox.x1()).contains(&nose.x)
                    && (face.bbox.y0()..face.bbox.y1()).contains(&nose.y);
                assert!(holds, "{path:?}: {face:?}");
            }
            None => missed.push(path),
        }
    }
    assert!(portraits.len() >= 50 && missed.len() * 50 <= portraits.len(), "missed {missed:?}");
}
