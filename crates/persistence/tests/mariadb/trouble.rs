//! Servers that are down, restarted, frozen, or out of reach.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use byline_application::{AppError, Readiness, Store, Unavailable};

use crate::support::servers::{Engine, Proxy, dedicated, on_each_server};
use crate::support::{ServerFixture, add_user, all_users, block_on, eventually, options, read};

on_each_server! {
    a_store_waits_for_a_server_that_is_down_at_the_start,
    a_restart_under_load_causes_no_storm_of_connections,
    a_frozen_server_delays_no_job_beyond_its_deadline,
    a_silent_network_delays_no_job_beyond_its_deadline,
    prepared_statements_on_the_server_are_bounded,
}

fn is_ready(store: &dyn Store) -> bool {
    matches!(store.health().readiness, Readiness::Ready)
}

fn list(store: &dyn Store, patience: Duration) -> Result<usize, AppError> {
    let deadline = Instant::now() + patience;
    let page = block_on(store.read(deadline, move |s| Ok(s.users().list(&all_users())?)));
    page.map(|page| page.items.len())
}

fn is_unavailable<T>(ending: &Result<T, AppError>) -> bool {
    matches!(ending, Err(AppError::Unavailable(_)))
}

fn a_store_waits_for_a_server_that_is_down_at_the_start(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let mut fixture = ServerFixture::on(&server, &options(2, 16));
    fixture.close();
    server.stop();
    let database = ServerFixture::open(&fixture.schema.url_text(""), &options(2, 16));
    let store = database.store();
    assert!(!is_ready(&*store));
    let ending = list(&*store, Duration::from_secs(30));
    assert!(is_unavailable(&ending), "{ending:?}");
    server.run();
    eventually("the store is ready", || is_ready(&*store));
    add_user(&*store, "Ada", "ada@example.org");
    assert_eq!(list(&*store, Duration::from_secs(30)).unwrap(), 1);
    database.close();
}

fn a_restart_under_load_causes_no_storm_of_connections(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let mut fixture = ServerFixture::on(&server, &options(1, 16));
    fixture.close();
    let proxy = Proxy::to(server.port());
    let url = fixture
        .schema
        .url_text_at(proxy.port(), "?ssl-mode=DISABLED");
    let database = ServerFixture::open(&url, &options(4, 64));
    let store = database.store();
    let over = AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    match list(&*store, Duration::from_secs(5)) {
                        Ok(_) => _ = served.fetch_add(1, Ordering::SeqCst),
                        Err(AppError::Unavailable(_)) => std::thread::yield_now(),
                        Err(other) => panic!("{other:?}"),
                    }
                }
            });
        }
        for _ in 0..3 {
            let before = served.load(Ordering::SeqCst);
            eventually("jobs are served", || {
                served.load(Ordering::SeqCst) > before + 20
            });
            server.stop();
            eventually("the store knows", || !is_ready(&*store));
            let attempts = proxy.connections();
            let down = Instant::now();
            // Longer than any pause between two attempts to connect.
            eventually("the probe has knocked", || {
                proxy.connections() >= attempts + 4
            });
            let attempts = proxy.connections() - attempts;
            let most = usize::try_from(down.elapsed().as_millis() / 100).unwrap() + 8;
            assert!(attempts <= most, "{attempts} attempts, {most} at most");
            server.run();
            let before = served.load(Ordering::SeqCst);
            eventually("jobs are served again", || {
                served.load(Ordering::SeqCst) > before
            });
        }
        over.store(true, Ordering::SeqCst);
    });
    database.close();
}

/// Asserts that no job waits beyond its deadline while the server is silent, and that
/// the store works afterwards.
fn silent(store: &dyn Store, hush: impl Fn(), speak: impl Fn()) {
    let patience = Duration::from_secs(2);
    for _ in 0..2 {
        list(store, patience).unwrap();
        hush();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let ending = list(store, patience);
                    assert!(is_unavailable(&ending), "{ending:?}");
                });
            }
        });
        eventually("the store knows", || !is_ready(store));
        let begun = Instant::now();
        let ending = list(store, Duration::from_secs(3600));
        assert!(
            matches!(ending, Err(AppError::Unavailable(Unavailable::Database(_)))),
            "{ending:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(60), "it waited");
        speak();
        eventually("the store is ready", || is_ready(store));
        eventually("jobs are served", || list(store, patience).is_ok());
    }
}

fn a_frozen_server_delays_no_job_beyond_its_deadline(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let fixture = ServerFixture::on(&server, &options(3, 64));
    silent(&*fixture.store(), || server.freeze(), || server.thaw());
}

fn a_silent_network_delays_no_job_beyond_its_deadline(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let mut fixture = ServerFixture::on(&server, &options(1, 16));
    fixture.close();
    let proxy = Proxy::to(server.port());
    let url = fixture
        .schema
        .url_text_at(proxy.port(), "?ssl-mode=DISABLED");
    let database = ServerFixture::open(&url, &options(3, 64));
    silent(&*database.store(), || proxy.go_silent(), || proxy.speak());
    database.close();
}

fn prepared_statements_on_the_server_are_bounded(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let fixture = ServerFixture::on(&server, &options(3, 64));
    let store = fixture.store();
    for number in 0..50 {
        add_user(&*store, "Ada", &format!("ada{number}@example.org"));
        read(&*store, |s| Ok(s.users().list(&all_users())?)).unwrap();
    }
    let held: Vec<(String, u64)> = server
        .admin()
        .rows("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    let held = held[0].1;
    // Three workers, the sweeper and the probe.
    assert!(held <= 5 * 10, "{held}");
}
