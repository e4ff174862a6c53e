//! What an enrolled machine need not be told: its names, its broker and its hub.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use domain::{Problems, TableReader};
use serde::de::DeserializeOwned;
use uplink::{Enrolled, EnrolmentFiles};

use super::BrokerAddress;
use crate::watch::one_line;

/// The enrolment in the data folder, where there is one. What the file says beside it must not contradict it.
pub(super) fn read(table: &mut TableReader<'_>, data: &Path) -> Option<Enrolled> {
    let enrolled = match Enrolled::read(data) {
        Ok(enrolled) => enrolled?,
        Err(error) => {
            table.note("data", one_line(&error));
            return None;
        }
    };
    for (key, what) in [("broker", "its broker"), ("hub", "its hub")] {
        if table.has(key) {
            let file = EnrolmentFiles::new(data).state();
            let message =
                format!("the machine is enrolled, and \"{}\" says where {what} is: take [{key}] out", file.display());
            table.note(key, message);
        }
    }
    Some(enrolled)
}

/// The site or node: what was enrolled, which the file may repeat, or what the file says.
pub(super) fn name<T>(table: &mut TableReader<'_>, key: &'static str, enrolled: Option<&T>) -> Option<T>
where
    T: DeserializeOwned + Clone + PartialEq + std::fmt::Display,
{
    let Some(enrolled) = enrolled else { return table.required(key, "a name of a-z, 0-9 and -") };
    match table.optional::<T>(key) {
        Some(said) if said != *enrolled => {
            table.note(
                key,
                format!("\"{said}\" is not \"{enrolled}\", as which the machine was enrolled: take the line out"),
            );
            None
        }
        Some(_) | None => Some(enrolled.clone()),
    }
}

/// Broker and hub of an enrolled machine.
pub(super) fn places(enrolled: &Enrolled, data: &Path) -> (Option<Option<BrokerAddress>>, Option<String>) {
    let broker = BrokerAddress {
        host: enrolled.broker_host.clone(),
        port: enrolled.broker_port,
        username: None,
        password_file: None,
        ca_file: Some(EnrolmentFiles::new(data).authority()),
    };
    (Some(Some(broker)), Some(enrolled.hub.clone()))
}

/// The data folder that the configuration at `path` names; nothing else in it is looked at, because a machine that is not
/// enrolled yet may have no names.
pub fn data_folder(path: &Path) -> Result<PathBuf> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration \"{}\"", path.display()))?;
    let mut problems = Problems::default();
    let read = TableReader::parse(&text, &mut problems)
        .and_then(|mut table| table.required::<PathBuf>("data", "the folder for the key, the outbox and the evidence"));
    let data = problems
        .into_result(read)
        .map_err(|problems| anyhow::anyhow!("the configuration \"{}\" has {problems}", path.display()))?;
    Ok(path.parent().unwrap_or(Path::new(".")).join(data))
}
