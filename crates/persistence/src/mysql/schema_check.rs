//! Whether a database has the schema of this program, and giving it that
//! schema.

use std::sync::Arc;
use std::time::Duration;

use byline_application::{Digest, Release};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::MigrationVersion;
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::OpenError;
use crate::migration_status::{self, Status};
use crate::mysql::connection::connect::{connect, connect_to_first};
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::unprepared;
use crate::mysql::url::MysqlTarget;
use crate::mysql::{Connection, errors};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/mysql");

/// How long a migration waits for another process that migrates.
const LOCK_WAIT: Duration = Duration::from_secs(600);

/// The longest that a migration may take. A table that is large is rebuilt.
const MIGRATION_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// See [`crate::migrations::migrate`].
pub(crate) fn migrate(target: &MysqlTarget) -> Result<Vec<String>, OpenError> {
    let mut connection = open(target)?;
    // The time limit is for requests.
    connection.wait_as_long_as(MIGRATION_LIMIT);
    unlimited(&mut connection)?;
    lock(&mut connection, &lock_name(target))?;
    let done = run_pending(&mut connection);
    // The lock is the connection's and goes with it, however this ends.
    drop(connection);
    done
}

/// Applies what is pending, one statement a migration: DDL commits itself, so
/// what fails has not happened and what happened is noted.
fn run_pending(connection: &mut Connection) -> Result<Vec<String>, OpenError> {
    let applied = applied(connection)?;
    let pending = migration_status::compare::<Mysql>(&applied, &MIGRATIONS)?
        .or_newer()?
        .pending;
    for name in &pending {
        if let Err(error) = connection.run_next_migration(MIGRATIONS) {
            if !has_happened(&error.to_string()) {
                return Err(OpenError::Migration(Arc::from(error)));
            }
            note(connection, name)?;
        }
    }
    Ok(pending)
}

/// Whether a migration fails because the index that it makes is there already
/// (1061). The server goes on with an index whose client was killed, and nothing
/// notes that it was made.
fn has_happened(error: &str) -> bool {
    error.contains("Duplicate key name '")
}

/// Notes that the database has this migration, as diesel does.
fn note(connection: &mut Connection, name: &str) -> Result<(), OpenError> {
    let version = name.split('_').next().unwrap_or(name);
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES (?)")
        .bind::<Text, _>(version)
        .execute(connection)
        .map_err(refused)?;
    Ok(())
}

/// Waits until no other process migrates this database. Not on a Galera
/// cluster, where each node has locks of its own: migrate over one node.
fn lock(connection: &mut Connection, name: &str) -> Result<(), OpenError> {
    let query = format!("SELECT GET_LOCK('{name}', {})", LOCK_WAIT.as_secs());
    let got: Option<i64> = sql::<Nullable<BigInt>>(&query)
        .get_result(connection)
        .map_err(refused)?;
    if got == Some(1) {
        Ok(())
    } else {
        Err(OpenError::Migration(Arc::new(LockTaken)))
    }
}

/// The name of the lock on a database. It is computed here, not by a function of
/// the server: MySQL 9.6 took `MD5` away. Servers compare the names of databases
/// with or without regard to case; a lock too many does no harm.
fn lock_name(target: &MysqlTarget) -> String {
    let digest = Digest::plain(target.database.to_lowercase().as_bytes());
    let hex = digest.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    // Of 64 characters at most.
    let hex: String = hex.take(16).collect();
    format!("byline:{hex}")
}

/// Another process holds the lock.
#[derive(Debug, thiserror::Error)]
#[error("another process has been migrating this database for ten minutes")]
struct LockTaken;

/// Lets every statement take as long as it takes, and returns the statement that
/// does so: MariaDB and MySQL call their limits differently. A lock on a table is
/// waited for longer than requests do, and not too long: while a migration waits,
/// every request for the table waits behind it.
fn unlimited(connection: &mut Connection) -> Result<String, OpenError> {
    let limits: Vec<(String, String)> = sql::<(Text, Text)>(
        "SHOW SESSION VARIABLES WHERE Variable_name IN \
         ('max_statement_time', 'max_execution_time', 'lock_wait_timeout')",
    )
    .load(connection)
    .map_err(refused)?;
    let limits = limits.iter().map(|(name, _)| match name.as_str() {
        "lock_wait_timeout" => format!(", {name} = 10"),
        _ => format!(", {name} = 0"),
    });
    let set = format!("SET autocommit = 1{}", limits.collect::<String>());
    connection.batch_execute(&set).map_err(refused)?;
    Ok(set)
}

