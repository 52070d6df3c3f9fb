//! Migrations.

use std::collections::BTreeSet;
use std::path::Path;

use byline_application::Readiness;
use byline_persistence::{Database, OpenError, check, migrations};

use crate::support::servers::{Engine, shared};
use crate::support::{add_user, eventually, options};

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

#[test]
fn many_at_once_migrate_once() {
    let Some(server) = shared(Engine::MariaDb) else {
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

#[test]
fn looking_changes_nothing() {
    let Some(server) = shared(Engine::MariaDb) else {
        return;
    };
    let schema = server.schema();
    let status = migrations::status(&schema.url()).unwrap();
    assert!(status.applied.is_empty());
    assert_eq!(status.pending.len(), names("mysql").len());
    let tables = schema.admin().column("SHOW TABLES");
    assert!(tables.is_empty(), "{tables:?}");
}

#[test]
fn a_schema_that_changes_under_the_store_is_noticed() {
    let Some(server) = shared(Engine::MariaDb) else {
        return;
    };
    let schema = server.schema();
    migrations::migrate(&schema.url()).unwrap();
    let database = Database::open(&schema.url(), &options(1, 16)).unwrap();
    let store = database.store();
    let mut admin = schema.admin();
    // What a newer program adds is nothing to this one, until it is left behind.
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

#[test]
fn the_release_is_known() {
    let Some(server) = shared(Engine::MariaDb) else {
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

#[test]
fn tokens_are_swept_when_nobody_asks_for_them() {
    let Some(server) = shared(Engine::MariaDb) else {
        return;
    };
    let schema = server.schema();
    migrations::migrate(&schema.url()).unwrap();
    let mut admin = schema.admin();
    // Of 1970, and more than go at a time.
    admin
        .run("INSERT INTO write_attempts SELECT UNHEX(LPAD(HEX(seq), 32, '0')) FROM seq_1_to_1700");
    let database = Database::open(&schema.url(), &options(1, 16)).unwrap();
    add_user(&*database.store(), "Ada", "ada@example.org");
    eventually("old tokens are gone and the new one is there", || {
        admin.number("SELECT count(*) FROM write_attempts") == 1
    });
    database.close();
}
