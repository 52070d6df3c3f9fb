//! Servers and accounts that the service refuses.

use byline_application::Readiness;
use byline_persistence::{Database, DatabaseUrl, OpenError, migrations};

use crate::support::servers::{Engine, dedicated, on_each_server, shared};
use crate::support::{ServerFixture, add_user, at, block_on, new_user, options, soon};

on_each_server! {
    a_wrong_password_and_an_unknown_database_are_refused_at_the_start,
    a_server_that_may_lose_commits_is_refused_unless_the_url_accepts_it,
    settings_of_connections_do_not_depend_on_the_server,
    the_service_needs_four_rights_on_the_tables,
    migrations_need_four_rights_on_tables,
    without_the_schema_the_error_names_the_command_to_run,
}

fn refusal(url: &str) -> String {
    let url: DatabaseUrl = url.parse().unwrap();
    let Err(error) = Database::open(&url, &options(1, 16)) else {
        panic!("it was opened");
    };
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    for secret in ["127.0.0.1", "localhost", "p:s/w@rd", "wrong"] {
        assert!(!text.contains(secret), "{text} shows {secret}");
    }
    text
}

fn a_wrong_password_and_an_unknown_database_are_refused_at_the_start(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    let (name, port) = (&schema.name, server.port());
    let text = refusal(&format!("mysql://{name}:wrong@127.0.0.1:{port}/{name}"));
    assert!(text.contains("refuses this user (error 1045)"), "{text}");
    let mut admin = server.admin();
    admin.run(&format!("GRANT ALL ON absent{name}.* TO {name}"));
    let text = refusal(
        &schema
            .url_text("")
            .replace(&format!("/{name}"), &format!("/absent{name}"))
            .replace(&format!("//absent{name}:"), &format!("//{name}:")),
    );
    assert!(text.contains("no such database"), "{text}");
}

fn a_server_that_may_lose_commits_is_refused_unless_the_url_accepts_it(engine: Engine) {
    let Some(server) = dedicated(engine, &["--innodb-flush-log-at-trx-commit=2"]) else {
        return;
    };
    let schema = server.schema();
    let text = refusal(&schema.url_text("?durability=FULL"));
    assert!(
        text.contains("innodb_flush_log_at_trx_commit = 2"),
        "{text}"
    );
    let relaxed: DatabaseUrl = schema.url_text("?durability=RELAXED").parse().unwrap();
    migrations::migrate(&relaxed).unwrap();
    let database = Database::open(&relaxed, &options(1, 16)).unwrap();
    add_user(&*database.store(), "Ada", "ada@example.org");
    database.close();
}

fn settings_of_connections_do_not_depend_on_the_server(engine: Engine) {
    let Some(server) = dedicated(
        engine,
        &[
            "--sql-mode=ANSI_QUOTES",
            "--default-time-zone=+05:00",
            "--transaction-isolation=SERIALIZABLE",
            "--collation-server=latin1_german1_ci",
            "--lc-messages=de_DE",
            "--innodb-lock-wait-timeout=50",
            "--autocommit=0",
        ],
    ) else {
        return;
    };
    let fixture = ServerFixture::on(&server, &options(2, 16));
    let store = fixture.store();
    let ada = add_user(&*store, "Zoë 🦀 \u{202e}x", "ada@example.org");
    let id = ada.id;
    let found = block_on(store.read(soon(), move |s| Ok(s.users().find(id)?)));
    assert_eq!(found.unwrap(), Some(ada));
    let taken = new_user("Ada", "ADA@example.org");
    let ending = block_on(store.create(soon(), move |s| {
        Ok(s.users().insert(&taken, at(1)).is_err())
    }));
    assert!(ending.unwrap());
}

fn the_service_needs_four_rights_on_the_tables(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    let name = &schema.name;
    let url = schema.url();
    migrations::migrate(&url).unwrap();
    let mut admin = server.admin();
    admin.run(&format!("REVOKE ALL ON {name}.* FROM {name}"));
    admin.run(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO {name}"
    ));
    let database = Database::open(&url, &options(2, 16)).unwrap();
    let store = database.store();
    assert!(matches!(store.health().readiness, Readiness::Ready));
    let ada = add_user(&*store, "Ada", "ada@example.org");
    let deleted = block_on(
        store.write(soon(), move |s| {
            Ok(s.users().delete(ada.id, ada.version)?)
        }),
    );
    assert!(deleted.unwrap());
    database.close();
}

fn migrations_need_four_rights_on_tables(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    let name = &schema.name;
    let mut admin = server.admin();
    admin.run(&format!("REVOKE ALL ON {name}.* FROM {name}"));
    admin.run(&format!(
        "GRANT SELECT, INSERT, CREATE, ALTER, REFERENCES, INDEX ON {name}.* TO {name}"
    ));
    assert!(!migrations::migrate(&schema.url()).unwrap().is_empty());
}

fn without_the_schema_the_error_names_the_command_to_run(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    let ending = Database::open(&schema.url(), &options(1, 16));
    let Err(error @ OpenError::SchemaTooOld { .. }) = ending else {
        panic!("it was opened");
    };
    assert!(error.to_string().contains("bylinectl migrate"), "{error}");
}
