//! What tests need and may not find on a machine.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Detectors that the manifest knows, the quickest first: what is tested does not depend on which one runs. The last
/// one is part of the repository.
const DETECTORS: [&str; 4] = [
    "person_vehicle_bike_2000_256.onnx",
    "person_vehicle_bike_2001_384.onnx",
    "yolox_nano_416.onnx",
    "gatehouse_street_detector.onnx",
];

/// The face detector of the manifest.
const FACE_DETECTOR: &str = "face_det_yunet_n_dynamic.onnx";

/// The repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the package lies one folder below the repository").to_owned()
}

/// Notes that the running test cannot be done on this machine; see `cargo xtask test`.
pub fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped {test}: {reason}");
    if let Some(path) = std::env::var_os("GATEHOUSE_SKIPPED") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let mut file = file.expect("the file for skipped tests can be written");
        writeln!(file, "{test}: {reason}").expect("the file for skipped tests can be written");
    }
}

/// A program of ours, built beside the one that asks.
///
/// # Panics
/// Where it has not been built.
pub fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("the system names the running program");
    let folders = this.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("there is no {name}: build the programs first: cargo build --workspace --bins");
    })
}

/// The ONNX Runtime library, where the set-up or the user has put it.
pub fn onnxruntime() -> Option<PathBuf> {
    let named = std::env::var_os("GATEHOUSE_ONNXRUNTIME").map(PathBuf::from);
    let usual = repository().join(".native/onnxruntime/libonnxruntime.so");
    Some(named.unwrap_or(usual)).filter(|path| path.is_file())
}

/// The file of a detector and where it is.
pub fn detector() -> Option<(&'static str, PathBuf)> {
    let folders = model_folders();
    DETECTORS.into_iter().find_map(|file| {
        let path = folders.iter().map(|folder| folder.join(file)).find(|path| path.is_file())?;
        Some((file, path.canonicalize().expect("it was there just now")))
    })
}

/// Folders in which models may lie.
fn model_folders() -> Vec<PathBuf> {
    let named = std::env::var_os("GATEHOUSE_MODELS").map(PathBuf::from);
    let usual = [".models", "../shared/models", "models/bundled"].map(|folder| repository().join(folder));
    named.into_iter().chain(usual).collect()
}

/// An installation of our programs with exactly one detector: the folder for `GATEHOUSE_HOME`.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    /// The file of the detector, inside the folder.
    pub detector: PathBuf,
}

impl Home {
    /// Makes it, or notes that the test is skipped.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn make() -> Option<Self> {
        let Some(runtime) = onnxruntime() else {
            skip("no ONNX Runtime library; deploy/setup.sh installs it");
            return None;
        };
        let Some((file, model)) = detector() else {
            skip("no detection model; `make models` gets one");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |path: &str| folder.path().join(path);
        for made in [at("models"), at(".models"), at(".native/onnxruntime")] {
            std::fs::create_dir_all(made).expect("a folder");
        }
        let runtime = runtime.canonicalize().expect("it was there just now");
        for (from, to) in [
            (repository().join("models/manifest.toml"), at("models/manifest.toml")),
            (repository().join("models/bundled"), at("models/bundled")),
            (repository().join("pipelines"), at("pipelines")),
            (runtime, at(".native/onnxruntime/libonnxruntime.so")),
            (model, at(&format!(".models/{file}"))),
        ] {
            symlink(from, to).expect("a link");
        }
        Some(Self { detector: at(&format!(".models/{file}")), folder })
    }

    /// The same with every model that is installed here, as a customer's node has them.
    pub fn whole() -> Option<Self> {
        let home = Self::make()?;
        let folder = home.detector.parent().expect("a file lies in a folder");
        for file in DETECTORS {
            let from = model_folders().into_iter().map(|folder| folder.join(file)).find(|path| path.is_file());
            let to = folder.join(file);
            if let Some(from) = from.filter(|_| !to.exists()) {
                symlink(from.canonicalize().expect("it was there just now"), to).expect("a link");
            }
        }
        Some(home)
    }

    /// Adds the face detector, or notes that the test is skipped.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn with_faces(self) -> Option<Self> {
        let from = model_folders().into_iter().map(|folder| folder.join(FACE_DETECTOR)).find(|path| path.is_file());
        let Some(from) = from else {
            skip("no face detection model; `make models` gets one");
            return None;
        };
        let folder = self.detector.parent().expect("a file lies in a folder");
        symlink(from.canonicalize().expect("it was there just now"), folder.join(FACE_DETECTOR)).expect("a link");
        Some(self)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A picture of one face that fills it, of the optional neighbouring data folder, or notes that the test is skipped.
pub fn portrait() -> Option<PathBuf> {
    let path = repository().join("../shared/data/faces/raw_10x10/Donald_Rumsfeld/Donald_Rumsfeld_0002.jpg");
    if path.is_file() {
        return Some(path);
    }
    skip("no portrait beside the repository");
    None
}

/// The sample video that the set-up fetches, or notes that the test is skipped.
pub fn sample_video() -> Option<PathBuf> {
    let path = repository().join(".samples/vtest.avi");
    if path.is_file() {
        return Some(path);
    }
    skip("no sample video; deploy/setup.sh --for demo fetches it");
    None
}
