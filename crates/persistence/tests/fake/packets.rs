//! Malformed packets, none of which ends a thread.

use byline_application::{AppError, Readiness, Unavailable};
use byline_persistence::{Database, DatabaseUrl, migrations};

use super::server::{FULL, Fake, KEY, NONCE, OK, Script, greeting, packet, switch_to};
use crate::support::servers::{Engine, shared};
use crate::support::{add_user, all_users, eventually, options, read};

const SHA2: &str = "caching_sha2_password";
const NATIVE: &str = "mysql_native_password";

fn hello(plugin: &str) -> Vec<u8> {
    packet(0, &greeting(plugin, false))
}

/// Returns answers to the login request, with names.
fn answers_to_the_login() -> Vec<(String, Vec<u8>)> {
    let mut answers = vec![
        ("nothing in it".to_owned(), Vec::new()),
        ("more data without any".to_owned(), vec![1]),
        ("more data of no kind".to_owned(), vec![1, 5]),
        ("fast, and no end".to_owned(), vec![1, 3]),
        ("an old switch".to_owned(), vec![0xfe]),
        ("an error without its number".to_owned(), vec![0xff]),
        ("an error cut short".to_owned(), vec![0xff, 0x15]),
        ("progress".to_owned(), vec![0xff, 0xff, 0xff, 1, 1, 1]),
        (
            "a file is asked for".to_owned(),
            b"\xfb/etc/passwd".to_vec(),
        ),
        ("OK cut short".to_owned(), vec![0]),
        (
            "OK with a length beyond it".to_owned(),
            vec![0, 0xfe, 255, 255, 255, 255, 255, 255, 255, 255],
        ),
    ];
    let plugins: [&[u8]; 11] = [
        b"client_ed25519",
        b"parsec",
        b"sha256_password",
        b"mysql_clear_password",
        b"mysql_old_password",
        b"dialog",
        b"auth_gssapi_client",
        b"",
        b"\xff\xfe",
        SHA2.as_bytes(),
        NATIVE.as_bytes(),
    ];
    for plugin in plugins {
        let nonces: [&[u8]; 4] = [b"", b"short", NONCE, &[0; 300]];
        for nonce in nonces {
            let name = String::from_utf8_lossy(plugin);
            answers.push((
                format!("a switch to {name:?} with {} bytes", nonce.len()),
                switch_to(plugin, nonce),
            ));
        }
        answers.push((
            format!(
                "a switch to {:?} cut short",
                String::from_utf8_lossy(plugin)
            ),
            [&[0xfe], plugin].concat(),
        ));
    }
    answers
}

fn keys() -> Vec<(&'static str, Vec<u8>)> {
    let pem = |body: &str| {
        format!("\x01-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n").into_bytes()
    };
    vec![
        ("no packet's content", Vec::new()),
        ("no key", vec![1]),
        ("no PEM", b"\x01nonsense".to_vec()),
        ("an empty PEM", pem("")),
        ("no base64", pem("!!!!")),
        ("no DER", pem("AAAA")),
        ("DER with a length beyond it", pem("MIL/////")),
        (
            "a short key",
            pem(
                "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALju5dwxVQHFVMuNGJT5PEkTa3jXN6aEgqyjH57gr4Oi96fXKuRFuz83goQDpHh1kChjGvon7vZEXrHhF2zbincCAwEAAQ==",
            ),
        ),
        (
            "a key of another kind",
            pem(
                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmdyWYXTCynoz3CCy7+2eq55M5UIxtgq80LxQ//NADkec/Ur1s+J8YBcqRayS6DEbzfUG22o2rc7eMZYYcNN/aA==",
            ),
        ),
        ("half a key", KEY.as_bytes()[..200].to_vec()),
    ]
}

