//! Small JSON files that say whether they are whole: a line with the hash of the next, and the JSON.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::policy::document::DocumentHash;

use super::{beside, replace};

/// What the unfinished file is called.
const TEMPORARY: &str = ".new";

/// Puts `value` at `path` in one step, flushed.
pub(crate) fn save(path: &Path, value: &impl Serialize, mode: u32) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    let text = format!("{}\n{text}\n", DocumentHash::of(&text));
    replace(path, &beside(path, TEMPORARY), text.as_bytes(), mode)
}

/// What a file of at most `bytes_max` bytes says; nothing where there is none; why not, in words.
pub(crate) fn load<T: DeserializeOwned>(path: &Path, bytes_max: u64) -> Result<Option<T>, String> {
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => file.take(bytes_max).read_to_string(&mut text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    }
    .map_err(|error| format!("\"{}\" cannot be read: {error}", path.display()))?;
    let damaged = || format!("\"{}\" is damaged", path.display());
    let (hash, rest) = text.split_once('\n').ok_or_else(damaged)?;
    let rest = rest.strip_suffix('\n').ok_or_else(damaged)?;
    let is_whole = hash.parse() == Ok(DocumentHash::of(rest));
    let value = serde_json::from_str(rest).ok().filter(|_| is_whole);
    value.map(Some).ok_or_else(damaged)
}
