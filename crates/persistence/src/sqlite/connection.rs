//! Opens SQLite files. Each setting is set and read back.

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

/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads committed data, and cannot change it.
    Reader,
    /// Reads everything once, so nothing is worth keeping in memory.
    BulkReader,
    /// Writes; a process has one at a time.
    Writer,
    /// Writes many rows, and keeps more of the indexes in memory.
    BulkWriter,
}

impl Role {
    /// Returns the role of the readers beside a writer of this role.
    pub(super) fn reader(self) -> Self {
        match self {
            Self::BulkWriter | Self::BulkReader => Self::BulkReader,
            Self::Writer | Self::Reader => Self::Reader,
        }
    }
}

/// Returns a pool whose connections stay open and are configured for `role`. It
/// connects when a connection is first needed.
///
/// A connection to a file does not break by itself, so r2d2's check at each
/// check-out, which costs as much as a point read, is left out.
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

/// Opens the file outside a pool. It is configured only once it is known to be
/// Byline's or empty: a setting such as the journal mode would change a foreign file.
pub(super) fn open(path: &Path, create: bool) -> Result<Connection, OpenError> {
    if !create && !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    refuse_misleading_name(path)?;
    let mut connection = establish(path, if create { "rwc" } else { "rw" })?;
    set(&mut connection, BUSY_TIMEOUT).map_err(|error| OpenError::from_sqlite(path, error))?;
    require_ours_or_empty(&mut connection, path)?;
    configure(&mut connection, Role::Writer)
        .map_err(|error| OpenError::from_sqlite(path, error))?;
    Ok(connection)
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Connections share the file with others, for which they write beside it.
    Shared,
    /// Connections read the file without locks: nothing can be written, and nothing
    /// writes it.
    Immutable,
}

impl Access {
    /// Returns the parameters of the URI (<https://www.sqlite.org/uri.html>).
    const fn mode(self) -> &'static str {
        match self {
            Self::Shared => "rw",
            Self::Immutable => "ro&immutable=1",
        }
    }
}

/// Opens the file to change it. SQLite alone would open a file that it cannot write for reading.
pub(super) fn open_writable(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = open(path, false)?;
    // BEGIN IMMEDIATE succeeds on such a file, because SQLite only reads then.
    let written = set(&mut connection, NO_TIMEOUT)
        .and_then(|()| connection.batch_execute("BEGIN; PRAGMA user_version = 0"));
    let undone = connection.batch_execute("ROLLBACK");
    match written {
        Err(error) if error.to_string().starts_with(READ_ONLY_FILE) => {
            Err(OpenError::ReadOnly(path.to_owned()))
        }
        // If another writer holds the lock, the file can be written, too.
        _ => {
            undone.map_err(|error| OpenError::from_sqlite(path, error))?;
            Ok(connection)
        }
    }
}

/// Opens the file to read it. Where nothing can be written beside it, on read-only
/// media or in a read-only folder, it is read without locks, unless committed changes may be
/// in the log only.
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
    let Ok(mut connection) = establish(path, Access::Immutable.mode()) else {
        return Err(error);
    };
    configure_immutable(&mut connection).map_err(|error| OpenError::from_sqlite(path, error))?;
    require_ours_or_empty(&mut connection, path)?;
    Ok((connection, Access::Immutable))
}

/// `SQLITE_READONLY`
const READ_ONLY_FILE: &str = "attempt to write a readonly database";

/// `SQLITE_CANTOPEN`, here of a file beside the database.
const CANNOT_OPEN: &str = "unable to open database file";

/// Opens the file for a change during which no other process may have it open.
/// Every statement fails as locked while one has.
pub(super) fn open_alone(path: &Path) -> Result<Connection, OpenError> {
    refuse_misleading_name(path)?;
    let mut connection = establish(path, "rw")?;
    // Before the file is first read. Later, SQLite would only keep new processes out
    // (https://www.sqlite.org/pragma.html#pragma_locking_mode).
    set(&mut connection, ALONE)
        .and_then(|()| set(&mut connection, SHORT_TIMEOUT))
        .map_err(|error| OpenError::from_sqlite(path, error))?;
    Ok(connection)
}

fn establish(path: &Path, mode: &str) -> Result<Connection, OpenError> {
    Connection::establish(&uri(path, mode)).map_err(|error| OpenError::unusable(path, error))
}

/// Refuses a file that has tables, but not the application id that the first migration sets.
fn require_ours_or_empty(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let found = sql::<(BigInt, BigInt)>(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
    );
    let (application_id, tables): (i64, i64) = found
        .get_result(connection)
        .map_err(|error| OpenError::from_sqlite(path, error))?;
    if application_id == APPLICATION_ID || tables == 0 {
        Ok(())
    } else {
        Err(OpenError::Foreign(path.to_owned()))
    }
}

/// "Byln"; the first migration sets it.
const APPLICATION_ID: i64 = 0x4279_6c6e;

