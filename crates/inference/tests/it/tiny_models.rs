//! Opening, checking and running graphs of a few hundred bytes.

use std::error::Error;
use std::path::{Path, PathBuf};

use domain::{Detection, ObjectClass};
use inference::{Detector, Fit, Manifest, ModelEntry, OpenError, Threads};
use tempfile::TempDir;

use crate::found::runtime;
use crate::onnx;
use crate::pictures::Painted;

const ONE: Threads = Threads { intra: 1 };

fn entry(output: &str, fit: &str, channels: &str) -> ModelEntry {
    let text = format!(
        "manifest = 1\n[[model]]\nid = \"tiny\"\nrole = \"detector\"\nfile = \"tiny.onnx\"\nsha256 = \"{hash}\"\n\
         bytes = 1\nlicence = \"Apache-2.0\"\ntier = \"bundled\"\norigin = \"a test\"\nfit = \"{fit}\"\nwidth = 32\n\
         height = 32\noutput = \"{output}\"\nchannels = [{channels}]\nscore_min = 0.1\noverlap_max = 0.5\n",
        hash = "0".repeat(64),
    );
    Manifest::parse(&text).unwrap_or_else(|problems| panic!("{problems}")).entries()[0].clone()
}

fn ssd_entry() -> ModelEntry {
    entry("ssd", "stretch", r#""vehicle", "person", "bike", "-""#)
}

fn yolox_entry() -> ModelEntry {
    entry("yolox", "letterbox", r#""person", "car", "truck""#)
}

fn file(content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn close(found: &Detection, edges: [f32; 4]) -> bool {
    <[f32; 4]>::from(found.bbox).iter().zip(edges).all(|(a, b)| (a - b).abs() < 1e-5)
}

/// A picture in which the graph of [`onnx::ssd`] sees a person at the seventh of its boxes.
fn person(padding: usize) -> Painted {
    let mut picture = Painted::black(32, 32, padding);
    for (at, value) in [51, 102, 153, 204].into_iter().enumerate() {
        picture.set(6 * 4 + at, 0, value);
    }
    picture.set(6 * 4 + 1, 1, 204);
    picture.set(6 * 4 + 3, 1, 51);
    picture
}

fn sees_the_person(found: &[Detection]) {
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].class, ObjectClass::Person);
    assert!((found[0].confidence - 0.8).abs() < 1e-5, "{found:?}");
    assert!(close(&found[0], [0.2, 0.4, 0.6, 0.8]), "{found:?}");
}

#[test]
fn blue_green_and_red_reach_the_model_as_planes_and_row_padding_does_not() {
    let Some(runtime) = runtime() else { return };
    let (_folder, path) = file(&onnx::ssd(32, "boxes"));
    let mut detector = Detector::open(runtime, &ssd_entry(), &path, ONE).unwrap();
    assert_eq!((detector.input_size(), detector.fit()), ((32, 32), Fit::Stretch));
    sees_the_person(&detector.detect(&person(0).view()).unwrap());
    sees_the_person(&detector.detect(&person(20).view()).unwrap());
    assert_eq!(detector.detect(&Painted::black(32, 32, 20).view()).unwrap(), [], "the last picture is gone");
}

#[test]
fn a_picture_of_another_size_is_scaled_first() {
    let Some(runtime) = runtime() else { return };
    let (_folder, path) = file(&onnx::ssd(32, "boxes"));
    let mut detector = Detector::open(runtime, &ssd_entry(), &path, ONE).unwrap();
    sees_the_person(&detector.detect(&person(0).enlarged(3).view()).unwrap());
}

/// A picture of 32 × `height` in which the graph of [`onnx::yolox`] sees a car in its seventh cell.
fn car(height: usize) -> Painted {
    let mut picture = Painted::black(32, height, 7);
    // Cell 6 is row 1, column 2 of stride 8. Its centre is 0.4 of a cell to the right and 0.6 down.
    for (at, value) in [102, 153, 0, 0, 255, 0, 204, 0].into_iter().enumerate() {
        picture.set(6 * 8 + at, 0, value);
    }
    picture
}

fn sees_the_car(found: &[Detection], height: f32) {
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].class, ObjectClass::Car);
    assert!((found[0].confidence - 0.8).abs() < 1e-5, "{found:?}");
    let (x, y) = (2.4 * 8.0, 1.6 * 8.0);
    let edges = [(x - 4.0) / 32.0, (y - 4.0) / height, (x + 4.0) / 32.0, ((y + 4.0) / height).min(1.0)];
    assert!(close(&found[0], edges), "{found:?} is not at {edges:?}");
}

