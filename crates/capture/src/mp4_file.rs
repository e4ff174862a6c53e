//! The file that a muxer's bytes go to: written and hashed as they come, under a temporary name until all of it is on
//! disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use sha2::{Digest, Sha256};

use crate::clip::UNFINISHED_SUFFIX;

/// Bytes that are written at once.
const WRITE_BYTES: usize = 256 * 1024;

/// A file under its temporary name; removed when dropped.
pub(crate) struct Unfinished {
    file: File,
    path: Option<PathBuf>,
}

impl Unfinished {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut name = OsString::from(path);
        name.push(UNFINISHED_SUFFIX);
        let unfinished = PathBuf::from(name);
        let file = File::options().write(true).create_new(true).open(&unfinished)?;
        Ok(Self { file, path: Some(unfinished) })
    }

    /// What takes the bytes of the file.
    pub(crate) fn output(&self) -> io::Result<Output> {
        self.file.try_clone().map(Output::new)
    }

    /// All of it to the disk, and then under its name.
    pub(crate) fn finish(mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(unfinished) = &self.path {
            fs::rename(unfinished, path)?;
        }
        self.path = None;
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.path
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(path = %path.display(), %error, "cannot remove half a clip");
        }
    }
}

/// Where the bytes of the file go.
pub(crate) struct Output {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
    error: Option<io::Error>,
}

impl Output {
    fn new(file: File) -> Self {
        Self { file: BufWriter::with_capacity(WRITE_BYTES, file), hash: Sha256::new(), bytes: 0, error: None }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| self.error = Some(error))
    }

    /// What the disk said.
    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Bytes that were put in so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Hash of what was put in so far.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}

/// A pipeline that stops when dropped.
pub(crate) struct Playing(pub(crate) gst::Pipeline);

impl Drop for Playing {
    fn drop(&mut self) {
        let _nothing_to_wait_for = self.0.set_state(gst::State::Null);
    }
}

/// A path under which this process may open the file again.
pub(crate) fn path_of(memory: &impl AsRawFd) -> String {
    format!("/proc/self/fd/{}", memory.as_raw_fd())
}

/// Takes what the muxer gives.
pub(crate) fn sink(output: &Arc<Mutex<Output>>) -> gst_app::AppSink {
    let sink = gst_app::AppSink::builder().sync(false).async_(false).enable_last_sample(false).build();
    let output = Arc::clone(output);
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let bytes = sample.buffer().and_then(|buffer| buffer.map_readable().ok()).ok_or(gst::FlowError::Error)?;
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.put(&bytes).map(|()| gst::FlowSuccess::Ok).map_err(|()| gst::FlowError::Error)
    });
    sink.set_callbacks(callbacks.build());
    sink
}

/// What the library complains of, in one line.
pub(crate) fn said(error: &gst::message::Error) -> String {
    let debug = error.debug().unwrap_or_default();
    format!("{} ({})", error.error().message(), debug.lines().last().unwrap_or_default())
}
