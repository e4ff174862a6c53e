//! What tests need and may not find; whoever does not find it says so and is counted as skipped.

use std::io::Write;
use std::path::{Path, PathBuf};

use inference::Runtime;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Notes that the running test cannot be done.
fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped {test}: {reason}");
    if let Some(file) = std::env::var_os("GATEHOUSE_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
        writeln!(file, "{test}: {reason}").unwrap();
    }
}

/// ONNX Runtime, where the set-up or the user has put it.
pub(crate) fn runtime() -> Option<&'static Runtime> {
    let named = std::env::var_os("GATEHOUSE_ONNXRUNTIME").map(PathBuf::from);
    let usual = repository().join(".native/onnxruntime/libonnxruntime.so");
    if !named.as_ref().unwrap_or(&usual).exists() {
        skip("no ONNX Runtime library; deploy/setup.sh installs it");
        return None;
    }
    Some(Runtime::load(named.as_deref(), &[usual]).unwrap())
}

/// A file of the real weights.
pub(crate) fn weights(file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GATEHOUSE_MODELS").map(PathBuf::from);
    let usual = [".models", "../shared/models", "models/bundled"].map(|folder| repository().join(folder));
    let path = folder.into_iter().chain(usual).map(|folder| folder.join(file)).find(|path| path.is_file());
    if path.is_none() {
        skip(&format!("no weights \"{file}\"; `make models` gets them"));
    }
    path
}

/// A street picture of the optional neighbouring data folder.
pub(crate) fn street_picture(file: &str) -> Option<PathBuf> {
    let path = repository().join("../shared/data/pool/street").join(file);
    if path.is_file() {
        return Some(path);
    }
    skip(&format!("no picture \"{file}\" beside the repository"));
    None
}

/// Pictures of one face each, of the optional neighbouring data folder.
pub(crate) fn portraits() -> Option<Vec<PathBuf>> {
    let folder = repository().join("../shared/data/faces/raw_10x10");
    let inside = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = inside(&folder).flat_map(|person| inside(&person).collect::<Vec<_>>()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "jpg"));
    found.sort();
    if found.is_empty() {
        skip("no portraits beside the repository");
        return None;
    }
    Some(found)
}
