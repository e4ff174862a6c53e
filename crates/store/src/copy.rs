//! What backups need of the database: a copy of the file, and whether somebody has it or anything is in it.

use std::fs::File;
use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnection, PgSslMode};

use crate::db::location::Server;
use crate::db::{Database, Query};
use crate::error::{OpenError, StoreError};
use crate::open::{Store, lock};

/// That nobody else opens a database file, as long as this lives.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

impl Store {
    /// Copies a database file as it is at one moment, also while others read and write. A server has programs of its own
    /// for that, so there it is an error.
    pub async fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        match &self.inner.db {
            Database::Sqlite(_) => {
                // Compact, whole, and without a write-ahead log beside it (https://sqlite.org/lang_vacuum.html).
                let copy = Query::new("vacuum into $1").bind(file.to_string_lossy().into_owned()).once();
                copy.execute(&self.inner.db).await?;
                Ok(())
            }
            Database::Postgres(_) => {
                Err(sqlx::Error::Configuration("a server's database is copied by pg_dump".into()).into())
            }
        }
    }

    /// Keeps others out of a database file; refused while somebody has it open.
    pub fn hold(file: &Path) -> Result<Held, OpenError> {
        Ok(Held { _lock: lock(file)? })
    }

    /// Whether a server's database has tables of ours.
    pub async fn has_tables(server: &Server) -> Result<bool, StoreError> {
        let mut connection: PgConnection = server.options.connect().await?;
        let found: i64 =
            sqlx::query_scalar("select count(*) from information_schema.tables where table_name = 'event'")
                .fetch_one(&mut connection)
                .await?;
        Ok(found > 0)
    }
}

impl Server {
    /// The name of the database.
    pub fn database_name(&self) -> &str {
        self.options.get_database().unwrap_or_default()
    }

    /// What PostgreSQL's own programs read from their environment to reach this database
    /// (<https://www.postgresql.org/docs/15/libpq-envars.html>). Not their command line, which everybody can see.
    pub fn program_environment(&self) -> Vec<(&'static str, String)> {
        let options = &self.options;
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let mut environment = vec![
            ("PGHOST", host),
            ("PGPORT", options.get_port().to_string()),
            ("PGUSER", options.get_username().to_owned()),
            ("PGDATABASE", self.database_name().to_owned()),
            ("PGSSLMODE", ssl_mode(options.get_ssl_mode()).to_owned()),
        ];
        let url = options.to_url_lossy();
        if let Some(password) = url.password() {
            environment.push(("PGPASSWORD", percent_decoded(password)));
        }
        for (name, variable) in [("sslrootcert", "PGSSLROOTCERT"), ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY")] {
            let value = url.query_pairs().find(|(key, _)| key.replace('-', "") == name);
            environment.extend(value.map(|(_, value)| (variable, value.into_owned())));
        }
        environment
    }
}

const fn ssl_mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

/// A part of an address as it was before it became one.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let decoded = hex.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::location::Location;

    #[test]
    fn a_server_s_programs_are_told_everything_and_the_password_only_there() {
        let place = "postgres://hub@db.example.vn:5433/gatehouse?sslmode=require";
        let place = Location::parse(place, Path::new("")).expect("it is right").with_password("mật khẩu:/%");
        let Location::Server(server) = place else { panic!("a server") };
        let told = server.program_environment();
        let find = |name: &str| told.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!((find("PGHOST"), find("PGPORT")), (Some("db.example.vn"), Some("5433")));
        assert_eq!((find("PGUSER"), find("PGDATABASE")), (Some("hub"), Some("gatehouse")));
        assert_eq!((find("PGPASSWORD"), find("PGSSLMODE")), (Some("mật khẩu:/%"), Some("require")));
    }
}
