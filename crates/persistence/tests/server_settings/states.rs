//! States in which a server refuses some statements. The store notices them.

use std::time::{Duration, Instant};

use byline_application::{AppError, Readiness, Store, Unavailable};

use crate::support::servers::{Admin, Engine, dedicated, on_each_server};
use crate::support::{
    ServerFixture, add_user, all_users, at, block_on, eventually, new_user, options, read,
};

on_each_server! {
    a_store_is_read_only_while_its_server_is,
    a_read_only_default_of_transactions_does_not_prevent_writes,
}

fn is_ready(store: &dyn Store) -> bool {
    matches!(store.health().readiness, Readiness::Ready)
}

fn is_read_only(store: &dyn Store) -> bool {
    matches!(store.health().readiness, Readiness::ReadOnly)
}

/// Asserts that reads succeed, and that writes fail with the right error.
fn serves_reads_only(store: &dyn Store) {
    eventually("the store is read-only", || is_read_only(store));
    assert_eq!(
        read(store, |s| Ok(s.users().list(&all_users())?))
            .unwrap()
            .items
            .len(),
        1
    );
    let new = new_user("Eve", "eve@example.org");
    let deadline = Instant::now() + Duration::from_secs(10);
    let ending = block_on(store.write(deadline, move |s| Ok(s.users().insert(&new, at(1))?)));
    assert!(
        matches!(ending, Err(AppError::Unavailable(Unavailable::Database(_)))),
        "{ending:?}"
    );
}

fn a_store_is_read_only_while_its_server_is(engine: Engine) {
    let Some(mut server) = dedicated(engine, &[]) else {
        return;
    };
    let fixture = ServerFixture::on(&server, &options(2, 16));
    let store = fixture.store();
    add_user(&*store, "Ada", "ada@example.org");
    let variables: &[&str] = match engine {
        Engine::MariaDb => &["read_only"],
        Engine::MySql => &["read_only", "super_read_only"],
    };
    let mut admin = server.admin();
    for variable in variables {
        admin.run(&format!("SET GLOBAL {variable} = 1"));
        serves_reads_only(&*store);
        // Ends both states.
        admin.run("SET GLOBAL read_only = 0");
        eventually("the store is ready", || is_ready(&*store));
    }
    if engine == Engine::MySql {
        offline_mode(&mut admin, &fixture, &*store);
    }
    server.stop();
    server.add_option("--innodb-read-only=ON");
    server.run();
    serves_reads_only(&*store);
    server.stop();
    server.remove_option();
    server.run();
    eventually("the store is ready", || is_ready(&*store));
    add_user(&*store, "Eve", "eve@example.org");
}

/// Error 3032.
fn offline_mode(admin: &mut Admin, fixture: &ServerFixture, store: &dyn Store) {
    admin.run("SET GLOBAL offline_mode = 1");
    eventually("the store is not ready", || {
        matches!(store.health().readiness, Readiness::Unreachable(_))
    });
    let ending = read(store, |s| Ok(s.users().list(&all_users())?));
    assert!(
        matches!(ending, Err(AppError::Unavailable(_))),
        "{ending:?}"
    );
    // A service that is started meanwhile waits.
    let waits = ServerFixture::open(&fixture.schema.url_text(""), &options(1, 16));
    assert!(!is_ready(&*waits.store()));
    admin.run("SET GLOBAL offline_mode = 0");
    for store in [&*waits.store(), store] {
        eventually("the store is ready", || is_ready(store));
    }
    waits.close();
}

fn a_read_only_default_of_transactions_does_not_prevent_writes(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let mut fixture = ServerFixture::on(&server, &options(2, 16));
    fixture.close();
    let read_only = match engine {
        Engine::MariaDb => "tx_read_only",
        Engine::MySql => "transaction_read_only",
    };
    let mut admin = server.admin();
    admin.run(&format!(
        "SET GLOBAL {read_only} = 1, GLOBAL completion_type = 2"
    ));
    let database = ServerFixture::open(&fixture.schema.url_text(""), &options(2, 16));
    for number in 0..3 {
        add_user(
            &*database.store(),
            "Ada",
            &format!("ada{number}@example.org"),
        );
    }
    database.close();
}
