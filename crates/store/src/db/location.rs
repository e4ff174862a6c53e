//! Where the database is: a file, or a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use thiserror::Error;

/// Query parameters of a server's address that are understood.
const PARAMETERS: [&str; 6] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port"];

/// Where the hub's database is. Shown without its password.
#[derive(Clone)]
pub enum Location {
    /// An SQLite database in this file.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Server(Server),
}

/// A database of a PostgreSQL server and how to log in there.
#[derive(Clone)]
pub struct Server {
    pub(crate) options: Box<PgConnectOptions>,
}

/// Why a text is no place for a database.
#[derive(Debug, Error)]
pub enum LocationError {
    /// Not an address at all.
    #[error("not the address of a PostgreSQL database: give postgres://USER@HOST/NAME")]
    Address(#[source] sqlx::Error),
    /// A part is missing.
    #[error("names no {0}: give postgres://USER@HOST/NAME")]
    Missing(&'static str),
    /// The password does not belong there.
    #[error(
        "holds a password, which every user of the machine could read: put it into a file of its own (db_password_file)"
    )]
    Password,
    /// A parameter that is not known.
    #[error("\"{0}\" is not known: {known} are accepted", known = PARAMETERS.join(", "))]
    Parameter(String),
}

impl Location {
    /// Reads `postgres://USER@HOST/NAME` or a path, which is relative to `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, LocationError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self::Server(text.parse()?))
        } else {
            Ok(Self::File(folder.join(text)))
        }
    }

    /// The same with the password for the server; a file has none.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        match self {
            Self::File(path) => Self::File(path),
            Self::Server(Server { options }) => Self::Server(Server { options: Box::new(options.password(password)) }),
        }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }
}

/// A text as a command line gives it; a path stays as it is.
impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        Self::parse(text, Path::new(""))
    }
}

impl FromStr for Server {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        for key in query.split('&').filter_map(|part| part.split('=').next()).filter(|key| !key.is_empty()) {
            if !PARAMETERS.contains(&key) {
                return Err(LocationError::Parameter(key.to_owned()));
            }
        }
        let (_, rest) = place.split_once("://").unwrap_or(("", place));
        let (user, at) = match rest.split('/').next().unwrap_or_default().rsplit_once('@') {
            Some((user, _)) => (user, true),
            None => ("", false),
        };
        if !at || user.is_empty() {
            return Err(LocationError::Missing("user"));
        }
        if user.contains(':') {
            return Err(LocationError::Password);
        }
        if rest.split_once('/').is_none_or(|(_, name)| name.is_empty()) {
            return Err(LocationError::Missing("database"));
        }
        let options: PgConnectOptions = text.parse().map_err(LocationError::Address)?;
        let is_local = options.get_socket().is_some()
            || ["localhost", "127.0.0.1", "[::1]"].contains(&options.get_host())
            || options.get_host().starts_with('/');
        // Over a network nothing less than a server that proves who it is, unless somebody says so.
        let is_said = query.split('&').any(|part| part.starts_with("sslmode="));
        let options = if is_local || is_said { options } else { options.ssl_mode(PgSslMode::VerifyFull) };
        Ok(Self { options: Box::new(options.application_name("gatehouse-hub")) })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(Server { options }) => {
                let name = options.get_database().unwrap_or_default();
                match options.get_socket() {
                    Some(socket) => {
                        write!(f, "postgres://{}@localhost/{name}?host={}", options.get_username(), socket.display())
                    }
                    None => {
                        let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
                        write!(f, "postgres://{user}@{host}:{port}/{name}")
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Location::Server(self.clone()))
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

/// Only paths become files: a text may be a server, so it is parsed.
impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: Result<&str, &str>) {
        let found = Location::parse(text, Path::new("/etc/gatehouse"));
        let found = found.map(|place| place.to_string()).map_err(|error| error.to_string());
        match (&found, shown) {
            (Ok(found), Ok(shown)) => assert_eq!(found, shown),
            (Err(found), Err(shown)) => assert!(found.contains(shown), "{text}: {found}"),
            _ => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn a_place_is_a_path_or_a_server() {
        check("hub.db", Ok("/etc/gatehouse/hub.db"));
        check("/srv/hub.db", Ok("/srv/hub.db"));
        check("postgres://hub@db.example.vn/gatehouse", Ok("postgres://hub@db.example.vn:5432/gatehouse"));
        check("postgresql://hub@[::1]:5433/gatehouse", Ok("postgres://hub@[::1]:5433/gatehouse"));
        let socket = "postgres://hub@localhost/gatehouse?host=/run/postgresql";
        check(socket, Ok(socket));
    }

    #[test]
    fn what_is_wrong_with_a_server_is_named() {
        check("postgres://db.example.vn/gatehouse", Err("names no user"));
        check("postgres://hub@db.example.vn", Err("names no database"));
        check("postgres://hub@db.example.vn/", Err("names no database"));
        check("postgres://hub:secret@db.example.vn/gatehouse", Err("db_password_file"));
        check("postgres://hub@h/g?sslmod=require", Err("\"sslmod\" is not known: sslmode"));
        check("postgres://hub@h:port/g", Err("not the address"));
    }

    #[test]
    fn over_a_network_the_server_must_prove_who_it_is_unless_somebody_says_otherwise() {
        let mode = |text: &str| match Location::parse(text, Path::new("")) {
            Ok(Location::Server(server)) => format!("{:?}", server.options.get_ssl_mode()),
            other => panic!("{other:?}"),
        };
        assert_eq!(mode("postgres://hub@db.example.vn/g"), "VerifyFull");
        assert_eq!(mode("postgres://hub@db.example.vn/g?sslmode=disable"), "Disable");
        assert_eq!(mode("postgres://hub@127.0.0.1/g"), "Prefer");
    }

    #[test]
    fn a_password_is_never_shown() {
        let place = Location::parse("postgres://hub@h/g", Path::new("")).expect("it is right").with_password("bí mật");
        assert!(!format!("{place} {place:?}").contains("bí"));
    }
}
