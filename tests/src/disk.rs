//! A small file system of its own, which a test can fill to the last byte.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much is written at a time while a disk is filled.
const CHUNK_BYTES: usize = 4096;

/// A mounted file system. It is unmounted when this goes.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts `size` (such as `16m`) at `folder`, where this machine lets us; else the test is noted as skipped.
    ///
    /// # Panics
    /// Where the folder cannot be made.
    pub fn mount(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("a folder");
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder.to_owned()));
        }
        crate::found::skip("making a small disk needs the right to mount");
        None
    }

    /// Fills what is free with a file, to the last byte.
    ///
    /// # Panics
    /// Where the file cannot be made.
    pub fn fill(&self, name: &str) {
        let mut file = std::fs::File::create(self.0.join(name)).expect("a file without bytes always has room");
        while file.write_all(&[0xA5; CHUNK_BYTES]).is_ok() {}
    }

    /// Removes the file that filled it.
    ///
    /// # Panics
    /// Where there is none.
    pub fn free(&self, name: &str) {
        std::fs::remove_file(self.0.join(name)).expect("the disk was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
