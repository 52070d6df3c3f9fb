//! Opening a SQLite file: settings, each set and read back.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error, Pool};
use diesel::result::Error as QueryError;
use diesel::sql_types::{BigInt, Text};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::Connection;
use super::file::{refuse_misleading_name, with_suffix};
use crate::error::OpenError;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sees only what is committed and cannot change it.
    Reader,
    /// A reader of everything, once: nothing of it is worth keeping in memory.
    BulkReader,
    /// Changes; there is one at a time in a process.
    Writer,
    /// A writer of many rows: more of the indexes stays in memory.
    BulkWriter,
}

impl Role {
    /// The readers beside a writer of this role.
    pub(super) fn beside(self) -> Self {
        match self {
            Self::BulkWriter | Self::BulkReader => Self::BulkReader,
            Self::Writer | Self::Reader => Self::Reader,
        }
    }
}

/// A pool whose connections stay open and fit for `role`. It connects when a
/// connection is asked for.
///
/// A connection to a file does not die by itself, so r2d2's check of each
/// check-out, as dear as a point read, is left out.
pub(super) fn pool(
    path: &Path,
    role: Role,
    access: Access,
    size: u32,
) -> Pool<ConnectionManager<Connection>> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_on_check_out(false)
        .connection_customizer(Box::new(Customizer(role, access)))
        .build_unchecked(ConnectionManager::new(uri(path, access.mode())))
}

/// Opens the file outside a pool, once it is sure to be Byline's or empty: a
/// setting such as the journal mode would be a change to somebody else's file.
pub(super) fn open(path: &Path, create: bool) -> Result<Connection, OpenError> {
    if !create && !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    refuse_misleading_name(path)?;
    let mode = if create { "rwc" } else { "rw" };
    let mut connection = Connection::establish(&uri(path, mode))
        .map_err(|error| OpenError::cannot_open(path, error))?;
    set(&mut connection, BUSY_TIMEOUT).map_err(|error| OpenError::from_sqlite(path, error))?;
    if !is_ours_or_empty(&mut connection).map_err(|error| OpenError::from_sqlite(path, error))? {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    configure(&mut connection, Role::Writer)
        .map_err(|error| OpenError::from_sqlite(path, error))?;
    Ok(connection)
}

/// What can be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its connections share it with others, for which they need to write beside it.
    Shared,
    /// It is read as it is: nothing can be written, and nothing writes it.
    Immutable,
}

impl Access {
    /// <https://www.sqlite.org/uri.html>
    const fn mode(self) -> &'static str {
        match self {
            Self::Shared => "rw",
            Self::Immutable => "ro&immutable=1",
        }
    }
}

/// Opens the file to change it.
///
/// # Errors
///
/// [`OpenError::ReadOnly`]: SQLite opens a file that it cannot write for reading.
pub(super) fn open_writable(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = open(path, false)?;
    // BEGIN IMMEDIATE would do on such a file, for SQLite only reads then.
    let written = set(&mut connection, NO_TIMEOUT)
        .and_then(|()| connection.batch_execute("BEGIN; PRAGMA user_version = 0"));
    let undone = connection.batch_execute("ROLLBACK");
    match written {
        Err(error) if error.to_string().starts_with(READ_ONLY_FILE) => {
            Err(OpenError::ReadOnly(path.to_owned()))
        }
        // Another writer may hold the lock: then it can be written, too.
        _ => {
            undone.map_err(|error| OpenError::from_sqlite(path, error))?;
            Ok(connection)
        }
    }
}

