//! Writes that block on the server: each ends with its request, on the server, too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::{AppError, Store};

use crate::support::servers::{Engine, on_each_server};
use crate::support::{ServerFixture, add_user, at, block_on, eventually, new_user};

on_each_server! {
    a_write_behind_a_locked_table_ends_with_its_request,
    a_write_in_a_slow_trigger_ends_with_its_request,
}

/// Submits writes of both kinds while the server blocks them for minutes. Asserts that
/// none of them is left on the server.
fn end_with_their_requests(fixture: &ServerFixture, store: &Arc<dyn Store>) {
    let patience = Duration::from_secs(2);
    for number in 0..2 {
        let new = new_user("Eve", &format!("eve{number}@example.org"));
        let deadline = Instant::now() + patience;
        let work =
            move |s: &mut dyn byline_application::Session| Ok(s.users().insert(&new, at(1))?);
        let ending = match number {
            0 => block_on(store.create(deadline, work)),
            _ => block_on(store.write(deadline, work)),
        };
        // The server reports that the statement was interrupted, so the outcome is known.
        // On a busy machine, the report may come too late.
        assert!(
            matches!(
                ending,
                Err(AppError::Unavailable(_) | AppError::OutcomeUnknown(_))
            ),
            "{ending:?}"
        );
    }
    let mut admin = fixture.schema.admin();
    let running = format!(
        "SELECT COUNT(*) FROM information_schema.processlist \
         WHERE user = '{}' AND command = 'Execute'",
        fixture.schema.name
    );
    eventually("no statement is left", || admin.number(&running) == 0);
}

fn a_write_behind_a_locked_table_ends_with_its_request(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let mut admin = fixture.schema.admin();
    admin.run("LOCK TABLES users WRITE");
    end_with_their_requests(&fixture, &store);
    admin.run("UNLOCK TABLES");
    // A write that still waits would come before this one.
    add_user(&*store, "Ada", "ada@example.org");
    assert_eq!(admin.number("SELECT COUNT(*) FROM users"), 1);
}

fn a_write_in_a_slow_trigger_ends_with_its_request(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let mut admin = fixture.schema.admin();
    // MariaDB's own limit would end the statement after five seconds. While a trigger
    // runs, the statement belongs to its definer, and only the definer may kill it.
    admin.run(&format!(
        "CREATE DEFINER = {}@'%' TRIGGER slow BEFORE INSERT ON users \
         FOR EACH ROW SET @slept = SLEEP(600)",
        fixture.schema.name
    ));
    end_with_their_requests(&fixture, &store);
    admin.run("DROP TRIGGER slow");
    add_user(&*store, "Ada", "ada@example.org");
    assert_eq!(admin.number("SELECT COUNT(*) FROM users"), 1);
}
