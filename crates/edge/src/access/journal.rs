//! The record of who is inside: every change of the state, on the disk before anything is done on its account.
//!
//! Two files in one folder. `journal` holds records, one a line, each with its number, the changes of one step and a
//! checksum; `snapshot` is one such line with the whole state up to a number. A record that the power cut in the middle
//! has no end of line: it was never acted upon and is taken off. Anything else that is not as it was written, a changed
//! byte or a missing record, is damage: then nobody knows who is inside, the files are left alone for whoever looks
//! into it, and [`Opened::Damaged`] says where.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use access::{Change, State};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// After so many records the state is written as a whole and the journal begins anew.
pub const RECORDS_MAX: u64 = 1_000;
/// Longest journal or snapshot in bytes that is read; the state's own limits keep both far below.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Signs of a checksum: half of a SHA-256 of the record.
const SUM_LEN: usize = 32;

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    /// Length of what is whole, in bytes.
    length: u64,
    /// Number of the newest record.
    number: u64,
    /// Records since the snapshot.
    records: u64,
}

/// What stood on the disk.
#[derive(Debug)]
pub enum Opened {
    /// The journal and the state that it tells.
    Whole(Journal, State),
    /// Something is not as it was written. The state is what the whole part before it tells: good for numbering
    /// decisions on, and not for knowing who is inside.
    Damaged {
        /// What is wrong and where.
        damage: Damage,
        /// The state before it.
        before: State,
    },
}

/// Where the record is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the record of who is inside is damaged: \"{file}\", line {line}: {what}. Nobody is permitted until somebody has looked \
     into it; moving the folder away begins anew with nobody inside",
    file = file.display()
)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: &'static str,
}

/// Why the journal cannot be used or written.
#[derive(Debug, Error)]
#[error("cannot {what} \"{path}\"", path = path.display())]
pub struct JournalError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<T> {
    number: u64,
    what: T,
}

fn sum(json: &str) -> String {
    let mut text = hex::encode(Sha256::digest(json.as_bytes()));
    text.truncate(SUM_LEN);
    text
}

fn line<T: Serialize>(number: u64, what: T) -> String {
    let json = serde_json::to_string(&Record { number, what }).expect("changes have only text keys and whole numbers");
    format!("{} {json}\n", sum(&json))
}

fn read_line<T: for<'de> Deserialize<'de>>(text: &[u8]) -> Result<Record<T>, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not text")?;
    let (given, json) = text.split_once(' ').ok_or("it is no record")?;
    if given != sum(json) {
        return Err("its checksum is another");
    }
    serde_json::from_str(json).map_err(|_| "this version cannot read it")
}

impl Journal {
    /// Opens the journal of `folder`, or begins one.
    pub fn open(folder: &Path) -> Result<Opened, JournalError> {
        let failed = |what: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| JournalError { what, path, source }
        };
        fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
        let (snapshot_path, path) = (folder.join("snapshot"), folder.join("journal"));
        let snapshot = read_all(&snapshot_path).map_err(failed("read", &snapshot_path))?;
        let (mut state, snapshot_number) = match &snapshot {
            None => (State::default(), 0),
            Some(bytes) => match read_line::<State>(bytes.strip_suffix(b"\n").unwrap_or(bytes)) {
                Ok(record) => (record.what, record.number),
                Err(what) => {
                    let damage = Damage { file: snapshot_path, line: 1, what };
                    return Ok(Opened::Damaged { damage, before: State::default() });
                }
            },
        };
        let bytes = read_all(&path).map_err(failed("read", &path))?.unwrap_or_default();
        let length = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (mut number, mut records) = (snapshot_number, 0);
        for (index, text) in bytes[..length].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let damaged = |what| Damage { file: path.clone(), line: index + 1, what };
            let damage = match read_line::<Vec<Change>>(&text[..text.len() - 1]) {
                // The power went between the snapshot and the new journal.
                Ok(record) if record.number <= snapshot_number => continue,
                Ok(record) if record.number == number + 1 => {
                    record.what.iter().for_each(|change| state.apply(change));
                    (number, records) = (record.number, records + 1);
                    continue;
                }
                Ok(_) => damaged("records before it are missing"),
                Err(what) => damaged(what),
            };
            return Ok(Opened::Damaged { damage, before: state });
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(failed("open", &path))?;
        let length = length as u64;
        let mut journal = Self { folder: folder.to_owned(), file, length, number, records };
        journal.cut(length).map_err(failed("shorten", &path))?;
        sync_folder(folder).map_err(failed("keep the names in", folder))?;
        if snapshot_number < journal.number {
            journal.snapshot(&state)?;
        }
        Ok(Opened::Whole(journal, state))
    }

    /// Appends one step. It is safe when this returns; where it fails, nothing of it will be found again.
    pub fn append(&mut self, changes: &[&Change]) -> Result<(), JournalError> {
        let line = line(self.number + 1, changes);
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // Half a record would be in the way of the next one; where it cannot be taken off either, the next start
            // finds it without an end of line.
            let _ = self.cut(self.length);
            return Err(JournalError { what: "write to", path: self.folder.join("journal"), source });
        }
        self.length += line.len() as u64;
        self.number += 1;
        self.records += 1;
        Ok(())
    }

    /// Whether it is time for [`Journal::snapshot`].
    pub fn is_long(&self) -> bool {
        self.records >= RECORDS_MAX
    }

    /// Writes the whole state, which must be that of all appended changes, and begins the journal anew.
    pub fn snapshot(&mut self, state: &State) -> Result<(), JournalError> {
        let (path, temporary) = (self.folder.join("snapshot"), self.folder.join("snapshot.new"));
        let failed = |what: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| JournalError { what, path, source }
        };
        let written = File::create(&temporary).and_then(|mut file| {
            file.write_all(line(self.number, state).as_bytes())?;
            file.sync_all()
        });
        written.map_err(failed("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(failed("replace", &path))?;
        sync_folder(&self.folder).map_err(failed("keep the names in", &self.folder))?;
        self.cut(0).map_err(failed("empty", &self.folder.join("journal")))?;
        (self.length, self.records) = (0, 0);
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length))?;
        self.file.sync_all()
    }
}

fn read_all(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    Ok(Some(bytes))
}

/// A file's name is on the disk only when its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