/// Returns scripts of servers that send something malformed at one step.
fn scripts() -> Vec<(String, Script)> {
    let mut scripts = Vec::new();
    let mut add = |name: String, said: Vec<Vec<u8>>| scripts.push((name, Script::Says(said)));
    let whole = greeting(SHA2, false);
    add("silence".to_owned(), vec![Vec::new()]);
    add(
        "HTTP".to_owned(),
        vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()],
    );
    add(
        "too many connections".to_owned(),
        vec![packet(0, b"\xff\x10\x04Too many connections")],
    );
    add(
        "another protocol".to_owned(),
        vec![packet(0, &[&[9], &whole[1..]].concat())],
    );
    add("out of order".to_owned(), vec![packet(7, &whole)]);
    for length in 0..whole.len() {
        add(
            format!("{length} bytes of a greeting"),
            vec![packet(0, &whole[..length])],
        );
    }
    let cut = packet(0, &whole)[..30].to_vec();
    add("a greeting that breaks off".to_owned(), vec![cut]);
    add(
        "a large greeting that breaks off".to_owned(),
        vec![vec![255, 255, 255, 0, 10, 0]],
    );
    for plugin in [SHA2, NATIVE] {
        for (name, answer) in answers_to_the_login() {
            let name = format!("{plugin}: {name}");
            add(name.clone(), vec![hello(plugin), packet(2, &answer)]);
            add(
                format!("{name}, then the password is asked for"),
                vec![
                    hello(plugin),
                    packet(2, &answer),
                    packet(4, FULL),
                    packet(6, KEY.as_bytes()),
                    packet(8, OK),
                ],
            );
        }
    }
    for (name, key) in keys() {
        add(
            format!("key: {name}"),
            vec![hello(SHA2), packet(2, FULL), packet(4, &key), packet(6, OK)],
        );
    }
    // The first byte of the others is a number of columns, for which the driver allocates
    // memory: billions of them abort the process (ADR 0018).
    let is_announcement = |answer: &[u8]| matches!(answer, [0xfc..=0xfe, _, ..]);
    let answers = answers_to_the_login().into_iter();
    for (name, answer) in answers.filter(|(_, answer)| !is_announcement(answer)) {
        // The answer to the first statement, after the login.
        add(
            format!("statement: {name}"),
            vec![hello(NATIVE), packet(2, OK), packet(1, &answer)],
        );
    }
    for (name, rows) in [
        (
            "columns without a definition",
            vec![packet(1, &[2]), packet(2, &[1, 2, 3])],
        ),
        (
            "more columns than memory",
            vec![packet(1, &[0xfe, 255, 255, 255, 255, 255, 255, 255, 127])],
        ),
        (
            "an end before the rows",
            vec![packet(1, &[1]), packet(2, &[0xfe, 0, 0, 2, 0])],
        ),
    ] {
        add(
            format!("statement: {name}"),
            vec![hello(NATIVE), packet(2, OK), rows.concat()],
        );
    }
    scripts
}

/// Connects on this thread, as a store and `bylinectl` do on theirs.
#[test]
fn no_malformed_packet_ends_a_thread_that_connects() {
    let fake = Fake::new(Script::Says(Vec::new()));
    let url = format!("mysql://ada:secret@127.0.0.1:{}/byline", fake.port());
    let url: DatabaseUrl = url.parse().unwrap();
    for (name, script) in scripts() {
        fake.play(script);
        if let Ok(database) = Database::open(&url, &options(1, 4)) {
            let health = database.store().health();
            assert!(!matches!(health.readiness, Readiness::Ready), "{name}");
            database.close();
        }
        assert!(migrations::migrate(&url).is_err(), "{name}");
    }
}

/// A real server answers, then a fake one, then the real one again.
#[test]
fn a_store_works_again_when_the_real_server_is_back() {
    let Some(server) = shared(Engine::MariaDb) else {
        return;
    };
    let schema = server.schema();
    migrations::migrate(&schema.url()).unwrap();
    let real = Script::Forwards(schema.port);
    let fake = Fake::new(real.clone());
    let url = schema.url_text_at(fake.port(), "?ssl-mode=DISABLED");
    let database = Database::open(&url.parse().unwrap(), &options(3, 64)).unwrap();
    let store = database.store();
    add_user(&*store, "Ada", "ada@example.org");
    let some = |wanted: &str| {
        let all = scripts().into_iter();
        all.filter(move |(name, _)| name.contains(wanted))
            .take(2)
            .collect::<Vec<_>>()
    };
    let wanted = [
        "key: no packet",
        "key: a short key",
        "key: no PEM",
        "a switch to \"caching_sha2_password\" with 0 bytes, then",
        "client_ed25519\" with 20",
        "sha256_password\" with 20",
        "parsec\" with 20",
        "statement: columns",
        "statement: more columns",
        "statement: an error",
        "another protocol",
        "silence",
    ];
    for (name, script) in wanted.into_iter().flat_map(some) {
        let served = fake.served();
        fake.play(script);
        eventually(&name, || {
            matches!(store.health().readiness, Readiness::Unreachable(_))
                && fake.served() > served + 2
        });
        let answer = read(&*store, |s| Ok(s.users().list(&all_users())?));
        let unavailable = matches!(answer, Err(AppError::Unavailable(Unavailable::Database(_))));
        assert!(unavailable, "{name}");
        fake.play(real.clone());
        eventually("the store is ready again", || {
            matches!(store.health().readiness, Readiness::Ready)
        });
        let page = read(&*store, |s| Ok(s.users().list(&all_users())?)).unwrap();
        assert_eq!(page.items.len(), 1, "{name}");
    }
    for threads in store.metrics().threads {
        assert_eq!(
            (threads.missing, threads.restarts),
            (0, 0),
            "{}",
            threads.role
        );
    }
    database.close();
}
