//! Checks whether a database has the schema of this program, and migrates it.

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
use crate::migration_status::{self, Comparison, Status, failed, releases};
use crate::mysql::connection::connect::connect;
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::unprepared;
use crate::mysql::connection::variables::Variables;
use crate::mysql::url::MysqlTarget;
use crate::mysql::{Connection, errors};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/mysql");

/// How long a migration waits for another process that migrates.
const LOCK_WAIT: Duration = Duration::from_secs(600);

/// The longest time that a migration may take: a large table may be rebuilt.
const MIGRATION_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// See [`crate::migrations::migrate`].
pub(crate) fn migrate(target: &MysqlTarget) -> Result<Vec<String>, OpenError> {
    let (mut connection, _) = connect(target).map_err(server_error)?;
    // The usual time limits are for requests.
    connection.set_statement_limit(MIGRATION_LIMIT);
    remove_limits(&mut connection)?;
    lock(&mut connection, &lock_name(target))?;
    let done = run_pending(&mut connection);
    // Releases the lock, which belongs to the connection.
    drop(connection);
    done
}

/// Applies the pending migrations. Each has one statement, and DDL commits by itself: a
/// statement that fails has changed nothing, and one that succeeds is noted.
fn run_pending(connection: &mut Connection) -> Result<Vec<String>, OpenError> {
    let pending = compare(connection)?.require_known()?.pending;
    for name in &pending {
        if let Err(error) = connection.run_next_migration(MIGRATIONS) {
            if !is_already_applied(&error.to_string()) {
                return Err(failed(error));
            }
            note_applied(connection, name)?;
        }
    }
    Ok(pending)
}

/// Returns whether a migration fails because its index exists (error 1061). The server
/// completes an index even if its client was killed, and nothing notes that.
fn is_already_applied(error: &str) -> bool {
    error.contains("Duplicate key name '")
}

/// Notes that the database has this migration, as diesel does.
fn note_applied(connection: &mut Connection, name: &str) -> Result<(), OpenError> {
    let version = name.split('_').next().unwrap_or(name);
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES (?)")
        .bind::<Text, _>(version)
        .execute(connection)
        .map_err(statement_error)?;
    Ok(())
}

/// Waits until no other process migrates this database. Has no effect across the nodes
/// of a Galera cluster, which do not share locks: migrate over one node.
fn lock(connection: &mut Connection, name: &str) -> Result<(), OpenError> {
    let query = format!("SELECT GET_LOCK('{name}', {})", LOCK_WAIT.as_secs());
    let got: Option<i64> = sql::<Nullable<BigInt>>(&query)
        .get_result(connection)
        .map_err(statement_error)?;
    if got == Some(1) {
        Ok(())
    } else {
        Err(OpenError::Migration(Arc::new(LockTaken)))
    }
}

/// Returns the name of the lock on a database. The digest is not computed by the server:
/// MySQL 9.6 has removed `MD5`. Databases whose names differ only in case share a lock,
/// which does no harm.
fn lock_name(target: &MysqlTarget) -> String {
    let digest = Digest::plain(target.database.to_lowercase().as_bytes());
    let hex = digest.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    // The server allows 64 characters.
    let hex: String = hex.take(16).collect();
    format!("byline:{hex}")
}

/// Another process holds the lock.
#[derive(Debug, thiserror::Error)]
#[error("another process has been migrating this database for ten minutes")]
struct LockTaken;

/// Removes the time limits of statements, and returns the statement that does so:
/// MariaDB and MySQL have different names for them. Locks on tables are waited for
/// longer than in requests, but not too long: while a migration waits, every request for
/// the table waits behind it.
fn remove_limits(connection: &mut Connection) -> Result<String, OpenError> {
    const LIMITS: [(&str, u8); 3] = [
        ("max_statement_time", 0),
        ("max_execution_time", 0),
        ("lock_wait_timeout", 10),
    ];
    let names = LIMITS.map(|(name, _)| name);
    let known = Variables::load(connection, "SESSION VARIABLES", names).map_err(server_error)?;
    let mut set = "SET autocommit = 1".to_owned();
    for (name, value) in LIMITS.iter().filter(|(name, _)| known.get(name).is_some()) {
        set = format!("{set}, {name} = {value}");
    }
    connection.batch_execute(&set).map_err(statement_error)?;
    Ok(set)
}

