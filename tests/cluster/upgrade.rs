//! The schema and both instances are brought to the next version while clients
//! go on.
//!
//! The next version is this one with the migrations of `tests/cluster/next`. In
//! whole it is built as a program of its own; in short the migrations are run
//! by hand, and the instances are replaced by others of this version.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::Setup;
use crate::support::galera::{Cluster, cluster, is_full};
use crate::support::{Client, Ended, Server, cargo, say};

const CLIENTS: usize = 8;

#[test]
fn an_upgrade_is_noticed_by_nobody() {
    let Some(cluster) = cluster() else { return };
    let next = is_full().then(Next::build);
    let mut setup = Setup::on(&cluster);
    let total = if is_full() { 20_000 } else { 1_200 };
    // What a balancer does: nobody is on the way to an instance that ends.
    let balancer = [0, 1].map(|slot: usize| RwLock::new(setup.instances[slot].client()));
    let answered = AtomicUsize::new(0);
    let reached = |share: usize| {
        while answered.load(Ordering::SeqCst) < total * share / 5 {
            thread::sleep(Duration::from_millis(5));
        }
    };
    let old = std::mem::take(&mut setup.instances);
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (balancer, answered) = (&balancer, &answered);
            scope.spawn(move || serve_oneself(balancer, answered, total, number));
        }
        reached(1);
        migrate(&cluster, &setup, next.as_ref());
        for (slot, mut old) in old.into_iter().enumerate() {
            // Both versions side by side, for a while.
            reached(2 + slot);
            let byline = next
                .as_ref()
                .map_or_else(|| setup.byline(), |next| next.byline(&setup));
            let new = Server::start(byline);
            *balancer[slot].write().unwrap() = new.client();
            old.signal(Signal::TERM);
            assert!(old.wait().success());
            setup.instances.push(new);
        }
    });
    let schema = setup.instances[0].client().get("/").json()["schema"].take();
    assert!(answered.load(Ordering::SeqCst) >= total);
    say(&format!(
        "upgrade: {} requests, none failed; now {schema}",
        answered.load(Ordering::SeqCst)
    ));
    cluster.assert_equal(&setup.database);
}

/// Creates, reads and changes users, each by the instance that is next.
fn serve_oneself(
    balancer: &[RwLock<Client>; 2],
    answered: &AtomicUsize,
    total: usize,
    number: usize,
) {
    let mut turn = number;
    let mut send = |method: &str, path: &str, body: Option<&serde_json::Value>| {
        turn += 1;
        let client = balancer[turn % 2].read().unwrap();
        let answer = client.send(method, path, &[], body);
        answered.fetch_add(1, Ordering::SeqCst);
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
        answer
    };
    let mut round = 0;
    while answered.load(Ordering::SeqCst) < total {
        round += 1;
        let email = format!("u{number}-{round}@example.org");
        let created = send(
            "POST",
            "/users",
            Some(&json!({"name": "U", "email": email})),
        );
        let path = created.header("location").unwrap();
        send("GET", path, None);
        send("PATCH", path, Some(&json!({"name": "V"})));
        send("GET", "/users?limit=10", None);
        send("DELETE", path, None);
    }
}

fn migrate(cluster: &Cluster, setup: &Setup, next: Option<&Next>) {
    if let Some(next) = next {
        let mut migrate = Command::new(&next.bylinectl);
        migrate.arg("migrate").env("DATABASE_URL", &setup.url);
        let said = Ended::well(migrate);
        assert!(said.contains("add_users_motto"), "{said}");
        return;
    }
    let mut admin = cluster.admin(1, Some(&setup.database));
    for (version, name) in [
        ("29990101000000", "v0.2.0_add_users_motto"),
        ("29990101000100", "v0.2.0_insert_release"),
    ] {
        let folder = root().join("tests/cluster/next/mysql");
        let file = folder.join(format!("{version}_{name}")).join("up.sql");
        admin.run(&std::fs::read_to_string(file).unwrap());
        // As diesel notes it.
        admin.run(&format!(
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"
        ));
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The programs of the next version.
struct Next {
    byline: PathBuf,
    bylinectl: PathBuf,
}

impl Next {
    /// Builds this workspace, with more migrations, in a place of its own.
    fn build() -> Self {
        let target = root().join("target/next");
        let sources = target.join("sources");
        drop(std::fs::remove_dir_all(&sources));
        std::fs::create_dir_all(&sources).unwrap();
        let copied = Command::new("sh")
            .args(["-c", r#"tar -C "$0" --exclude=./target --exclude=./.git --exclude=node_modules -cf - . | tar -C "$1" -xmf - && cp -r "$1/tests/cluster/next/." "$1/migrations""#])
            .args([&root(), &sources])
            .status();
        assert!(copied.unwrap().success());
        let built = cargo()
            // Quicker, and nobody looks into it.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            .args([
                "build",
                "--locked",
                "-p",
                "byline",
                "-p",
                "bylinectl",
                "--target-dir",
            ])
            .arg(&target)
            .current_dir(&sources)
            .status();
        assert!(built.unwrap().success());
        Self {
            byline: target.join("debug/byline"),
            bylinectl: target.join("debug/bylinectl"),
        }
    }

    fn byline(&self, setup: &Setup) -> Command {
        let mut byline = Command::new(&self.byline);
        byline.env("DATABASE_URL", &setup.url);
        byline.env("BYLINE_LISTEN", "127.0.0.1:0");
        byline.current_dir(setup.sandbox.path(""));
        byline
    }
}