/// The characters to escape in a URI for SQLite, besides those that are not ASCII.
const RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Returns SQLite's URI of the file (<https://www.sqlite.org/uri.html>). Without a
/// mode, SQLite would create an empty file for every mistyped path.
pub(super) fn uri(path: &Path, mode: &str) -> String {
    // An empty host. Otherwise SQLite would drop one of two leading slashes.
    let host = if path.has_root() { "//" } else { "" };
    // A path need not be UTF-8: other bytes are escaped.
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

/// The name and the value of a pragma.
type Pragma = (&'static str, &'static str);

/// Set first: the other settings may have to wait for a lock.
const BUSY_TIMEOUT: Pragma = ("busy_timeout", "5000");

const FOREIGN_KEYS: Pragma = ("foreign_keys", "1");
const UNTRUSTED_SCHEMA: Pragma = ("trusted_schema", "0");

const SETTINGS: [Pragma; 7] = [
    BUSY_TIMEOUT,
    ("journal_mode", "wal"),
    // FULL: a commit returns after its fsync.
    ("synchronous", "2"),
    FOREIGN_KEYS,
    UNTRUSTED_SCHEMA,
    ("journal_size_limit", "67108864"),
    ("wal_autocheckpoint", "1000"),
];

const ALONE: Pragma = ("locking_mode", "exclusive");
const NO_TIMEOUT: Pragma = ("busy_timeout", "0");
const SHORT_TIMEOUT: Pragma = ("busy_timeout", "500");

const READ_ONLY: Pragma = ("query_only", "1");

/// Maps the whole file, up to 1 TiB, so that reading a page needs no system call
/// (docs/adr/0016). Not read back: a SQLite that was built with a lower limit maps
/// less.
const MAP_FILE: &str = "PRAGMA mmap_size = 1099511627776";

/// 40 MiB. With SQLite's default of 2 MiB, rows in random order would read and write
/// a page of each index for every row.
const LARGE_CACHE: Pragma = ("cache_size", "-40960");

/// After 256 MiB of the log instead of 4. Each transaction of an import changes pages
/// all over the indexes, and the next one changes most of them again. Until a
/// checkpoint, a transaction writes each page once instead of twice.
const RARE_CHECKPOINTS: Pragma = ("wal_autocheckpoint", "65536");

/// Sets what the service relies on and reads it back: SQLite ignores a pragma that it
/// does not accept.
fn configure(connection: &mut Connection, role: Role) -> QueryResult<()> {
    for pragma in SETTINGS {
        set_with_retries(connection, pragma)?;
    }
    match role {
        Role::Reader => {
            connection.batch_execute(MAP_FILE)?;
            set(connection, READ_ONLY)
        }
        // Unmapped: scanning a mapped file makes all of it resident.
        Role::BulkReader => set(connection, READ_ONLY),
        Role::Writer => Ok(()),
        Role::BulkWriter => {
            set(connection, LARGE_CACHE)?;
            set(connection, RARE_CHECKPOINTS)
        }
    }
}

/// Sets what matters for a file that is only read.
fn configure_immutable(connection: &mut Connection) -> QueryResult<()> {
    set(connection, FOREIGN_KEYS)?;
    set(connection, UNTRUSTED_SCHEMA)
}

/// Sets the pragma, and tries again while the database is locked. Two connections
/// that switch a new file to write-ahead logging at once lock each other out, and
/// SQLite's busy timeout does not apply to that.
fn set_with_retries(connection: &mut Connection, pragma: Pragma) -> QueryResult<()> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match set(connection, pragma) {
            Err(error) if is_locked(&error) && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

pub(super) fn is_locked(error: &QueryError) -> bool {
    matches!(error, QueryError::DatabaseError(_, information)
        if information.message() == "database is locked")
}

/// As long as the busy timeout.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

fn set(connection: &mut Connection, (name, value): Pragma) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA {name} = {value}"))?;
    let found: String = sql::<Text>(&format!("PRAGMA {name}")).get_result(connection)?;
    if found == value {
        Ok(())
    } else {
        let text = format!("SQLite answers {found} to `PRAGMA {name}` after it was set to {value}");
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
        for (name, value) in SETTINGS.into_iter().chain([READ_ONLY]) {
            let read = sql::<Text>(&format!("PRAGMA {name}"));
            let found: String = read.get_result(&mut connection).unwrap();
            assert_eq!(found, value, "{name}");
        }
        let mapped: i64 = sql::<BigInt>("PRAGMA mmap_size")
            .get_result(&mut connection)
            .unwrap();
        assert_eq!(mapped, 1 << 40, "built without .cargo/config.toml?");
    }

    #[test]
    fn a_setting_that_sqlite_ignores_is_an_error() {
        let (_folder, mut connection) = scratch();
        let ignored = ("synchronous", "nonsense");
        let error = set(&mut connection, ignored).unwrap_err().to_string();
        assert!(error.contains("PRAGMA synchronous"), "{error}");
    }
}
