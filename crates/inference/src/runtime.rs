//! The ONNX Runtime library, loaded once a process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use ort::logging::LogLevel;
use thiserror::Error;

mod elf;

/// ONNX Runtime, ready to open models.
#[derive(Debug)]
pub struct Runtime {
    library: PathBuf,
    environment: ort::environment::Environment,
}

/// Why ONNX Runtime is not there.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// No file where it should be.
    #[error("the ONNX Runtime library was not found (looked for {looked_for}): deploy/setup.sh installs it")]
    Missing {
        /// The places.
        looked_for: String,
    },
    /// The file cannot be loaded: damaged, or of another version or machine.
    #[error("cannot load the ONNX Runtime library \"{path}\": it is damaged, or not a version that this program can use; deploy/setup.sh installs the right one", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LibraryFault,
    },
    /// The library was loaded and does not start.
    #[error("ONNX Runtime from \"{path}\" does not start", path = path.display())]
    Start {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ort::Error,
    },
    /// The process has already loaded another file.
    #[error("this process runs ONNX Runtime from \"{loaded}\" and cannot load \"{wanted}\" besides", loaded = loaded.display(), wanted = wanted.display())]
    Another {
        /// The file in use.
        loaded: PathBuf,
        /// The file that was asked for.
        wanted: PathBuf,
    },
}

/// What is wrong with a library.
#[derive(Debug, Error)]
pub enum LibraryFault {
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[source] std::io::Error),
    /// Its end is missing.
    #[error("it is cut off: it has {there} bytes and needs {needed}")]
    CutOff {
        /// Bytes of the file.
        there: u64,
        /// Bytes that its headers describe.
        needed: u64,
    },
    /// The system's loader refuses it.
    #[error("the system does not load it")]
    Loader(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is a library, but not ONNX Runtime, or too old.
    #[error(transparent)]
    Version(ort::LoadDynamicError),
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

impl Runtime {
    /// Loads the library that the user `named`, else the first of `candidates` that exists. A second call gives what
    /// the first one loaded.
    pub fn load(named: Option<&Path>, candidates: &[PathBuf]) -> Result<&'static Self, RuntimeError> {
        let _one_at_a_time = LOADING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(runtime) = RUNTIME.get() {
            return match named {
                Some(wanted) if wanted != runtime.library => {
                    Err(RuntimeError::Another { loaded: runtime.library.clone(), wanted: wanted.to_owned() })
                }
                Some(_) | None => Ok(runtime),
            };
        }
        let places: Vec<&Path> = named.map_or_else(|| candidates.iter().map(PathBuf::as_path).collect(), |n| vec![n]);
        let Some(path) = places.iter().copied().find(|path| path.is_file()) else {
            let places: Vec<_> = places.iter().map(|path| format!("\"{}\"", path.display())).collect();
            return Err(RuntimeError::Missing { looked_for: places.join(", ") });
        };
        let unusable = |source| RuntimeError::Unusable { path: path.to_owned(), source };
        let (there, needed) = elf::lengths(path).map_err(|error| unusable(LibraryFault::Read(error)))?;
        if there < needed {
            return Err(unusable(LibraryFault::CutOff { there, needed }));
        }
        // An `ort::Error` of our own making would be allocated by the very library that failed to load.
        let builder = ort::init_from(path).map_err(|error| {
            unusable(match error {
                ort::LoadDynamicError::Dlopen { error, .. } => LibraryFault::Loader(error.into()),
                error @ (ort::LoadDynamicError::MissingApi { .. }
                | ort::LoadDynamicError::InvalidVersionString
                | ort::LoadDynamicError::BadVersion { .. }) => LibraryFault::Version(error),
            })
        })?;
        let environment = builder
            .with_telemetry(false)
            .with_name("gatehouse")
            .build()
            .map_err(|source| RuntimeError::Start { path: path.to_owned(), source })?;
        // Below a warning, each model that is opened says hundreds of lines about its graph, of no use at a gate.
        environment.set_log_level(LogLevel::Warning);
        Ok(RUNTIME.get_or_init(|| Self { library: path.to_owned(), environment }))
    }

    /// The library's file.
    pub fn library(&self) -> &Path {
        &self.library
    }

    pub(crate) fn environment(&self) -> &ort::environment::Environment {
        &self.environment
    }
}
