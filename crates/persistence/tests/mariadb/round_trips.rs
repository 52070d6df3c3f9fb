//! The number of commands per job.

use byline_application::Store;

use crate::support::servers::{Engine, Proxy, on_each_server, shared};
use crate::support::{
    ServerFixture, add_user, all_users, at, block_on, new_user, options, read, soon, write,
};

on_each_server! {
    a_statement_is_one_command,
    an_insert_is_one_command_with_returning_and_two_without,
    a_transaction_adds_two_commands,
    statements_are_prepared_once_per_connection,
}

/// Returns the commands of `work` once its statements are prepared.
fn cost(proxy: &Proxy, mut work: impl FnMut()) -> Vec<String> {
    // One thread runs writes and one runs reads; each prepares its own statements.
    for _ in 0..3 {
        work();
    }
    drop(proxy.take_commands());
    work();
    let mut commands = proxy.take_commands();
    // Without those of the probe and of the sweeper.
    commands.retain(|command| {
        !command.contains("__diesel_schema_migrations")
            && !command.contains("releases")
            && !command.contains("SHOW ")
            && !command.contains(" SET SESSION ")
            && !command.starts_with("EXECUTE SET ")
            && !command.starts_with("PREPARE ")
            && !command.contains("DELETE FROM write_attempts")
            && command != "CLOSE"
    });
    commands
}

fn lone_worker(engine: Engine, proxy: &Proxy, test: impl FnOnce(&dyn Store)) {
    let server = shared(engine).unwrap();
    let fixture = ServerFixture::on(server, &options(1, 16));
    let url = fixture
        .schema
        .url_text_at(proxy.port(), "?ssl-mode=DISABLED");
    let database = ServerFixture::open(&url, &options(1, 16));
    test(&*database.store());
    database.close();
}

fn create(store: &dyn Store, number: &mut u32) {
    *number += 1;
    let new = new_user("Ada", &format!("ada{number}@example.org"));
    let created = block_on(store.create(soon(), move |s| Ok(s.users().insert(&new, at(1))?)));
    let created = created.unwrap();
    let id = created.id;
    let found = read(store, move |s| Ok(s.users().find(id)?));
    assert_eq!(found.unwrap(), Some(created));
}

fn a_statement_is_one_command(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let proxy = Proxy::to(server.port());
    lone_worker(engine, &proxy, |store| {
        let ada = add_user(store, "Ada", "ada@example.org");
        let found = cost(&proxy, || {
            let found = read(store, move |s| Ok(s.users().find(ada.id)?));
            assert!(found.unwrap().is_some());
        });
        assert_eq!(found.len(), 1, "{found:#?}");
        let listed = cost(&proxy, || {
            read(store, move |s| Ok(s.users().list(&all_users())?)).unwrap();
        });
        assert_eq!(listed.len(), 1, "{listed:#?}");
    });
}

/// Without RETURNING, which MySQL lacks, a SELECT reads the row.
fn an_insert_is_one_command_with_returning_and_two_without(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let proxy = Proxy::to(server.port());
    lone_worker(engine, &proxy, |store| {
        let mut number = 0;
        let created = cost(&proxy, || create(store, &mut number));
        assert!(created[0].starts_with("EXECUTE INSERT"), "{created:#?}");
        let returns = created[0].contains("RETURNING");
        assert_eq!(returns, engine == Engine::MariaDb, "{created:#?}");
        if !returns {
            assert!(created[1].contains("last_insert_id"), "{created:#?}");
        }
        let expected = if returns { 1 + 1 } else { 2 + 1 };
        assert_eq!(created.len(), expected, "{created:#?}");
    });
}

fn a_transaction_adds_two_commands(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let proxy = Proxy::to(server.port());
    lone_worker(engine, &proxy, |store| {
        let ada = add_user(store, "Ada", "ada@example.org");
        let (id, mut version) = (ada.id, ada.version);
        let changed = cost(&proxy, || {
            let from = version;
            version = version.next().unwrap();
            let next = version;
            let changed = write(store, move |s| {
                let mut user = s.users().find(id)?.unwrap();
                user.version = next;
                Ok(s.users().update(&user, from)?)
            });
            assert!(changed.unwrap());
        });
        assert_eq!(changed.len(), 2 + 2, "{changed:#?}");
    });
}

fn statements_are_prepared_once_per_connection(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let proxy = Proxy::to(server.port());
    lone_worker(engine, &proxy, |store| {
        let mut number = 0;
        let mut prepared = 0;
        for _ in 0..200 {
            create(store, &mut number);
            read(store, move |s| Ok(s.users().list(&all_users())?)).unwrap();
        }
        for command in proxy.take_commands() {
            if command.starts_with("PREPARE") && command.contains("`users`") {
                prepared += 1;
            }
        }
        assert_eq!(prepared, 3, "insert, find, list");
    });
}
