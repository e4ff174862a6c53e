//! Counting with the detector of the repository alone: a machine that has nothing else counts too.

use std::fs;

use gatehouse_tests::edge;
use gatehouse_tests::found::{onnxruntime, repository, sample_video, skip};
use gatehouse_tests::process::Process;
use serde_json::Value;

/// So many crossings each way may be missed or counted too often.
const ERROR_MAX: u64 = 1;

#[test]
fn the_bundled_detector_counts_the_sample_video() {
    let (Some(library), Some(video)) = (onnxruntime(), sample_video()) else {
        return skip("no ONNX Runtime or no sample video; deploy/setup.sh installs them");
    };
    let folder = tempfile::tempdir().unwrap();
    let (truth, out) = (repository().join("tests/data/vtest.truth.json"), folder.path().join("out.json"));
    let mut command = edge::edge(None);
    command.env("GATEHOUSE_HOME", repository()).env("GATEHOUSE_ONNXRUNTIME", library);
    command.args(["eval", "count", "--detector", "gatehouse_street_detector", "--video"]).arg(video);
    command.arg("--truth").arg(truth).arg("--json").arg(&out);
    let done = Process::start(&mut command, folder.path(), "edge-count").outcome();
    assert!(done.status.success(), "{}", done.stderr);
    let report: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    for (group, what) in [("person", "a_to_b"), ("person", "b_to_a"), ("vehicle", "a_to_b"), ("vehicle", "b_to_a")] {
        let error = report[group][what]["abs_error"].as_u64().unwrap();
        assert!(error <= ERROR_MAX, "{group} {what}: {}", done.stdout);
    }
}
