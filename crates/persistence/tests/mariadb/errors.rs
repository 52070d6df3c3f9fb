//! Every class of errors, caused on a server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use byline_application::idempotency::{self, Answer, IdempotentRequest};
use byline_application::{
    AppError, Conflict, Credential, Digest, Readiness, RepositoryError, Unavailable, crud,
};

use crate::support::servers::{Admin, Engine, Proxy, dedicated, on_each_server, shared};
use crate::support::{
    ServerFixture, add_user, anyone, at, block_on, eventually, new_user, options, read, soon, write,
};

on_each_server! {
    a_job_that_lost_a_deadlock_is_run_again,
    a_lock_timeout_is_a_conflict,
    a_key_of_a_slow_request_is_in_use,
    a_killed_connection_is_replaced,
    a_read_only_server_refuses_writes_and_serves_reads,
    a_store_waits_for_a_server_with_too_many_connections,
    a_server_with_too_many_statements_is_unavailable,
    a_violated_rule_of_the_schema_is_an_internal_error_without_the_account,
    the_texts_of_the_server_are_those_that_are_searched_for,
}

/// Returns the error's text and those of its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn a_job_that_lost_a_deadlock_is_run_again(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let ada = add_user(&*store, "Ada", "ada@example.org");
    let bob = add_user(&*store, "Bob", "bob@example.org");
    let both_hold_one = Arc::new(Barrier::new(2));
    let runs = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let swap = |[one, other]: [byline_domain::User; 2]| {
        let (barrier, runs, seen) = (both_hold_one.clone(), runs.clone(), seen.clone());
        let store = store.clone();
        move || {
            write(&*store, move |s| {
                let run = runs.fetch_add(1, Ordering::SeqCst);
                let touch = |s: &mut dyn byline_application::Session, id| {
                    let user = s.users().find(id)?.unwrap();
                    let mut changed = user.clone();
                    changed.version = user.version.next().unwrap();
                    s.users().update(&changed, user.version)
                };
                touch(s, one.id)?;
                if run < 2 {
                    barrier.wait();
                }
                touch(s, other.id).inspect_err(|error| {
                    seen.lock().unwrap().push(chain(error));
                })?;
                Ok(())
            })
        }
    };
    let (left, right) = (swap([ada.clone(), bob.clone()]), swap([bob, ada]));
    thread::scope(|scope| {
        let left = scope.spawn(left);
        let right = scope.spawn(right);
        left.join().unwrap().unwrap();
        right.join().unwrap().unwrap();
    });
    let seen = seen.lock().unwrap();
    assert!(
        seen.iter().any(|text| text.contains("Deadlock found")),
        "{seen:?}"
    );
    assert!(runs.load(Ordering::SeqCst) >= 3);
}

fn a_lock_timeout_is_a_conflict(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let ada = add_user(&*store, "Ada", "ada@example.org");
    let mut admin = fixture.schema.admin();
    admin.run("START TRANSACTION");
    admin.run("UPDATE users SET name = 'Eve'");
    let admin = Mutex::new(admin);
    let seen = Mutex::new(Vec::new());
    let seen = Arc::new(seen);
    let texts = Arc::clone(&seen);
    let updated = write(&*store, move |s| {
        let mut changed = ada.clone();
        changed.version = ada.version.next().unwrap();
        let updated = s.users().update(&changed, ada.version);
        if let Err(error) = &updated {
            assert!(
                matches!(error, RepositoryError::LockTimeout(_)),
                "{error:?}"
            );
            texts.lock().unwrap().push(chain(error));
            admin.lock().unwrap().run("ROLLBACK");
        }
        Ok(updated?)
    });
    assert!(updated.unwrap());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].contains("Lock wait timeout exceeded"), "{seen:?}");
}