/// See [`crate::migrations::status`].
pub(crate) fn status(target: &MysqlTarget) -> Result<Status, OpenError> {
    let (mut connection, _) = connect(target).map_err(server_error)?;
    compare(&mut connection)?.into_status(|| releases(&mut connection).map_err(statement_error))
}

/// Checks that this program can serve the database, and returns the newest release that
/// the database has seen.
pub(super) fn require_served(connection: &mut Connection) -> Result<Option<Release>, OpenError> {
    compare(connection)?.require_served(|| {
        sql::<Nullable<Text>>(migration_status::FLOOR)
            .get_result(connection)
            .map_err(statement_error)
    })?;
    Ok(releases(connection).map_err(statement_error)?.pop())
}

/// See [`crate::check`]. The server checks a page when it reads it; this reads all pages.
pub(crate) fn check(target: &MysqlTarget) -> Result<Vec<String>, OpenError> {
    let (mut connection, host) = connect(target).map_err(server_error)?;
    connection.set_statement_limit(MIGRATION_LIMIT);
    let remove_limits = remove_limits(&mut connection)?;
    // What an interrupted migration has left out is not damaged.
    let found = compare(&mut connection)?.require_known()?;
    found.require_complete()?;
    let rows: Vec<(String, String, String, String)> =
        unprepared::load(target, host, &remove_limits, CHECK_TABLE, MIGRATION_LIMIT)
            .map_err(server_error)?;
    let damaged = rows
        .into_iter()
        .filter(|(_, _, kind, text)| !(kind == "status" && text == "OK") && kind != "note");
    let mut lines: Vec<String> = damaged
        .map(|(table, _, kind, text)| format!("{table}: {kind}: {text}"))
        .collect();
    let orphans: i64 = sql::<BigInt>(ORPHANS)
        .get_result(&mut connection)
        .map_err(statement_error)?;
    if orphans > 0 {
        lines.push(format!("{orphans} rows refer to rows that do not exist"));
    }
    let found: Vec<String> = sql::<Text>(INDEXES)
        .load(&mut connection)
        .map_err(statement_error)?;
    let missing = REQUIRED_INDEXES
        .iter()
        .filter(|name| !found.iter().any(|one| one == **name));
    lines.extend(missing.map(|name| format!("index {name} is missing")));
    Ok(lines)
}

const CHECK_TABLE: &str = "CHECK TABLE users, posts, releases, schema_floors, write_attempts, idempotency_keys, \
     imports, import_ids, api_keys, api_key_uses, identities EXTENDED";

/// Counts the rows that `foreign_key_checks = 0` has let in: a query for each restricting key.
const ORPHANS: &str = "SELECT \
    (SELECT COUNT(*) FROM posts LEFT JOIN users ON users.id = posts.user_id WHERE users.id IS NULL)";

const INDEXES: &str = "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS \
    WHERE TABLE_SCHEMA = DATABASE()";

/// The indexes that lists and keys rely on.
const REQUIRED_INDEXES: &[&str] = &[
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

fn server_error(error: ConnectError) -> OpenError {
    OpenError::Server(Arc::new(error))
}

fn statement_error(error: diesel::result::Error) -> OpenError {
    server_error(ConnectError::statement(error))
}

/// Compares the database's migrations with this program's. A missing table of migrations
/// is not created: the service may lack the right to.
fn compare(connection: &mut Connection) -> Result<Comparison, OpenError> {
    let versions: QueryResult<Vec<String>> =
        sql::<Text>("SELECT version FROM __diesel_schema_migrations").load(connection);
    let versions = match versions {
        Err(error) if errors::is_missing_table(&error) => Vec::new(),
        other => other.map_err(statement_error)?,
    };
    let applied: Vec<_> = versions.into_iter().map(MigrationVersion::from).collect();
    migration_status::compare::<Mysql>(&applied, &MIGRATIONS)
}
