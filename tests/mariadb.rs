//! The service on a server, MariaDB or MySQL.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::repeats::assert_one_effect_each;
use crate::support::servers::{self, Engine, on_each_server};
use crate::support::{Client, Ended, Sandbox, Server, eventually};

on_each_server! {
    migrations_run_by_hand_and_once,
    the_service_starts_before_its_database,
    a_frozen_database_holds_nobody,
    a_key_has_one_effect_over_two_instances,
}

struct Setup {
    server: servers::Server,
    url: String,
    sandbox: Sandbox,
}

/// A database that nobody has migrated.
fn setup(engine: Engine) -> Option<Setup> {
    let server = servers::dedicated(engine, &[])?;
    let url = server.schema().url_text("");
    let sandbox = Sandbox::new();
    Some(Setup {
        server,
        url,
        sandbox,
    })
}

impl Setup {
    fn migrate(&self) {
        Ended::well(self.bylinectl(&["migrate"]));
    }

    fn bylinectl(&self, arguments: &[&str]) -> std::process::Command {
        let mut bylinectl = self.sandbox.bylinectl(arguments);
        bylinectl.env("DATABASE_URL", &self.url);
        bylinectl
    }

    fn byline(&self) -> std::process::Command {
        let mut byline = self.sandbox.byline();
        byline.env("DATABASE_URL", &self.url);
        byline.env("BYLINE_REQUEST_DEADLINE", "2s");
        byline
    }

    /// That nothing tells where the database is and how to get in.
    fn keeps_its_secrets(&self, text: &str) {
        let port = self.server.port().to_string();
        for secret in ["p%3As%2Fw%40rd", "p:s/w@rd", "@127.0.0.1", port.as_str()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn a_host_name_that_does_not_resolve_is_said_to_be_that() {
    let sandbox = Sandbox::new();
    // RFC 6761 section 6.4: it never resolves.
    let url = "mysql://byline:hunter2@db.invalid/byline";
    let mut command = sandbox.bylinectl(&["migrate"]);
    command.env("DATABASE_URL", url);
    let ended = Ended::of(command);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let says = "the host name of the database server cannot be resolved";
    assert!(ended.stderr.contains(says), "{ended:?}");
    for secret in ["db.invalid", "hunter2"] {
        assert!(!ended.stderr.contains(secret), "{ended:?}");
    }
}

fn is_ready(client: &Client) -> bool {
    client.get("/readyz").status == 200
}

fn migrations_run_by_hand_and_once(engine: Engine) {
    let Some(setup) = setup(engine) else { return };
    let refused = Ended::of(setup.byline());
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("bylinectl migrate"), "{refused:?}");
    setup.keeps_its_secrets(&refused.stderr);
    let said: Vec<_> = thread::scope(|scope| {
        let many: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| Ended::well(setup.bylinectl(&["migrate"]))))
            .collect();
        many.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let applied = said
        .iter()
        .filter(|said| said.contains("v0.1.0_create_users"));
    assert_eq!(applied.count(), 1, "{said:?}");
    let server = Server::start(setup.byline());
    let answer = server.client().post(
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(is_ready(&server.client()));
}

fn the_service_starts_before_its_database(engine: Engine) {
    let Some(setup) = setup(engine) else { return };
    setup.migrate();
    setup.server.stop();
    let mut server = Server::start(setup.byline());
    let client = server.client();
    assert_eq!(client.get("/livez").status, 200);
    assert_eq!(client.get("/readyz").status, 503);
    let answer = client.get("/users");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    setup.server.run();
    eventually("the service is ready", || is_ready(&client));
    assert_eq!(client.get("/users").status, 200);
    let log = server.killed();
    setup.keeps_its_secrets(&log);
}

/// While the database says nothing, everybody is answered, and the service
/// grows neither threads nor memory.
fn a_frozen_database_holds_nobody(engine: Engine) {
    let Some(setup) = setup(engine) else { return };
    setup.migrate();
    let server = Server::start(setup.byline());
    let client = server.client();
    assert_eq!(client.get("/users").status, 200);
    let crowd = || {
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    let answer = server.client().get("/users");
                    assert!(matches!(answer.status, 200 | 503), "{answer:?}");
                });
            }
        });
    };
    // What the first crowd costs is not growth.
    crowd();
    let (threads, memory) = (server.status("Threads"), server.status("VmRSS"));
    for _ in 0..3 {
        setup.server.freeze();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    crowd();
                }
            });
            eventually("the service is not ready", || !is_ready(&client));
            over.store(true, Ordering::SeqCst);
        });
        assert_eq!(client.get("/users").status, 503);
        assert_eq!(client.get("/livez").status, 200);
        setup.server.thaw();
        eventually("the service is ready", || is_ready(&client));
        eventually("users are read", || client.get("/users").status == 200);
    }
    assert!(server.status("Threads") <= threads, "threads were added");
    let growth = server.status("VmRSS").saturating_sub(memory);
    assert!(growth < 16 * 1024, "{growth} KiB more");
}

fn a_key_has_one_effect_over_two_instances(engine: Engine) {
    let Some(setup) = setup(engine) else { return };
    setup.migrate();
    let byline = || {
        let mut byline = setup.byline();
        byline.env_remove("BYLINE_REQUEST_DEADLINE");
        Server::start(byline)
    };
    assert_one_effect_each(&[byline(), byline()], 200);
}
