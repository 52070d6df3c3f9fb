//! Files that are opened, and files that are refused.

use std::fs;

use byline_application::Release;
use byline_persistence::{Database, DatabaseUrl, OpenError, check, migrations};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::support::servers::folder;
use crate::support::{Fixture, SqliteFixture, add_user, options};

fn raw(fixture: &SqliteFixture) -> SqliteConnection {
    SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap()
}

fn open(url: &DatabaseUrl) -> Result<Database, OpenError> {
    Database::open(url, &options(1, 1))
}

#[test]
fn a_missing_file_is_refused_and_not_created() {
    let folder = folder("sqlite-");
    let path = folder.path().join("typo.db");
    let error = open(&DatabaseUrl::sqlite(&path)).err().unwrap();
    assert!(matches!(error, OpenError::Missing(_)), "{error}");
    assert!(error.to_string().contains("bylinectl migrate"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_not_a_database_is_refused_and_unchanged() {
    let folder = folder("sqlite-");
    let path = folder.path().join("letter.txt");
    let letter = "Dear Mr Babbage, ".repeat(100);
    fs::write(&path, &letter).unwrap();
    for error in [
        open(&DatabaseUrl::sqlite(&path)).err(),
        migrations::migrate(&DatabaseUrl::sqlite(&path)).err(),
    ] {
        assert!(matches!(error, Some(OpenError::Foreign(_))), "{error:?}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn a_foreign_database_is_refused_and_unchanged() {
    let folder = folder("sqlite-");
    let path = folder.path().join("theirs.db");
    SqliteConnection::establish(path.to_str().unwrap())
        .unwrap()
        .batch_execute("CREATE TABLE theirs (x)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    for error in [
        open(&DatabaseUrl::sqlite(&path)).err(),
        migrations::migrate(&DatabaseUrl::sqlite(&path)).err(),
    ] {
        assert!(matches!(error, Some(OpenError::Foreign(_))), "{error:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_schema_is_served_unless_it_requires_a_newer_program() {
    let mut fixture = SqliteFixture::new();
    fixture.close();
    raw(&fixture)
        .batch_execute(
            "ALTER TABLE users ADD COLUMN motto TEXT;
            INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000');",
        )
        .unwrap();
    open(&fixture.url()).unwrap().close();
    assert!(migrations::migrate(&fixture.url()).is_err());
    raw(&fixture)
        .batch_execute("INSERT INTO schema_floors VALUES ('29991231000000')")
        .unwrap();
    let error = open(&fixture.url()).err().unwrap();
    assert!(matches!(error, OpenError::SchemaTooNew { .. }), "{error}");
    assert!(error.to_string().contains("29991231000000"), "{error}");
    assert!(migrations::migrate(&fixture.url()).is_err());
}

#[test]
fn an_older_schema_is_refused_until_it_is_migrated() {
    let folder = folder("sqlite-");
    let url = DatabaseUrl::sqlite(folder.path().join("empty.db"));
    fs::write(folder.path().join("empty.db"), "").unwrap();
    let error = open(&url).err().unwrap();
    assert!(matches!(error, OpenError::SchemaTooOld { .. }), "{error}");
    migrations::migrate(&url).unwrap();
    open(&url).unwrap().close();
}

#[test]
fn migrations_record_the_release() {
    let folder = folder("sqlite-");
    let url = DatabaseUrl::sqlite(folder.path().join("byline.db"));
    let applied = migrations::migrate(&url).unwrap();
    assert!(applied.len() >= 4, "{applied:?}");
    assert!(migrations::migrate(&url).unwrap().is_empty());
    let status = migrations::status(&url).unwrap();
    assert_eq!(status.applied, applied);
    assert!(status.pending.is_empty());
    let newest = status.releases.last().unwrap();
    assert_eq!(newest.version, env!("CARGO_PKG_VERSION"));
    assert!(applied.last().unwrap().starts_with(&newest.schema));

    let database = open(&url).unwrap();
    let seen: Option<Release> = database.store().health().release;
    assert_eq!(seen.as_ref(), Some(newest));
}

#[test]
fn concurrent_runs_apply_each_migration_once() {
    let folder = folder("sqlite-");
    let url = DatabaseUrl::sqlite(folder.path().join("byline.db"));
    let applied: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| migrations::migrate(&url).unwrap()))
            .collect();
        racers
            .into_iter()
            .flat_map(|racer| racer.join().unwrap())
            .collect()
    });
    assert_eq!(applied, migrations::status(&url).unwrap().applied);
}

#[test]
fn every_migration_can_be_reverted() {
    let mut fixture = SqliteFixture::new();
    fixture.close();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    let mut reverses: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("down.sql"))
        .collect();
    reverses.sort();
    let mut connection = raw(&fixture);
    for reverse in reverses.iter().rev() {
        connection
            .batch_execute(&fs::read_to_string(reverse).unwrap())
            .unwrap();
    }
}

#[test]
fn unusual_file_names_work() {
    let folder = folder("sqlite-");
    for name in [
        "a b.db",
        "a?mode=memory.db",
        "100%.db",
        "a#b.db",
        "%41.db",
        "ü🦀.db",
    ] {
        let path = folder.path().join(name);
        migrations::migrate(&DatabaseUrl::sqlite(&path)).unwrap();
        open(&DatabaseUrl::sqlite(&path)).unwrap().close();
        assert!(path.exists(), "{name}");
    }
}

#[test]
fn check_reports_nothing_but_orphans() {
    let mut fixture = SqliteFixture::new();
    add_user(&*fixture.store(), "Ada", "ada@example.org");
    fixture.close();
    assert_eq!(check(&fixture.url()).unwrap(), Vec::<String>::new());
    raw(&fixture)
        .batch_execute(
            "PRAGMA foreign_keys = OFF; \
             INSERT INTO posts (user_id, title, content, created_at, updated_at, version) \
             VALUES (99, 't', '', 0, 0, 1)",
        )
        .unwrap();
    assert_eq!(
        check(&fixture.url()).unwrap(),
        ["1 rows refer to rows that do not exist"]
    );
}

#[test]
fn the_tables_refuse_what_the_domain_refuses() {
    let fixture = SqliteFixture::new();
    let mut connection = raw(&fixture);
    for values in [
        "('', 'a@b.c', 'a@b.c', 0, 0, 1)",
        "('n', 'A@b.c', 'A@b.c', 0, 0, 1)",
        "('n', 'a@b.c', 'a@b.c', 1, 0, 1)",
        "('n', 'a@b.c', 'a@b.c', 0, 0, 0)",
        "(NULL, 'a@b.c', 'a@b.c', 0, 0, 1)",
        "('n', 'a@b.c', 'a@b.c', 'noon', 0, 1)",
    ] {
        let insert = format!(
            "INSERT INTO users (name, email, email_key, created_at, updated_at, version) \
             VALUES {values}"
        );
        assert!(connection.batch_execute(&insert).is_err(), "{values}");
    }
}
