//! Encryption, and verification of the server.

use std::path::{Path, PathBuf};

use byline_persistence::{Database, DatabaseUrl, migrations};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::support::servers::{Engine, Schema, Server, dedicated, folder, shared};
use crate::support::{add_user, options};

struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// Creates an authority, a certificate for `name` that it signed, and another
    /// authority.
    fn of(name: &str) -> Self {
        let folder = folder("certificates-");
        let authority = |common: &str| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, common);
            CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let (right, wrong) = (authority("right"), authority("wrong"));
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &right).unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("right.pem", &right.pem());
        write("wrong.pem", &wrong.pem());
        write("server.pem", &certificate.pem());
        write("key.pem", &key.serialize_pem());
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self) -> Option<Server> {
        let option = |name: &str, file: &str| format!("--{name}={}", self.path(file).display());
        dedicated(
            Engine::MariaDb,
            &[
                &option("ssl-cert", "server.pem"),
                &option("ssl-key", "key.pem"),
                &option("ssl-ca", "right.pem"),
            ],
        )
    }
}

fn with(schema: &Schema, mode: &str, ca: Option<&Path>) -> DatabaseUrl {
    let ca = ca.map_or(String::new(), |ca| format!("&ssl-ca={}", ca.display()));
    let url = schema.url_text(&format!("?ssl-mode={mode}{ca}"));
    url.parse().unwrap()
}

fn refusal(url: &DatabaseUrl) -> String {
    let Err(error) = migrations::migrate(url) else {
        panic!("it was let in");
    };
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(!text.contains("127.0.0.1"), "{text}");
    assert!(Database::open(url, &options(1, 16)).is_err());
    text
}

/// Returns whether the store's connections are encrypted.
fn is_encrypted(server: &Server, url: &DatabaseUrl, schema: &Schema) -> bool {
    let database = Database::open(url, &options(1, 16)).unwrap();
    add_user(&*database.store(), "Ada", "ada@example.org");
    // The server checks it: it refuses an account that requires TLS otherwise.
    let name = &schema.name;
    let mut admin = server.admin();
    admin.run(&format!("ALTER USER {name} REQUIRE SSL"));
    database.close();
    let encrypted = Database::open(url, &options(1, 16)).is_ok();
    admin.run(&format!("ALTER USER {name} REQUIRE NONE"));
    admin.run(&format!("DELETE FROM {name}.users"));
    encrypted
}

#[test]
fn each_mode_encrypts_as_the_url_says() {
    let certificates = Certificates::of("127.0.0.1");
    let Some(server) = certificates.server() else {
        return;
    };
    let schema = server.schema();
    let (right, wrong) = (
        certificates.path("right.pem"),
        certificates.path("wrong.pem"),
    );
    migrations::migrate(&with(&schema, "VERIFY_IDENTITY", Some(&right))).unwrap();
    for (mode, ca, encrypted) in [
        ("DISABLED", None, false),
        ("PREFERRED", None, true),
        ("REQUIRED", None, true),
        ("VERIFY_IDENTITY", Some(&*right), true),
    ] {
        let url = with(&schema, mode, ca);
        assert_eq!(is_encrypted(&server, &url, &schema), encrypted, "{mode}");
    }
    let text = refusal(&with(&schema, "VERIFY_IDENTITY", Some(&wrong)));
    assert!(text.contains("not signed by a trusted authority"), "{text}");
    let text = refusal(&with(&schema, "VERIFY_IDENTITY", None));
    assert!(text.contains("not signed by a trusted authority"), "{text}");
    let absent = certificates.path("absent.pem");
    let text = refusal(&with(&schema, "VERIFY_IDENTITY", Some(&absent)));
    assert!(text.contains("ssl-ca"), "{text}");
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let certificates = Certificates::of("elsewhere.example");
    let Some(server) = certificates.server() else {
        return;
    };
    let schema = server.schema();
    let right = certificates.path("right.pem");
    let text = refusal(&with(&schema, "VERIFY_IDENTITY", Some(&right)));
    assert!(text.contains("not valid for the host"), "{text}");
}

#[test]
fn a_server_without_tls_is_refused_if_the_url_requires_tls() {
    let Some(server) = shared(Engine::MariaDb) else {
        return;
    };
    let certificates = Certificates::of("127.0.0.1");
    let right = certificates.path("right.pem");
    let schema = server.schema();
    for (mode, ca) in [("REQUIRED", None), ("VERIFY_IDENTITY", Some(&*right))] {
        let text = refusal(&with(&schema, mode, ca));
        assert!(text.contains("offers no TLS"), "{mode}: {text}");
    }
    migrations::migrate(&with(&schema, "PREFERRED", None)).unwrap();
}
