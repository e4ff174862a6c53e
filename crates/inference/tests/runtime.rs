//! Libraries that are not ONNX Runtime, or not one that works. None of these loads, so they share one process.

#![allow(clippy::unwrap_used)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use inference::{Runtime, RuntimeError};

fn refusal(named: &Path) -> RuntimeError {
    Runtime::load(Some(named), &[]).map(drop).unwrap_err()
}

fn whole(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Builds a shared library from C source.
fn library(folder: &Path, source: &str) -> PathBuf {
    let (from, to) = (folder.join("library.c"), folder.join("libonnxruntime.so"));
    std::fs::write(&from, source).unwrap();
    let compiler = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&to).arg(&from).output().unwrap();
    assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
    to
}

#[test]
fn a_missing_library_is_told_with_every_place_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let places = [folder.path().join("a.so"), folder.path().join("b.so")];
    let text = Runtime::load(None, &places).map(drop).unwrap_err().to_string();
    for part in [&places[0].display().to_string(), &places[1].display().to_string(), "deploy/setup.sh"] {
        assert!(text.contains(part), "{text}");
    }
    // The one that the user names is the only one looked for.
    let text = Runtime::load(Some(&places[0]), &places[1..]).map(drop).unwrap_err().to_string();
    assert!(text.contains("a.so") && !text.contains("b.so"), "{text}");
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for content in [&b""[..], b"\x7fELF", b"<html>no such file</html>"] {
        let path = folder.path().join("libonnxruntime.so");
        std::fs::write(&path, content).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, RuntimeError::Unusable { .. }), "{}", whole(&error));
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

/// The loader maps a library without looking at its length; touching what is cut off would kill the process.
#[test]
fn a_library_cut_off_anywhere_is_refused_and_does_not_kill_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = library(folder.path(), "char filling[1 << 20] = {1}; int answer(void) { return filling[1 << 19]; }");
    let good = std::fs::read(&path).unwrap();
    for share in [1, 10, 30, 50, 70, 90, 99] {
        std::fs::write(&path, &good[..good.len() * share / 100]).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, RuntimeError::Unusable { .. }), "{share} %: {}", whole(&error));
    }
}

#[test]
fn another_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = library(folder.path(), "int answer(void) { return 42; }");
    let error = refusal(&path);
    assert!(matches!(error, RuntimeError::Unusable { .. }), "{}", whole(&error));
    assert!(whole(&error).contains("OrtGetApiBase"), "{}", whole(&error));
}

#[test]
fn too_old_a_version_is_refused_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"
        static const void *api(unsigned version) { (void)version; return 0; }
        static const char *version(void) { return "1.10.0"; }
        struct base { const void *(*api)(unsigned); const char *(*version)(void); };
        static const struct base base = { api, version };
        const struct base *OrtGetApiBase(void) { return &base; }
    "#;
    let error = refusal(&library(folder.path(), source));
    assert!(matches!(error, RuntimeError::Unusable { .. }), "{}", whole(&error));
    assert!(whole(&error).contains("1.10.0"), "{}", whole(&error));
}