/// Opens the file to read it. Where nothing can be written beside it, on a medium
/// or in a folder that is read-only, it is read as it is, without locks.
///
/// # Errors
///
/// [`OpenError::LogUnreadable`] if not all that was committed is in the file.
pub(super) fn open_to_read(path: &Path) -> Result<(Connection, Access), OpenError> {
    let error = match open(path, false) {
        Ok(connection) => return Ok((connection, Access::Shared)),
        Err(error) => error,
    };
    let is_read_only = matches!(&error, OpenError::Unusable { cause, .. }
        if [READ_ONLY_FILE, CANNOT_OPEN].iter().any(|text| cause.to_string().starts_with(text)));
    if !is_read_only {
        return Err(error);
    }
    if with_suffix(path, "-wal").exists() {
        return Err(OpenError::LogUnreadable(path.to_owned()));
    }
    let Ok(mut connection) = Connection::establish(&uri(path, Access::Immutable.mode())) else {
        return Err(error);
    };
    configure_immutable(&mut connection).map_err(|error| OpenError::from_sqlite(path, error))?;
    if !is_ours_or_empty(&mut connection).map_err(|error| OpenError::from_sqlite(path, error))? {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    Ok((connection, Access::Immutable))
}

/// `SQLITE_READONLY`
const READ_ONLY_FILE: &str = "attempt to write a readonly database";

/// `SQLITE_CANTOPEN`: of a file beside it.
const CANNOT_OPEN: &str = "unable to open database file";

/// Opens the file for a change during which nobody else may have it open. From
/// the first statement on, everything fails as locked while somebody has.
pub(super) fn open_alone(path: &Path) -> Result<Connection, OpenError> {
    refuse_misleading_name(path)?;
    let mut connection = Connection::establish(&uri(path, "rw"))
        .map_err(|error| OpenError::cannot_open(path, error))?;
    // Before the file is read: later, SQLite would only keep others from coming
    // (https://www.sqlite.org/pragma.html#pragma_locking_mode).
    set(&mut connection, ALONE)
        .and_then(|()| set(&mut connection, SHORT_TIMEOUT))
        .map_err(|error| OpenError::from_sqlite(path, error))?;
    Ok(connection)
}

/// By the mark that the first migration sets.
fn is_ours_or_empty(connection: &mut Connection) -> QueryResult<bool> {
    let mark: i64 = sql::<BigInt>("PRAGMA application_id").get_result(connection)?;
    let tables: i64 = sql::<BigInt>("SELECT count(*) FROM sqlite_schema").get_result(connection)?;
    Ok(mark == APPLICATION_ID || tables == 0)
}

/// "Byln", see the first migration.
const APPLICATION_ID: i64 = 0x4279_6c6e;

/// What SQLite reads as something else in a URI, besides what is not ASCII.
const RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// SQLite's URI for the file (<https://www.sqlite.org/uri.html>). Without a
/// mode, SQLite would make a new empty file of every path that is mistyped.
pub(super) fn uri(path: &Path, mode: &str) -> String {
    // An empty host: of a path with two slashes, SQLite would take one.
    let host = if path.has_root() { "//" } else { "" };
    // A path need not be text: what is not ASCII is written as bytes.
    let path = percent_encode(path.as_os_str().as_bytes(), RESERVED);
    format!("file:{host}{path}?mode={mode}")
}

#[derive(Debug)]
struct Customizer(Role, Access);

impl CustomizeConnection<Connection, Error> for Customizer {
    fn on_acquire(&self, connection: &mut Connection) -> Result<(), Error> {
        let configured = match self.1 {
            Access::Shared => configure(connection, self.0),
            Access::Immutable => configure_immutable(connection),
        };
        configured.map_err(Error::QueryError)
    }
}

/// The statement that sets a pragma, the one that reads it, and the value.
macro_rules! pragma {
    ($name:literal, $value:literal) => {
        (
            concat!("PRAGMA ", $name, " = ", $value),
            concat!("PRAGMA ", $name),
            $value,
        )
    };
}

type Pragma = (&'static str, &'static str, &'static str);

/// First of all: whatever comes after it may have to wait for a lock.
const BUSY_TIMEOUT: Pragma = pragma!("busy_timeout", "5000");

const FOREIGN_KEYS: Pragma = pragma!("foreign_keys", "1");
const UNTRUSTED_SCHEMA: Pragma = pragma!("trusted_schema", "0");

const SETTINGS: [Pragma; 7] = [
    BUSY_TIMEOUT,
    pragma!("journal_mode", "wal"),
    // FULL: a commit returns after its fsync.
    pragma!("synchronous", "2"),
    FOREIGN_KEYS,
    UNTRUSTED_SCHEMA,
    pragma!("journal_size_limit", "67108864"),
    pragma!("wal_autocheckpoint", "1000"),
];

const ALONE: Pragma = pragma!("locking_mode", "exclusive");
const NO_TIMEOUT: Pragma = pragma!("busy_timeout", "0");
const SHORT_TIMEOUT: Pragma = pragma!("busy_timeout", "500");

const READ_ONLY: Pragma = pragma!("query_only", "1");

/// The whole file, up to 1 TiB: a page is read where the system keeps it instead
/// of by a call for each (docs/adr/0016). Not read back, for a SQLite that was
/// built for less maps less.
const MAP_FILE: &str = "PRAGMA mmap_size = 1099511627776";

/// 40 MiB. SQLite's default of 2 MiB holds little of what rows in no order
/// touch in the indexes: every row would read and write a page of each.
const LARGE_CACHE: Pragma = pragma!("cache_size", "-40960");

/// After 256 MiB of the log instead of 4: each transaction of an import changes
/// pages all over the indexes, most of which the next one changes again. Until a
/// checkpoint they are written once for each transaction instead of twice.
const RARE_CHECKPOINTS: Pragma = pragma!("wal_autocheckpoint", "65536");

/// Sets what the service relies on and reads it back: a pragma that SQLite
/// does not take is no error by itself.
fn configure(connection: &mut Connection, role: Role) -> QueryResult<()> {
    for pragma in SETTINGS {
        set_patiently(connection, pragma)?;
    }
    match role {
        Role::Reader => {
            connection.batch_execute(MAP_FILE)?;
            set(connection, READ_ONLY)
        }
        // Unmapped: a walk over a mapped file makes all of it resident.
        Role::BulkReader => set(connection, READ_ONLY),
        Role::Writer => Ok(()),
        Role::BulkWriter => {
            set(connection, LARGE_CACHE)?;
            set(connection, RARE_CHECKPOINTS)
        }
    }
}

/// Sets what matters to a file that nothing is written to.
fn configure_immutable(connection: &mut Connection) -> QueryResult<()> {
    set(connection, FOREIGN_KEYS)?;
    set(connection, UNTRUSTED_SCHEMA)
}

/// Two connections that switch a new file to write-ahead logging at the same
/// moment lock each other out, and SQLite does not let its busy timeout wait
/// for that.
fn set_patiently(connection: &mut Connection, pragma: Pragma) -> QueryResult<()> {
    let end = Instant::now() + LOCK_PATIENCE;
    loop {
        match set(connection, pragma) {
            Err(QueryError::DatabaseError(_, information))
                if information.message() == "database is locked" && Instant::now() < end =>
            {
                thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// As long as the busy timeout.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

fn set(connection: &mut Connection, (set, read, value): Pragma) -> QueryResult<()> {
    connection.batch_execute(set)?;
    let found: String = sql::<Text>(read).get_result(connection)?;
    if found == value {
        Ok(())
    } else {
        let text = format!("SQLite answers {found} to `{read}` after `{set}`");
        Err(QueryError::QueryBuilderError(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("byline.db"), true).unwrap();
        (folder, connection)
    }

    #[test]
    fn every_connection_has_the_settings() {
        let (_folder, mut connection) = scratch();
        configure(&mut connection, Role::Reader).unwrap();
        for (_, read, value) in SETTINGS.into_iter().chain([READ_ONLY]) {
            let found: String = sql::<Text>(read).get_result(&mut connection).unwrap();
            assert_eq!(found, value, "{read}");
        }
        let mapped: i64 = sql::<BigInt>("PRAGMA mmap_size")
            .get_result(&mut connection)
            .unwrap();
        assert_eq!(mapped, 1 << 40, "built without .cargo/config.toml?");
    }

    #[test]
    fn a_setting_that_is_not_taken_is_an_error() {
        let (_folder, mut connection) = scratch();
        let deaf = ("PRAGMA synchronous = 2", "PRAGMA synchronous", "3");
        let error = set(&mut connection, deaf).unwrap_err().to_string();
        assert!(error.contains("PRAGMA synchronous"), "{error}");
    }
}
