//! Connections that are cut before, during and after a commit: no write that failed was
//! stored, every write that succeeded was, and none twice.

use byline_application::{AppError, Store, crud};

use crate::support::servers::{Engine, Moment, Proxy, on_each_server, shared};
use crate::support::{
    ServerFixture, all_users, anyone, at, block_on, eventually, new_user, options, soon,
};

on_each_server! {
    a_creation_is_stored_once,
    a_transaction_is_stored_once,
    a_transaction_cut_before_its_commit_is_stored_once,
    a_read_is_repeated,
    a_conflict_is_reported_although_the_connection_is_cut,
    an_outcome_that_is_not_resolved_by_the_deadline_is_unknown,
}

const ROUNDS: usize = 100;

/// Cuts the connection around `command` while `work` adds one user. Asserts that the
/// result is a success, and that the user is stored once.
fn cut(engine: Engine, command: &str, work: impl Fn(&dyn Store, String) -> Result<(), AppError>) {
    let Some(server) = shared(engine) else {
        return;
    };
    let mut fixture = ServerFixture::on(server, &options(1, 16));
    fixture.close();
    let proxy = Proxy::to(server.port());
    let url = fixture
        .schema
        .url_text_at(proxy.port(), "?ssl-mode=DISABLED");
    let database = ServerFixture::open(&url, &options(2, 16));
    let store = database.store();
    let mut admin = fixture.schema.admin();
    for moment in Moment::ALL {
        for round in 0..ROUNDS {
            let email = format!("{moment:?}{round}@example.org").to_lowercase();
            let before = proxy.cuts();
            proxy.cut(command, moment);
            let ending = work(&*store, email.clone());
            assert_eq!(proxy.cuts(), before + 1, "the connection was not cut");
            let there = admin.number(&format!(
                "SELECT count(*) FROM users WHERE email_key = '{email}'"
            ));
            assert!(ending.is_ok(), "{moment:?}: {ending:?}");
            assert_eq!(there, 1, "{moment:?}");
            // Retries are limited to a share of the jobs.
            for _ in 0..20 {
                block_on(store.read(soon(), move |s| Ok(s.users().list(&all_users())?))).unwrap();
            }
        }
    }
    database.close();
}

fn a_creation_is_stored_once(engine: Engine) {
    cut(engine, "EXECUTE INSERT INTO `users`", |store, email| {
        let new = new_user("Ada", &email);
        let work =
            move |s: &mut dyn byline_application::Session| crud::create(s, &anyone(), &new, at(1));
        let created = block_on(store.create(soon(), work))?;
        let found = block_on(store.read(soon(), move |s| Ok(s.users().find(created.id)?)))?;
        assert_eq!(found.unwrap().fields.email.as_str(), email);
        Ok(())
    });
}

fn a_transaction_is_stored_once(engine: Engine) {
    cut(engine, "QUERY COMMIT", |store, email| {
        let new = new_user("Ada", &email);
        let created = block_on(store.write(soon(), move |s| {
            let ada = s.users().insert(&new, at(1))?;
            let mut changed = ada.clone();
            changed.version = ada.version.next().unwrap();
            assert!(s.users().update(&changed, ada.version)?);
            Ok(changed)
        }))?;
        let id = created.id;
        let found = block_on(store.read(soon(), move |s| Ok(s.users().find(id)?)))?;
        assert_eq!(found, Some(created));
        Ok(())
    });
}

fn a_transaction_cut_before_its_commit_is_stored_once(engine: Engine) {
    cut(engine, "EXECUTE INSERT INTO `users`", |store, email| {
        let new = new_user("Ada", &email);
        block_on(store.write(soon(), move |s| Ok(s.users().insert(&new, at(1))?)))?;
        Ok(())
    });
}

fn a_read_is_repeated(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let mut fixture = ServerFixture::on(server, &options(1, 16));
    fixture.close();
    let proxy = Proxy::to(server.port());
    let url = fixture
        .schema
        .url_text_at(proxy.port(), "?ssl-mode=DISABLED");
    let database = ServerFixture::open(&url, &options(2, 16));
    let store = database.store();
    let list = || block_on(store.read(soon(), move |s| Ok(s.users().list(&all_users())?)));
    list().unwrap();
    for moment in Moment::ALL {
        proxy.cut("EXECUTE SELECT `users`", moment);
        list().unwrap();
    }
    assert_eq!(proxy.cuts(), 3);
    database.close();
}

fn a_conflict_is_reported_although_the_connection_is_cut(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let mut fixture = ServerFixture::on(server, &options(1, 16));
    fixture.close();
    let proxy = Proxy::to(server.port());
    let url = fixture
        .schema
        .url_text_at(proxy.port(), "?ssl-mode=DISABLED");
    let database = ServerFixture::open(&url, &options(2, 16));
    let store = database.store();
    let create = || {
        let new = new_user("Ada", "ada@example.org");
        block_on(store.create(soon(), move |s| crud::create(s, &anyone(), &new, at(1))))
    };
    create().unwrap();
    for moment in Moment::ALL {
        proxy.cut("EXECUTE INSERT INTO `users`", moment);
        let ending = create();
        assert!(matches!(ending, Err(AppError::Conflict(_))), "{ending:?}");
    }
    assert_eq!(proxy.cuts(), 3);
    database.close();
}

fn an_outcome_that_is_not_resolved_by_the_deadline_is_unknown(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let mut fixture = ServerFixture::on(server, &options(1, 16));
    fixture.close();
    let proxy = Proxy::to(server.port());
    let url = fixture
        .schema
        .url_text_at(proxy.port(), "?ssl-mode=DISABLED");
    let database = ServerFixture::open(&url, &options(2, 16));
    let store = database.store();
    let (in_job, job_runs) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    let ending = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let new = new_user("Ada", "ada@example.org");
            block_on(store.write(deadline, move |s| {
                s.users().insert(&new, at(1))?;
                in_job.send(()).unwrap();
                may_go_on.lock().unwrap().recv().unwrap();
                Ok(())
            }))
        });
        job_runs.recv().unwrap();
        proxy.go_silent();
        go_on.send(()).unwrap();
        writer.join().unwrap()
    });
    assert!(
        matches!(ending, Err(AppError::OutcomeUnknown(_))),
        "{ending:?}"
    );
    proxy.speak();
    eventually("the store is ready again", || {
        matches!(
            store.health().readiness,
            byline_application::Readiness::Ready
        )
    });
    database.close();
}