/// See [`crate::migrations::status`].
pub(crate) fn status(target: &MysqlTarget) -> Result<Status, OpenError> {
    let mut connection = open(target)?;
    let applied = applied(&mut connection)?;
    let found = migration_status::compare::<Mysql>(&applied, &MIGRATIONS)?.or_newer()?;
    let releases = if found.applied.is_empty() {
        Vec::new()
    } else {
        releases(&mut connection)?
    };
    Ok(Status {
        applied: found.applied,
        pending: found.pending,
        releases,
    })
}

/// Makes sure that this program can serve the database, and gives the newest
/// release it has seen.
pub(super) fn require_served(connection: &mut Connection) -> Result<Option<Release>, OpenError> {
    let applied = applied(connection)?;
    migration_status::compare::<Mysql>(&applied, &MIGRATIONS)?.require_served(|| {
        sql::<Nullable<Text>>(migration_status::FLOOR)
            .get_result(connection)
            .map_err(refused)
    })?;
    Ok(releases(connection)?.pop())
}

/// See [`crate::check`]. The server checks pages when it reads them; this reads
/// all of them.
pub(crate) fn check(target: &MysqlTarget) -> Result<Vec<String>, OpenError> {
    let (mut connection, host) = connect_to_first(target).map_err(server_error)?;
    connection.wait_as_long_as(MIGRATION_LIMIT);
    let unlimited = unlimited(&mut connection)?;
    let applied = applied(&mut connection)?;
    // What a migration that was interrupted has left out is not damaged.
    migration_status::compare::<Mysql>(&applied, &MIGRATIONS)?
        .or_newer()?
        .or_incomplete()?;
    let rows: Vec<(String, String, String, String)> =
        unprepared::load(target, host, &unlimited, CHECK_TABLE, MIGRATION_LIMIT)
            .map_err(server_error)?;
    let damaged = rows
        .into_iter()
        .filter(|(_, _, kind, text)| !(kind == "status" && text == "OK") && kind != "note");
    let mut lines: Vec<String> = damaged
        .map(|(table, _, kind, text)| format!("{table}: {kind}: {text}"))
        .collect();
    let orphans: i64 = sql::<BigInt>(ORPHANS)
        .get_result(&mut connection)
        .map_err(refused)?;
    if orphans > 0 {
        lines.push(format!("{orphans} rows refer to rows that do not exist"));
    }
    let found: Vec<String> = sql::<Text>(INDEXES)
        .load(&mut connection)
        .map_err(refused)?;
    let missing = SERVED_BY
        .iter()
        .filter(|name| !found.iter().any(|one| one == **name));
    lines.extend(missing.map(|name| format!("index {name} is missing")));
    Ok(lines)
}

const CHECK_TABLE: &str = "CHECK TABLE users, posts, releases, schema_floors, write_attempts, idempotency_keys, \
     imports, import_ids, api_keys, api_key_uses, identities EXTENDED";

/// As `foreign_key_checks = 0` lets them come about.
const ORPHANS: &str = "SELECT COUNT(*) FROM posts LEFT JOIN users ON users.id = posts.user_id \
    WHERE users.id IS NULL";

const INDEXES: &str = "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS \
    WHERE TABLE_SCHEMA = DATABASE()";

/// The indexes that lists and keys rely on.
const SERVED_BY: [&str; 18] = [
    "users_origin",
    "users_email_key",
    "users_by_name",
    "users_by_created_at",
    "posts_origin",
    "posts_by_user",
    "posts_by_title",
    "posts_by_created_at",
    "posts_by_updated_at",
    "posts_by_user_and_title",
    "posts_by_user_and_created_at",
    "posts_by_user_and_updated_at",
    "idempotency_keys_key_hash",
    "idempotency_keys_by_age",
    "api_keys_secret_hash",
    "api_keys_by_user",
    "identities_identity_hash",
    "identities_user_id",
];

fn open(target: &MysqlTarget) -> Result<Connection, OpenError> {
    connect(target).map_err(server_error)
}

fn server_error(error: ConnectError) -> OpenError {
    OpenError::Server(Arc::new(error))
}

/// The versions of the migrations that the database has. The table of them is
/// not made when it is missing: the service has no right to.
fn applied(connection: &mut Connection) -> Result<Vec<MigrationVersion<'static>>, OpenError> {
    let versions: QueryResult<Vec<String>> =
        sql::<Text>("SELECT version FROM __diesel_schema_migrations").load(connection);
    match versions {
        Err(error) if errors::is_missing_table(&error) => Ok(Vec::new()),
        other => Ok(other
            .map_err(refused)?
            .into_iter()
            .map(MigrationVersion::from)
            .collect()),
    }
}

fn releases(connection: &mut Connection) -> Result<Vec<Release>, OpenError> {
    let rows = migration_status::releases_query()
        .load::<(String, String)>(connection)
        .map_err(refused)?;
    Ok(rows.into_iter().map(migration_status::release).collect())
}

fn refused(error: diesel::result::Error) -> OpenError {
    server_error(ConnectError::statement(error))
}