fn a_key_of_a_slow_request_is_in_use(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let claim = || IdempotentRequest::new(&Credential::NotAsked, "key", Digest::of(&[b"request"]));
    let (first, second) = (claim(), claim());
    let (claimed, wait_for_claim) = mpsc::channel();
    let (release, wait_for_release) = mpsc::channel::<()>();
    let wait_for_release = Mutex::new(wait_for_release);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            write(&*store, move |s| {
                idempotency::once(s, &first, at(1), |_| {
                    claimed.send(()).unwrap();
                    wait_for_release.lock().unwrap().recv().unwrap();
                    Ok(b"done".to_vec())
                })
            })
        });
        wait_for_claim.recv().unwrap();
        let again = second.clone();
        let other = write(&*store, move |s| {
            idempotency::once(s, &again, at(1), |_| panic!("the work was done twice"))
        });
        assert!(
            matches!(other, Err(AppError::Conflict(Conflict::KeyInUse))),
            "{other:?}"
        );
        release.send(()).unwrap();
        one.join().unwrap().unwrap();
    });
    let replayed = write(&*store, move |s| {
        idempotency::once(s, &second, at(1), |_| panic!("the work was done twice"))
    });
    assert_eq!(replayed.unwrap(), Answer::Replayed(b"done".to_vec()));
}

fn a_killed_connection_is_replaced(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let ada = add_user(&*store, "Ada", "ada@example.org");
    let mut admin = fixture.schema.admin();
    let user = &fixture.schema.name;
    let ids = admin.column(&format!(
        "SELECT id FROM information_schema.processlist WHERE user = '{user}'"
    ));
    for id in ids {
        drop(admin.try_run(&format!("KILL CONNECTION {id}")));
    }
    for _ in 0..5 {
        eventually("the connection is replaced", || {
            let id = ada.id;
            match read(&*store, move |s| Ok(s.users().find(id)?)) {
                Ok(found) => found.is_some(),
                // On a busy machine, the login may exceed its time limit.
                Err(AppError::Unavailable(_)) => false,
                Err(other) => panic!("{other:?}"),
            }
        });
    }
}

/// On MariaDB only: MySQL's limit (`max_execution_time`) is for reads.
#[test]
fn a_write_that_exceeds_the_time_limit_of_mariadb_is_unavailable() {
    let Some(fixture) = ServerFixture::of(Engine::MariaDb) else {
        return;
    };
    let store = fixture.store();
    let mut admin = fixture.schema.admin();
    admin.run("CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW DO SLEEP(60)");
    let new = new_user("Ada", "ada@example.org");
    let ending = block_on(store.create(soon(), move |s| crud::create(s, &anyone(), &new, at(1))));
    let Err(AppError::Unavailable(Unavailable::Database(cause))) = ending else {
        panic!("{ending:?}");
    };
    assert!(cause.to_string().contains("max_statement_time"), "{cause}");
    admin.run("DROP TRIGGER slow");
    add_user(&*store, "Ada", "ada@example.org");
}

fn a_read_only_server_refuses_writes_and_serves_reads(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let fixture = ServerFixture::on(&server, &options(2, 16));
    let store = fixture.store();
    let ada = add_user(&*store, "Ada", "ada@example.org");
    server.admin().run("SET GLOBAL read_only = 1");
    let new = new_user("Bob", "bob@example.org");
    let work = move |s: &mut dyn byline_application::Session| Ok(s.users().insert(&new, at(1))?);
    for ending in [
        block_on(store.create(soon(), work.clone())),
        block_on(store.write(soon(), work.clone())),
    ] {
        let Err(AppError::Unavailable(Unavailable::Database(cause))) = ending else {
            panic!("{ending:?}");
        };
        assert!(chain(&*cause).contains("--read-only"), "{cause}");
    }
    let id = ada.id;
    assert!(
        read(&*store, move |s| Ok(s.users().find(id)?))
            .unwrap()
            .is_some()
    );
    server.admin().run("SET GLOBAL read_only = 0");
    block_on(store.create(soon(), work)).unwrap();
}

