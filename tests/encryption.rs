//! TLS in the process itself.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use crate::support::{Ended, PATIENCE, Sandbox, Server, eventually};

/// Makes a certificate for this machine, and puts it where the service looks.
fn issue(sandbox: &Sandbox) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(sandbox.path("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(sandbox.path("cert.pem"), cert.pem()).unwrap();
    cert.der().clone()
}

fn byline(sandbox: &Sandbox) -> std::process::Command {
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_TLS_CERT", "cert.pem")
        .env("BYLINE_TLS_KEY", "key.pem");
    byline
}

/// What the service answers to a client that trusts `certificate` only.
fn get(
    server: &Server,
    certificate: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(server.address())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(session, socket);
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(stream.conn.protocol_version(), Some(version.version));
    Ok(answer)
}

#[test]
fn both_versions_are_spoken() {
    let sandbox = Sandbox::new();
    let certificate = issue(&sandbox);
    let server = Server::start(byline(&sandbox));
    for version in [&TLS12, &TLS13] {
        let answer = get(&server, &certificate, version).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        let told = answer.contains("strict-transport-security: max-age=31536000\r\n");
        assert!(told, "{answer}");
    }
}

#[test]
fn a_new_certificate_is_served_without_a_restart() {
    let sandbox = Sandbox::new();
    let first = issue(&sandbox);
    let server = Server::start(byline(&sandbox));
    assert!(get(&server, &first, &TLS13).is_ok());
    // One that is of no use changes nothing.
    fs::write(sandbox.path("cert.pem"), "nonsense").unwrap();
    let second = issue(&sandbox);
    eventually("the new certificate", || {
        get(&server, &second, &TLS13).is_ok()
    });
    assert!(get(&server, &first, &TLS13).is_err());
}

#[test]
fn whoever_does_not_speak_it_gets_nothing() {
    let sandbox = Sandbox::new();
    let certificate = issue(&sandbox);
    let server = Server::start(byline(&sandbox));
    let mut plain = TcpStream::connect(server.address()).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    plain
        .write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    // A TLS alert, or nothing at all.
    drop(plain.read_to_end(&mut answer));
    assert!(answer.len() < 16, "{answer:?}");
    // Whoever says nothing is left soon, and is in nobody's way meanwhile.
    let mut silent: Vec<_> = (0..300)
        .map(|_| TcpStream::connect(server.address()).unwrap())
        .collect();
    assert!(get(&server, &certificate, &TLS13).is_ok());
    let mut last = silent.pop().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    drop(last.read_to_end(&mut answer));
}

#[test]
fn a_certificate_that_is_of_no_use_is_refused_at_the_start() {
    let sandbox = Sandbox::new();
    issue(&sandbox);
    let key = fs::read(sandbox.path("key.pem")).unwrap();
    issue(&sandbox);
    let certificate = fs::read(sandbox.path("cert.pem")).unwrap();
    for (certificate, key, reason) in [
        (certificate.as_slice(), key.as_slice(), "KeyMismatch"),
        (b"", &key, "cert.pem holds no certificate in PEM"),
        (&certificate, b"", "key.pem holds no private key in PEM"),
        (&key, &key, "cert.pem holds no certificate in PEM"),
    ] {
        fs::write(sandbox.path("cert.pem"), certificate).unwrap();
        fs::write(sandbox.path("key.pem"), key).unwrap();
        let ended = Ended::of(byline(&sandbox));
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for part in ["BYLINE_TLS_CERT", reason] {
            assert!(ended.stderr.contains(part), "no {part}: {}", ended.stderr);
        }
    }
    fs::remove_file(sandbox.path("key.pem")).unwrap();
    let ended = Ended::of(byline(&sandbox));
    assert!(ended.stderr.contains("cannot read key.pem"), "{ended:?}");
}
