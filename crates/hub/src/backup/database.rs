//! The database in one file: by SQLite itself, or by PostgreSQL's own programs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use store::{Location, Store, StoreError};
use thiserror::Error;

/// The file of an SQLite database in a backup.
pub(super) const SQLITE: &str = "hub.db";

/// The file of a PostgreSQL database in a backup, in `pg_dump`'s own form.
pub(super) const POSTGRES: &str = "hub.pgdump";

/// Longest complaint of a program that is repeated, in characters.
const COMPLAINT_CHARS_MAX: usize = 500;

/// Why a database is not copied or put back.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The database failed.
    #[error("cannot copy the database")]
    Store(#[from] StoreError),
    /// A program of PostgreSQL is not there.
    #[error("cannot start {program}: install the package postgresql-client, of the server's version or later")]
    Start {
        /// The program.
        program: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {complaint}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it says.
        complaint: String,
    },
}

pub(super) const fn kind(place: &Location) -> &'static str {
    match place {
        Location::File(_) => "sqlite",
        Location::Server(_) => "postgresql",
    }
}

/// Copies the database into `out` and gives the name of the file.
pub(super) async fn copy(store: &Store, place: &Location, out: &Path) -> Result<&'static str, DatabaseError> {
    match place {
        Location::File(_) => {
            store.copy_into(&out.join(SQLITE)).await?;
            Ok(SQLITE)
        }
        Location::Server(server) => {
            let mut command = Command::new("pg_dump");
            command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(out.join(POSTGRES));
            command.envs(server.program_environment());
            run("pg_dump", command).await?;
            Ok(POSTGRES)
        }
    }
}

/// Puts a PostgreSQL database back; `clean` removes what is there.
pub(super) async fn put_back(
    server: &store::Server,
    dump: PathBuf,
    existing: super::Existing,
) -> Result<(), DatabaseError> {
    let mut command = Command::new("pg_restore");
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]);
    if existing == super::Existing::Replace {
        command.args(["--clean", "--if-exists"]);
    }
    command.envs(server.program_environment());
    // Without a database's name it would only write a script.
    command.arg("--dbname").arg(server.database_name()).arg(dump);
    run("pg_restore", command).await
}

async fn run(program: &'static str, mut command: Command) -> Result<(), DatabaseError> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    let output = ended.unwrap_or_else(|error| Err(io::Error::other(error)));
    let output = output.map_err(|source| DatabaseError::Start { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(DatabaseError::Failed { program, complaint: complaint.chars().take(COMPLAINT_CHARS_MAX).collect() })
}