fn a_store_waits_for_a_server_with_too_many_connections(engine: Engine) {
    let Some(server) = dedicated(engine, &["--max-connections=10"]) else {
        return;
    };
    let mut fixture = ServerFixture::on(&server, &options(1, 16));
    fixture.close();
    let schema = &fixture.schema;
    let proxy = Proxy::to(server.port());
    eventually("all places are taken", || {
        // The last connection is reserved for an administrator.
        let mut crowd: Vec<_> = (0..11)
            .map_while(|_| Admin::connect(&schema.socket, None).ok())
            .collect();
        if crowd.len() < 11 {
            return false;
        }
        let url = schema.url_text_at(proxy.port(), "?ssl-mode=DISABLED");
        let database = ServerFixture::open(&url, &options(1, 16));
        let store = database.store();
        let Readiness::Unreachable(cause) = store.health().readiness else {
            panic!("ready");
        };
        assert!(cause.to_string().contains("1040"), "{cause}");
        let ending = read(&*store, |_| Ok(()));
        assert!(matches!(
            ending,
            Err(AppError::Unavailable(Unavailable::Database(_)))
        ));
        crowd.clear();
        eventually("the store is ready", || {
            matches!(store.health().readiness, Readiness::Ready)
        });
        add_user(&*store, "Ada", "ada@example.org");
        database.close();
        true
    });
}

fn a_server_with_too_many_statements_is_unavailable(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let fixture = ServerFixture::on(&server, &options(1, 16));
    let store = fixture.store();
    server.admin().run("SET GLOBAL max_prepared_stmt_count = 0");
    let new = new_user("Ada", "ada@example.org");
    let work = move |s: &mut dyn byline_application::Session| Ok(s.users().insert(&new, at(1))?);
    let ending = block_on(store.create(soon(), work.clone()));
    assert!(
        matches!(ending, Err(AppError::Unavailable(Unavailable::Database(_)))),
        "{ending:?}"
    );
    server
        .admin()
        .run("SET GLOBAL max_prepared_stmt_count = 16382");
    eventually("the store works again", || {
        block_on(store.create(soon(), work.clone())).is_ok()
    });
}

fn a_violated_rule_of_the_schema_is_an_internal_error_without_the_account(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let name = &fixture.schema.name;
    let mut admin = shared(engine).unwrap().admin();
    let ada = add_user(&*store, "Ada", "ada@example.org");
    let from = ada.version;
    let broken = write(&*store, move |s| {
        let mut broken = ada.clone();
        broken.updated_at = at(0);
        Ok(s.users().update(&broken, from)?)
    });
    assert!(matches!(broken, Err(AppError::Internal(_))), "{broken:?}");
    admin.run(&format!("REVOKE INSERT ON {name}.* FROM {name}"));
    let new = new_user("Bob", "bob@example.org");
    // A connection has the rights that its account had at the login.
    let database = ServerFixture::open(&fixture.schema.url_text(""), &options(1, 16));
    let store = database.store();
    let denied = block_on(store.create(soon(), move |s| Ok(s.users().insert(&new, at(1))?)));
    database.close();
    let Err(AppError::Internal(cause)) = denied else {
        panic!("{denied:?}");
    };
    let text = chain(&*cause);
    assert!(text.contains("INSERT command denied"), "{text}");
    assert!(
        !text.contains("127.0.0.1") && !text.contains(&format!("'{name}'")),
        "{text}"
    );
}

/// Returns the error of the server: number, SQLSTATE and text.
fn refused(admin: &mut Admin, sql: &str) -> (u16, String, String) {
    match admin.try_run(sql) {
        Err(mysql_async::Error::Server(error)) => (error.code, error.state, error.message),
        other => panic!("{sql}: {other:?}"),
    }
}

