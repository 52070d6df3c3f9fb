//! Servers that may lose acknowledged commits, or cannot serve at all.

use byline_application::Readiness;
use byline_persistence::{Database, migrations};

use super::{DURABLE, refusal};
use crate::support::servers::{Engine, dedicated, on_each_server, shared};
use crate::support::{add_user, eventually, options};

on_each_server! {
    settings_that_lose_commits_are_refused_at_the_start_and_noticed_later,
    a_server_that_never_flushes_is_refused,
    hosts_with_stale_reads_are_refused,
}

fn settings_that_lose_commits_are_refused_at_the_start_and_noticed_later(engine: Engine) {
    let Some(server) = dedicated(engine, &DURABLE) else {
        return;
    };
    let schema = server.schema();
    let (full, relaxed) = (
        schema.url_text("?durability=FULL"),
        schema.url_text("?durability=RELAXED"),
    );
    migrations::migrate(&full.parse().unwrap()).unwrap();
    let database = Database::open(&full.parse().unwrap(), &options(2, 16)).unwrap();
    let store = database.store();
    add_user(&*store, "Ada", "ada@example.org");
    let mut admin = server.admin();
    for (name, bad) in [
        ("sync_binlog", "0"),
        ("sync_binlog", "100"),
        ("innodb_flush_log_at_trx_commit", "0"),
        ("innodb_flush_log_at_trx_commit", "2"),
    ] {
        admin.run(&format!("SET GLOBAL {name} = {bad}"));
        let text = refusal(&full);
        assert!(text.contains(&format!("{name} = {bad}")), "{text}");
        assert!(text.contains("durability=RELAXED"), "{text}");
        eventually("the store is not ready", || {
            matches!(store.health().readiness, Readiness::Unreachable(cause)
                if cause.to_string().contains(&format!("{name} = {bad}")))
        });
        let accepted = Database::open(&relaxed.parse().unwrap(), &options(1, 16)).unwrap();
        accepted.close();
        admin.run(&format!("SET GLOBAL {name} = 1"));
        eventually("the store is ready", || {
            matches!(store.health().readiness, Readiness::Ready)
        });
        add_user(&*store, "Ada", &format!("{name}{bad}@example.org"));
    }
    database.close();
    // A setting that makes every write fail is refused, whatever the URL accepts.
    for (name, bad, good) in [
        ("binlog_format", "STATEMENT", "ROW"),
        ("max_allowed_packet", "1048576", "16777216"),
    ] {
        admin.run(&format!("SET GLOBAL {name} = {bad}"));
        for url in [&full, &relaxed] {
            let text = refusal(url);
            assert!(text.contains(&format!("{name} = {bad}")), "{text}");
        }
        admin.run(&format!("SET GLOBAL {name} = {good}"));
    }
    Database::open(&full.parse().unwrap(), &options(1, 16))
        .unwrap()
        .close();
}

fn a_server_that_never_flushes_is_refused(engine: Engine) {
    let Some(server) = shared(engine) else { return };
    let schema = server.schema();
    for durability in ["FULL", "TRUSTED_STORAGE"] {
        let text = refusal(&schema.url_text(&format!("?durability={durability}")));
        assert!(text.contains("innodb_flush_method = nosync"), "{text}");
    }
}

fn hosts_with_stale_reads_are_refused(engine: Engine) {
    let Some(server) = shared(engine) else { return };
    let schema = server.schema();
    let one = format!("127.0.0.1:{}", server.port());
    let two = format!("{one},localhost:{}", server.port());
    let url = schema.url_text("?read-hosts=any&durability=RELAXED");
    let text = refusal(&url.replace(&one, &two));
    assert!(text.contains("read-hosts=any"), "{text}");
    migrations::migrate(&schema.url()).unwrap();
    // Reads go to the host that writes.
    for url in [
        url.clone(),
        url.replace(&one, &two).replace("=any", "=first"),
    ] {
        Database::open(&url.parse().unwrap(), &options(1, 16))
            .unwrap()
            .close();
    }
}
