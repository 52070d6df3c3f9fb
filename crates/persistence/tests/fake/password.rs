//! The servers to which the password is sent, in any form.

use std::error::Error;

use byline_persistence::{Database, DatabaseUrl, migrations};

use super::server::{FULL, Fake, KEY, OK, Script, greeting, packet, switch_to};
use crate::support::servers::folder;
use crate::support::{eventually, options};

const PASSWORD: &str = "correct-horse-battery";

/// Returns a URL of the fake that looks remote: 0.0.0.0 is not a loopback address, but
/// leads to this machine.
fn remote(fake: &Fake, parameters: &str) -> String {
    let port = fake.port();
    format!("mysql://ada:{PASSWORD}@0.0.0.0:{port}/byline{parameters}")
}

fn local(fake: &Fake, host: &str, parameters: &str) -> String {
    let port = fake.port();
    format!("mysql://ada:{PASSWORD}@{host}:{port}/byline{parameters}")
}

/// Connects as the service and as `bylinectl`, and returns the error of the latter.
fn connect_error(url: &str) -> String {
    let url: DatabaseUrl = url.parse().unwrap();
    drop(Database::open(&url, &options(2, 16)).map(Database::close));
    let error = migrations::migrate(&url).unwrap_err();
    let text = error.source().unwrap().to_string();
    assert!(!text.contains(PASSWORD), "{text}");
    text
}

/// A server that asks for the whole password without TLS, with its own key.
fn thief(has_tls: bool) -> Vec<Vec<u8>> {
    vec![
        packet(0, &greeting("caching_sha2_password", has_tls)),
        packet(2, FULL),
        packet(4, &[&[1], KEY.as_bytes()].concat()),
        packet(6, OK),
    ]
}

/// The same within TLS, which has one more packet at the beginning.
fn thief_in_tls() -> Vec<Vec<u8>> {
    vec![
        packet(0, &greeting("caching_sha2_password", true)),
        packet(3, FULL),
        packet(5, OK),
    ]
}

#[test]
fn by_default_nothing_is_sent_to_a_server_without_tls() {
    let fake = Fake::new(Script::Says(thief(false)));
    for parameters in [
        "",
        "?ssl-mode=PREFERRED",
        "?ssl-mode=REQUIRED",
        "?ssl-mode=VERIFY_IDENTITY",
        "?durability=RELAXED",
    ] {
        let text = connect_error(&remote(&fake, parameters));
        assert!(text.contains("offers no TLS"), "{parameters}: {text}");
        eventually("the connection has ended", || fake.served() > 0);
        assert_eq!(fake.received(), b"", "{parameters}");
    }
}

#[test]
fn by_default_a_server_with_a_self_signed_certificate_gets_only_the_request_for_tls() {
    let fake = Fake::new(Script::SaysInTls(thief_in_tls()));
    let folder = folder("certificates-");
    let other = folder.path().join("other.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["0.0.0.0".to_owned()]).unwrap();
    std::fs::write(&other, params.self_signed(&key).unwrap().pem()).unwrap();
    let other = other.display();
    for parameters in [
        String::new(),
        "?ssl-mode=VERIFY_IDENTITY".to_owned(),
        format!("?ssl-ca={other}"),
        format!("?ssl-mode=VERIFY_CA&ssl-ca={other}"),
    ] {
        let text = connect_error(&remote(&fake, &parameters));
        assert!(text.contains("certificate"), "{parameters}: {text}");
        let received = fake.received();
        // One packet per attempt, without the user name and the challenge's answer.
        assert!(!received.is_empty() && received.len().is_multiple_of(36));
        assert!(
            received
                .chunks(36)
                .all(|packet| packet[..4] == [32, 0, 0, 1])
        );
    }
}

#[test]
fn without_tls_a_remote_server_is_refused_without_connecting() {
    let fake = Fake::new(Script::Says(thief(false)));
    for parameters in [
        "?ssl-mode=DISABLED",
        "?ssl-mode=disabled&allow-public-key-retrieval=false",
    ] {
        let error = remote(&fake, parameters)
            .parse::<DatabaseUrl>()
            .unwrap_err();
        assert!(error.to_string().contains("allow-public-key-retrieval"));
    }
    // One remote host among several is enough.
    let port = fake.port();
    let mixed = format!("mysql://a:b@127.0.0.1:{port},0.0.0.0:{port}/c?ssl-mode=DISABLED");
    assert!(mixed.parse::<DatabaseUrl>().is_err());
    assert_eq!(fake.served(), 0);
}

/// Also shows that the fake would see a password.
#[test]
fn if_the_url_allows_it_the_password_is_encrypted_with_the_key_of_the_server() {
    let fake = Fake::new(Script::Says(thief(false)));
    let allowed = "&allow-public-key-retrieval=true";
    for url in [
        remote(&fake, &format!("?ssl-mode=DISABLED{allowed}")),
        remote(&fake, &format!("?ssl-mode=PREFERRED{allowed}")),
        // Connections to this machine need no permission.
        local(&fake, "127.0.0.1", ""),
        local(&fake, "LocalHost", ""),
        local(&fake, "127.0.0.1", "?ssl-mode=DISABLED"),
    ] {
        connect_error(&url);
        let received = fake.received();
        let asked = received.windows(5).any(|bytes| bytes == [1, 0, 0, 3, 2]);
        let sent = received.windows(4).any(|bytes| bytes == [0, 1, 0, 5]);
        assert_eq!((asked, sent), (true, true), "{url}");
        let clear = PASSWORD.as_bytes();
        assert!(!received.windows(clear.len()).any(|bytes| bytes == clear));
    }
}

#[test]
fn with_required_the_password_is_sent_whatever_the_certificate() {
    let fake = Fake::new(Script::SaysInTls(thief_in_tls()));
    for url in [
        remote(&fake, "?ssl-mode=REQUIRED"),
        remote(&fake, "?ssl-mode=PREFERRED"),
        local(&fake, "127.0.0.1", ""),
    ] {
        connect_error(&url);
        let received = fake.received();
        let clear = PASSWORD.as_bytes();
        let has_it = received.windows(clear.len()).any(|bytes| bytes == clear);
        assert!(has_it, "the documents say of {url} that it does");
    }
}

#[test]
fn without_tls_no_mode_sends_the_password_in_clear_text() {
    for plugin in ["mysql_clear_password", "mysql_old_password", "dialog"] {
        let fake = Fake::new(Script::Says(vec![
            packet(0, &greeting("caching_sha2_password", false)),
            packet(2, &switch_to(plugin.as_bytes(), b"12345678901234567890")),
            packet(4, OK),
        ]));
        for url in [
            local(&fake, "127.0.0.1", ""),
            remote(&fake, "?ssl-mode=DISABLED&allow-public-key-retrieval=true"),
        ] {
            let text = connect_error(&url);
            let named = text.contains(plugin) || text.contains("clear text");
            assert!(named, "{plugin}: {text}");
            let received = fake.received();
            let clear = PASSWORD.as_bytes();
            assert!(!received.windows(clear.len()).any(|bytes| bytes == clear));
        }
    }
}

#[test]
fn a_password_too_long_for_the_key_is_reported() {
    let fake = Fake::new(Script::Says(thief(false)));
    let port = fake.port();
    let password = "x".repeat(214);
    let text = connect_error(&format!("mysql://ada:{password}@127.0.0.1:{port}/byline"));
    assert!(text.contains("too long"), "{text}");
}