/// The texts that `mysql/errors.rs` relies on, because the driver hides the numbers.
fn the_texts_of_the_server_are_those_that_are_searched_for(engine: Engine) {
    let Some(fixture) = ServerFixture::of(engine) else {
        return;
    };
    let store = fixture.store();
    let ada = add_user(&*store, "Ada", "ada@example.org");
    let bob = add_user(&*store, "Bob", "bob@example.org");
    let (ada, bob) = (ada.id.get(), bob.id.get());
    let mut admin = fixture.schema.admin();
    let hash = format!("x'{}'", "ab".repeat(32));
    let other = format!("x'{}'", "cd".repeat(32));
    for statement in [
        format!("INSERT INTO posts VALUES (1, {ada}, 'T', '', 1, 1, 1, NULL)"),
        format!("INSERT INTO idempotency_keys VALUES (1, {hash}, {hash}, NULL, 1)"),
        format!("INSERT INTO identities VALUES (1, {hash}, {ada}, 1)"),
    ] {
        admin.run(&statement);
    }
    // MySQL puts the table before the key.
    let of = |table: &str, key: &str| match engine {
        Engine::MariaDb => format!("for key '{key}'"),
        Engine::MySql => format!("for key '{table}.{key}'"),
    };
    for (statement, end) in [
        (
            "INSERT INTO users VALUES (90, 'A', 'Ada@example.org', 'ada@example.org', 1, 1, 1, NULL)".to_owned(),
            of("users", "users_email_key"),
        ),
        (
            format!("INSERT INTO users VALUES ({ada}, 'A', 'x@example.org', 'x@example.org', 1, 1, 1, NULL)"),
            of("users", "PRIMARY"),
        ),
        (
            format!("INSERT INTO idempotency_keys VALUES (2, {hash}, {hash}, NULL, 1)"),
            of("idempotency_keys", "idempotency_keys_key_hash"),
        ),
        (
            format!("INSERT INTO identities VALUES (2, {hash}, {bob}, 1)"),
            of("identities", "identities_identity_hash"),
        ),
        (
            format!("INSERT INTO identities VALUES (2, {other}, {ada}, 1)"),
            of("identities", "identities_user_id"),
        ),
    ] {
        let (code, state, text) = refused(&mut admin, &statement);
        assert_eq!((code, state.as_str()), (1062, "23000"), "{text}");
        assert!(text.ends_with(&end), "{text}");
    }
    let (check, of_checks) = match engine {
        Engine::MariaDb => (4025, "23000"),
        Engine::MySql => (3819, "HY000"),
    };
    for (statement, code, state) in [
        (
            "INSERT INTO posts VALUES (2, 999, 'T', '', 1, 1, 1, NULL)".to_owned(),
            1452,
            "23000",
        ),
        (format!("DELETE FROM users WHERE id = {ada}"), 1451, "23000"),
        (
            format!("UPDATE users SET id = 77 WHERE id = {ada}"),
            1451,
            "23000",
        ),
        (
            "UPDATE users SET updated_at = 0".to_owned(),
            check,
            of_checks,
        ),
        (
            format!("UPDATE users SET email_key = 'Ada@example.org' WHERE id = {ada}"),
            check,
            of_checks,
        ),
        ("UPDATE users SET name = ''".to_owned(), check, of_checks),
    ] {
        let (found, found_state, text) = refused(&mut admin, &statement);
        assert_eq!((found, found_state.as_str()), (code, state), "{text}");
    }
    // Both refuse invalid UTF-8, for different reasons.
    let (code, _, _) = refused(&mut admin, "UPDATE users SET name = x'ff'");
    assert!([1300, check].contains(&code), "{code}");
    let (code, state, text) = refused(&mut admin, "SELECT * FROM absent");
    assert_eq!((code, state.as_str()), (1146, "42S02"));
    assert!(
        text.starts_with("Table '") && text.ends_with("doesn't exist"),
        "{text}"
    );
}
