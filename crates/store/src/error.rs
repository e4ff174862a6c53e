//! Why the store cannot do what it was asked.

use std::path::PathBuf;

use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;
use thiserror::Error;

use crate::db::location::Location;

/// Why a store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Somebody else has it open.
    #[error(
        "database \"{}\" is in use by another hub{}: stop it first, or give this one another --db (lock file \"{}\")",
        db.display(), pid_note(*pid), lock.display()
    )]
    InUse {
        /// The database.
        db: PathBuf,
        /// The lock file.
        lock: PathBuf,
        /// The process that holds it, by its own word.
        pid: Option<u32>,
    },
    /// The lock file cannot be made.
    #[error("cannot lock \"{}\"", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder cannot be made.
    #[error("cannot make the folder \"{}\"", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The bucket for media is not described rightly.
    #[error(transparent)]
    Bucket(crate::blob::bucket::BucketError),
    /// The file is there but is not a sound SQLite database.
    #[error("database \"{db}\" is damaged or is not a database ({detail}): restore it from a backup")]
    Damaged {
        /// The database.
        db: Location,
        /// What SQLite says.
        detail: String,
    },
    /// The server is there but cannot be used.
    #[error("database \"{db}\" cannot be used: {detail}")]
    Unfit {
        /// The database.
        db: Location,
        /// Why, and what would be accepted.
        detail: String,
    },
    /// The database cannot be opened or read.
    #[error("cannot open database \"{db}\"")]
    Database {
        /// The database.
        db: Location,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of database \"{db}\" up to date")]
    Migrate {
        /// The database.
        db: Location,
        /// Why; a version that is missing here means that a newer hub has written the database.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// What is stored could not be folded again after the fold changed.
    #[error("cannot fold the log of database \"{db}\" again")]
    Rebuild {
        /// The database.
        db: Location,
        /// Why.
        #[source]
        source: StoreError,
    },
}

fn pid_note(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// Why a query or a transaction failed. Nothing of the transaction was kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database refused or is gone.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A column holds another kind of value than every version of this program writes there.
    #[error("the database holds something else in column \"{column}\" than belongs there")]
    Column {
        /// The column.
        column: String,
        /// What belongs there and what stands there.
        #[source]
        source: sqlx::Error,
    },
    /// A row holds what no version of this program writes there.
    #[error("the database holds \"{text}\" where {what} belongs")]
    Row {
        /// What belongs there.
        what: &'static str,
        /// What stands there instead, cut off at 80 characters.
        text: String,
    },
    /// A part of the log was dropped, so that it does not tell everything any more.
    #[error(
        "the log no longer holds the events that arrived in {months}: folding the rest again would lose what they added up to"
    )]
    LogIsPartial {
        /// The months that were dropped.
        months: String,
    },
    /// A value could not be written as JSON.
    #[error("{what} cannot be written as JSON")]
    Json {
        /// The value.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl StoreError {
    /// Whether the database works and only refuses this very data, so that trying again is useless.
    pub(crate) fn is_about_the_data(&self) -> bool {
        /// SQLITE_CONSTRAINT, <https://sqlite.org/rescode.html>; the low byte of the extended code.
        const CONSTRAINT: i32 = 19;
        /// Data exceptions and violated constraints, <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
        const CLASSES: [&str; 2] = ["22", "23"];
        match self {
            Self::Database(error) => error.as_database_error().is_some_and(|error| {
                if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                    // A month of the log that is missing looks like a check, but has no name: it can be made.
                    let is_missing_month = error.code() == "23514" && error.constraint().is_none();
                    return !is_missing_month && CLASSES.iter().any(|class| error.code().starts_with(class));
                }
                let code = error
                    .try_downcast_ref::<SqliteError>()
                    .and_then(|error| sqlx::error::DatabaseError::code(error)?.parse::<i32>().ok());
                code.is_some_and(|code| code & 0xff == CONSTRAINT)
            }),
            Self::Column { .. } | Self::Row { .. } | Self::LogIsPartial { .. } => false,
            Self::Json { .. } => true,
        }
    }

    /// Whether another transaction stood in the way, so that trying again at once makes sense.
    pub(crate) fn is_a_collision(&self) -> bool {
        /// Serialization failure and deadlock, <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
        const COLLISIONS: [&str; 2] = ["40001", "40P01"];
        match self {
            Self::Database(error) => error
                .as_database_error()
                .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
                .is_some_and(|error| COLLISIONS.contains(&error.code())),
            Self::Column { .. } | Self::Row { .. } | Self::LogIsPartial { .. } | Self::Json { .. } => false,
        }
    }
}

/// An error with all its sources on one line, for where only text can be kept.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(": ");
        words.push_str(&error.to_string());
        source = error.source();
    }
    words
}
