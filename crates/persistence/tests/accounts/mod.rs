//! The accounts and certificates with which each engine can be used.

use std::error::Error;
use std::path::Path;

use byline_persistence::{DatabaseUrl, migrations};

use crate::support::servers::{Admin, Engine, Server, dedicated, folder, shared};

/// Looks remote, but leads to this machine.
const REMOTE: &str = "0.0.0.0";
const LOCAL: &str = "127.0.0.1";
const IN_CLEAR: &str = "?ssl-mode=DISABLED&allow-public-key-retrieval=true";

/// An account that may use a database of the same name.
struct Account<'a> {
    server: &'a Server,
    name: String,
    password: String,
}

impl<'a> Account<'a> {
    /// Returns `None` if the server lacks the plugin.
    fn new(server: &'a Server, plugin: &str, password: &str) -> Option<Self> {
        let schema = server.schema();
        let name = schema.name;
        let mut admin = server.admin();
        let account = format!("{name}_of_plugin");
        let made = match schema.engine {
            Engine::MariaDb => {
                format!(
                    "CREATE USER {account} IDENTIFIED VIA {plugin} USING PASSWORD('{password}')"
                )
            }
            Engine::MySql => {
                format!("CREATE USER {account} IDENTIFIED WITH {plugin} BY '{password}'")
            }
        };
        admin.try_run(&made).ok()?;
        admin.run(&format!("CREATE DATABASE {account}"));
        admin.run(&format!("GRANT ALL ON {account}.* TO {account}"));
        Some(Self {
            server,
            name: account,
            password: password.to_owned(),
        })
    }

    fn admin(&self) -> Admin {
        self.server.admin()
    }

    /// Logs in. Returns the text of the refusal.
    fn attempt(&self, host: &str, parameters: &str) -> Result<(), String> {
        let (name, password, port) = (&self.name, &self.password, self.server.port());
        // Test servers run without fsync.
        let joint = if parameters.is_empty() { "?" } else { "&" };
        let url = format!(
            "mysql://{name}:{password}@{host}:{port}/{name}{parameters}{joint}durability=RELAXED"
        );
        let url: DatabaseUrl = url.parse().unwrap();
        migrations::status(&url)
            .map(drop)
            .map_err(|error| error.source().unwrap().to_string())
    }
}

fn ca(path: &Path, mode: &str) -> String {
    format!("?ssl-mode={mode}&ssl-ca={}", path.display())
}

fn other_authority(folder: &Path) -> std::path::PathBuf {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let path = folder.join("other.pem");
    std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
    path
}

/// MySQL generates certificates without names at its first start.
#[test]
fn certificates_that_mysql_generates_are_verified_by_their_authority() {
    let Some(server) = shared(Engine::MySql) else {
        return;
    };
    let account = Account::new(server, "caching_sha2_password", "of-mysql").unwrap();
    let authority = server.data().join("ca.pem");
    let folder = folder("certificates-");
    let other = other_authority(folder.path());
    // The server removes the account from its cache, and asks for the whole password.
    let clear_cache = || account.admin().run("FLUSH PRIVILEGES");
    for parameters in [
        &*ca(&authority, "VERIFY_CA"),
        "?ssl-mode=REQUIRED",
        IN_CLEAR,
    ] {
        clear_cache();
        account.attempt(REMOTE, parameters).unwrap();
        account.attempt(REMOTE, parameters).unwrap();
    }
    for parameters in ["", "?ssl-mode=DISABLED"] {
        clear_cache();
        account.attempt(LOCAL, parameters).unwrap();
    }
    for (parameters, expected) in [
        (ca(&authority, "VERIFY_IDENTITY"), "not valid for the host"),
        (ca(&other, "VERIFY_CA"), "not signed by a trusted authority"),
        (
            ca(&other, "VERIFY_IDENTITY"),
            "not signed by a trusted authority",
        ),
        (String::new(), "not signed by a trusted authority"),
    ] {
        let text = account.attempt(REMOTE, &parameters).unwrap_err();
        assert!(text.contains(expected), "{parameters}: {text}");
    }
    let junk = folder.path().join("junk.pem");
    std::fs::write(&junk, "no certificate").unwrap();
    let text = account
        .attempt(REMOTE, &ca(&junk, "VERIFY_CA"))
        .unwrap_err();
    assert!(
        text.contains("ssl-ca") || text.contains("certificate"),
        "{text}"
    );
}

#[test]
fn a_wrong_password_is_refused_with_and_without_tls() {
    for engine in [Engine::MariaDb, Engine::MySql] {
        let Some(server) = shared(engine) else {
            continue;
        };
        let plugin = match engine {
            Engine::MariaDb => "mysql_native_password",
            Engine::MySql => "caching_sha2_password",
        };
        let mut account = Account::new(server, plugin, "right").unwrap();
        account.password = "wrong".to_owned();
        for (host, parameters) in [
            (LOCAL, ""),
            (LOCAL, "?ssl-mode=DISABLED"),
            (REMOTE, IN_CLEAR),
        ] {
            let text = account.attempt(host, parameters).unwrap_err();
            assert!(text.contains("refuses this user"), "{text}");
        }
    }
}

#[test]
fn an_unsupported_plugin_is_named() {
    for (engine, options, plugin) in [
        (
            Engine::MariaDb,
            &["--plugin-load-add=auth_ed25519"][..],
            "ed25519",
        ),
        (Engine::MySql, &[][..], "sha256_password"),
    ] {
        let Some(server) = dedicated(engine, options) else {
            continue;
        };
        let Some(account) = Account::new(&server, plugin, "secret") else {
            panic!("{engine:?} has no {plugin}");
        };
        for (host, parameters) in [(LOCAL, ""), (REMOTE, IN_CLEAR)] {
            let text = account.attempt(host, parameters).unwrap_err();
            let named = text.contains(plugin) && text.contains("not supported");
            assert!(named, "{engine:?}: {text}");
        }
    }
}

/// 214 bytes are too many without TLS.
#[test]
fn a_long_password_needs_tls_on_mysql() {
    let Some(server) = shared(Engine::MySql) else {
        return;
    };
    let account = Account::new(server, "caching_sha2_password", &"x".repeat(214)).unwrap();
    let text = account.attempt(LOCAL, "?ssl-mode=DISABLED").unwrap_err();
    assert!(text.contains("too long"), "{text}");
    account.attempt(LOCAL, "").unwrap();
}

#[test]
fn the_native_plugin_of_mariadb_works_with_every_mode() {
    let Some(server) = shared(Engine::MariaDb) else {
        return;
    };
    let account = Account::new(server, "mysql_native_password", "of-mariadb").unwrap();
    account.attempt(LOCAL, "").unwrap();
    account.attempt(REMOTE, IN_CLEAR).unwrap();
    for parameters in ["", "?ssl-mode=PREFERRED", "?ssl-mode=REQUIRED"] {
        let text = account.attempt(REMOTE, parameters).unwrap_err();
        assert!(text.contains("offers no TLS"), "{text}");
    }
}