#[test]
fn boxes_of_a_letterboxed_picture_are_shares_of_the_picture() {
    let Some(runtime) = runtime() else { return };
    let (_folder, path) = file(&onnx::yolox(0));
    let mut detector = Detector::open(runtime, &yolox_entry(), &path, ONE).unwrap();
    assert_eq!(detector.fit(), Fit::Letterbox);
    sees_the_car(&detector.detect(&car(32).view()).unwrap(), 32.0);
    sees_the_car(&detector.detect(&car(16).view()).unwrap(), 16.0);
    sees_the_car(&detector.detect(&car(16).enlarged(2).view()).unwrap(), 16.0);
}

#[test]
fn the_grey_around_a_letterboxed_picture_comes_back_after_a_full_one() {
    let Some(runtime) = runtime() else { return };
    // The graph sees the lower rows of the blue plane, where 114 reads as objects and black as none.
    let (_folder, path) = file(&onnx::yolox(32 * 32 - 168));
    let mut detector = Detector::open(runtime, &yolox_entry(), &path, ONE).unwrap();
    let (full, half) = (Painted::black(32, 32, 0), Painted::black(32, 16, 0));
    let grey = detector.detect(&half.view()).unwrap();
    assert!(!grey.is_empty());
    assert_eq!(detector.detect(&full.view()).unwrap(), []);
    assert_eq!(detector.detect(&half.view()).unwrap(), grey);
}

fn refusal(entry: &ModelEntry, path: &Path) -> Option<OpenError> {
    let runtime = runtime()?;
    Some(Detector::open(runtime, entry, path, ONE).map(drop).unwrap_err())
}

fn whole(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[test]
fn a_file_that_is_missing_empty_cut_off_or_no_model_is_refused_by_its_path() {
    let good = onnx::ssd(32, "boxes");
    let (_folder, path) = file(&good);
    for content in [None, Some(&b""[..]), Some(&good[..good.len() / 2]), Some(b"<html>no such file</html>")] {
        std::fs::remove_file(&path).unwrap_or_default();
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let Some(error) = refusal(&ssd_entry(), &path) else { return };
        assert!(matches!(error, OpenError::Load { .. }), "{}", whole(&error));
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn a_model_of_another_shape_is_refused_with_both_shapes() {
    let cases = [
        (ssd_entry(), onnx::ssd(64, "boxes"), "image [1, 3, 64, 64]", "[1, 3, 32, 32]"),
        (ssd_entry(), onnx::ssd(32, "places"), "places [1, 256, 4]", "boxes [1, N, 4]"),
        (ssd_entry(), onnx::yolox(0), "output [1, 21, 8]", "scores [1, N, 4]"),
        (yolox_entry(), onnx::ssd(32, "boxes"), "boxes [1, 256, 4]", "[1, 21, 8]"),
        (entry("ssd", "stretch", r#""person", "-""#), onnx::ssd(32, "boxes"), "scores [1, 256, 4]", "scores [1, N, 2]"),
    ];
    for (entry, content, found, expected) in cases {
        let (_folder, path) = file(&content);
        let Some(error) = refusal(&entry, &path) else { return };
        assert!(matches!(error, OpenError::Shape { .. }), "{}", whole(&error));
        let text = error.to_string();
        for part in [&path.display().to_string(), found, expected] {
            assert!(text.contains(part), "\"{text}\" does not tell {part}");
        }
    }
}
