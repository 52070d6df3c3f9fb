//! Migrations.

use std::collections::BTreeSet;
use std::path::Path;

use byline_application::Readiness;
use byline_persistence::{Database, OpenError, check, migrations};

use crate::support::servers::{Engine, dedicated, on_each_server, shared};
use crate::support::{add_user, eventually, options};

on_each_server! {
    concurrent_runs_apply_each_migration_once,
    reading_the_status_changes_nothing,
    a_store_notices_a_changed_schema,
    health_has_the_release,
    old_attempt_ids_are_removed,
    tables_set_their_row_format,
}

fn names(engine: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let entries = std::fs::read_dir(folder.join(engine)).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn both_engines_have_the_same_migrations() {
    assert_eq!(names("mysql"), names("sqlite"));
}

#[test]
fn a_migration_of_mysql_is_one_statement() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/mysql");
    for name in names("mysql") {
        for file in ["up.sql", "down.sql"] {
            let sql = std::fs::read_to_string(folder.join(&name).join(file)).unwrap();
            let code: String = sql
                .lines()
                .filter(|line| !line.trim_start().starts_with("--"))
                .collect();
            assert_eq!(code.matches(';').count(), 1, "{name}/{file}");
        }
    }
}

fn concurrent_runs_apply_each_migration_once(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    let url = schema.url();
    let applied: Vec<_> = std::thread::scope(|scope| {
        let many: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| migrations::migrate(&url).unwrap()))
            .collect();
        many.into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    let once: BTreeSet<_> = applied.iter().cloned().collect();
    assert_eq!(applied.len(), once.len());
    assert_eq!(once, names("mysql"));
    let status = migrations::status(&url).unwrap();
    assert!(status.pending.is_empty());
    assert_eq!(status.applied.len(), once.len());
    assert_eq!(status.releases.len(), 1);
    assert!(check(&url).unwrap().is_empty());
}

fn reading_the_status_changes_nothing(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    let status = migrations::status(&schema.url()).unwrap();
    assert!(status.applied.is_empty());
    assert_eq!(status.pending.len(), names("mysql").len());
    let tables = schema.admin().column("SHOW TABLES");
    assert!(tables.is_empty(), "{tables:?}");
}

fn a_store_notices_a_changed_schema(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    migrations::migrate(&schema.url()).unwrap();
    let database = Database::open(&schema.url(), &options(1, 16)).unwrap();
    let store = database.store();
    let mut admin = schema.admin();
    // Newer migrations do not matter until they require a newer program.
    admin.run("ALTER TABLE users ADD COLUMN motto VARCHAR(100)");
    admin.run("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
    add_user(&*store, "Ada", "ada@example.org");
    Database::open(&schema.url(), &options(1, 16))
        .unwrap()
        .close();
    assert!(matches!(
        migrations::migrate(&schema.url()),
        Err(OpenError::SchemaTooNew { .. })
    ));
    assert!(matches!(store.health().readiness, Readiness::Ready));
    admin.run("INSERT INTO schema_floors VALUES ('99990101000000')");
    eventually("the schema is wrong", || {
        matches!(store.health().readiness, Readiness::WrongSchema)
    });
    let ending = Database::open(&schema.url(), &options(1, 16));
    assert!(matches!(ending.err(), Some(OpenError::SchemaTooNew { .. })));
    admin.run("DELETE FROM schema_floors");
    eventually("the schema is right", || {
        matches!(store.health().readiness, Readiness::Ready)
    });
    database.close();
}

fn health_has_the_release(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    migrations::migrate(&schema.url()).unwrap();
    let database = Database::open(&schema.url(), &options(1, 16)).unwrap();
    let release = database.store().health().release.unwrap();
    let releases = migrations::status(&schema.url()).unwrap().releases;
    assert_eq!(releases.last(), Some(&release));
    database.close();
}

fn old_attempt_ids_are_removed(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    migrations::migrate(&schema.url()).unwrap();
    let mut admin = schema.admin();
    // From 1970, and more than one batch.
    let tokens: Vec<_> = (1..=1700).map(|n| format!("(x'{n:032x}')")).collect();
    admin.run(&format!(
        "INSERT INTO write_attempts VALUES {}",
        tokens.join(", ")
    ));
    let database = Database::open(&schema.url(), &options(1, 16)).unwrap();
    add_user(&*database.store(), "Ada", "ada@example.org");
    eventually("the old ids are gone and the new one is left", || {
        admin.number("SELECT count(*) FROM write_attempts") == 1
    });
    database.close();
}

/// A database with `create_users` as of the development of 0.1.0, which only MariaDB
/// accepted.
#[test]
fn a_table_of_the_first_create_users_gets_the_missing_constraint() {
    const MIGRATION: &str = "20261123000295";
    let Some(server) = shared(Engine::MariaDb) else {
        return;
    };
    let schema = server.schema();
    let url = schema.url();
    migrations::migrate(&url).unwrap();
    let mut admin = schema.admin();
    let mut lines = || {
        let created: Vec<(String, String)> = admin.rows("SHOW CREATE TABLE users");
        let lines = created[0]
            .1
            .lines()
            .map(|line| line.trim_matches([' ', ',']));
        lines.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let fresh = lines();
    assert!(
        fresh
            .iter()
            .any(|line| line.contains("users_email_key_form"))
    );
    let mut admin = schema.admin();
    admin.run(
        "ALTER TABLE users DROP CONSTRAINT users_email_key_form, MODIFY email_key \
         VARBINARY(254) NOT NULL CHECK (email_key = CAST(LOWER(email) AS BINARY))",
    );
    assert_ne!(lines(), fresh);
    // Once because it is missing, and once because it was not noted.
    for _ in 0..2 {
        admin.run(&format!(
            "DELETE FROM __diesel_schema_migrations WHERE version = '{MIGRATION}'"
        ));
        let applied = migrations::migrate(&url).unwrap();
        assert_eq!(applied.len(), 1, "{applied:?}");
        assert!(applied[0].starts_with(MIGRATION), "{applied:?}");
        assert_eq!(lines(), fresh);
    }
    assert!(check(&url).unwrap().is_empty());
}

/// With another default of the server, indexes on names would be refused.
fn tables_set_their_row_format(engine: Engine) {
    let Some(server) = dedicated(engine, &["--innodb-default-row-format=COMPACT"]) else {
        return;
    };
    let schema = server.schema();
    migrations::migrate(&schema.url()).unwrap();
    let formats = schema.admin().column(
        "SELECT CONCAT(TABLE_NAME, ' ', ROW_FORMAT) FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE '\\_\\_%' \
         AND ROW_FORMAT <> 'Dynamic'",
    );
    assert!(formats.is_empty(), "{formats:?}");
}
