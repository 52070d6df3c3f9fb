//! Key sets as issuers publish them, in a file and at an address.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, SigningKey};
use serde_json::{Value, json};

use super::service::{AUDIENCE, ISSUER};
use crate::support::{Ended, Sandbox, Server};

/// A key of an issuer, by whatever name.
struct Key(KeyPair);

impl Key {
    fn new() -> Self {
        Self(KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap())
    }

    fn jwk(&self, others: &Value) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key_raw());
        let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        let others = others.as_object().unwrap().clone();
        jwk.as_object_mut().unwrap().extend(others);
        jwk
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let mut all = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": 4_000_000_000_u64,
            "scope": "users:read",
        });
        let claims = claims.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(claims);
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(&all));
        let signature = self.0.sign(message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn byline(sandbox: &Sandbox, jwks: &str) -> Command {
    let mut byline = sandbox.byline();
    byline.env("BYLINE_AUTH", "jwt");
    byline.env("BYLINE_JWT_ISSUER", ISSUER);
    byline.env("BYLINE_JWT_AUDIENCE", AUDIENCE);
    byline.env("BYLINE_JWT_JWKS", jwks);
    byline
}

fn status(server: &Server, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    server.client().send("GET", "/users", &headers, None).status
}

#[test]
fn tokens_are_taken_by_a_set_with_keys_of_every_kind() {
    let sandbox = Sandbox::new();
    let (key, other, stranger) = (Key::new(), Key::new(), Key::new());
    let good = json!({"kid": "a", "use": "sig", "alg": "Ed25519", "x5c": "MII"});
    let set = json!({"keys": [
        {"kty": "RSA", "kid": 7, "n": "AQ", "e": "AQAB"},
        {"kty": "RSA", "kid": "a", "use": "enc", "n": "AQ", "e": "AQAB"},
        {"kty": "AKP", "kid": "a", "alg": "ML-DSA-44", "pub": "AQ"},
        other.jwk(&json!({})),
        key.jwk(&good),
        null,
    ]});
    // A byte order mark, and a member twice.
    let text = set
        .to_string()
        .replace("\"kid\":\"a\"", "\"kid\":\"b\",\"kid\":\"a\"");
    fs::write(sandbox.path("jwks.json"), format!("\u{feff}{text}")).unwrap();
    let server = Server::start(byline(&sandbox, "jwks.json"));
    for (header, claims, signer, expected) in [
        (json!({"alg": "EdDSA", "kid": "a"}), json!({}), &key, 200),
        (json!({"alg": "Ed25519", "kid": "a"}), json!({}), &key, 200),
        (json!({"alg": "EdDSA"}), json!({}), &key, 200),
        (json!({"alg": "EdDSA"}), json!({}), &other, 200),
        (json!({"alg": "EdDSA", "kid": "c"}), json!({}), &other, 200),
        // As of Keycloak before 25.
        (
            json!({"alg": "EdDSA", "kid": "a", "typ": "JWT"}),
            json!({"nonce": "n-0S6", "typ": "Bearer", "azp": "app"}),
            &key,
            200,
        ),
        (
            json!({"alg": "EdDSA", "kid": "a", "typ": "JWT"}),
            json!({"nonce": "n-0S6", "typ": "ID"}),
            &key,
            401,
        ),
        (json!({"alg": "EdDSA", "kid": "a"}), json!({}), &other, 401),
        (
            json!({"alg": "EdDSA", "kid": "a"}),
            json!({}),
            &stranger,
            401,
        ),
        (json!({"alg": "RS256", "kid": "a"}), json!({}), &key, 401),
    ] {
        let token = signer.token(&header, &claims);
        assert_eq!(status(&server, &token), expected, "{header} {claims}");
    }
}

#[test]
fn a_file_without_a_key_of_use_is_told_apart() {
    let sandbox = Sandbox::new();
    for (text, told) in [
        ("", "there is nothing where the keys should be"),
        ("<html>", "a page (HTML or XML)"),
        ("{\"keys\":[]}", "the key set is empty"),
        (
            "{\"jwks_uri\":\"https://x/\"}",
            "`jwks_uri`, \"https://x/\"",
        ),
        (
            "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"gQ\",\"e\":\"AQAB\"}]}",
            "\"a\" has an RSA modulus of 8 bits",
        ),
    ] {
        fs::write(sandbox.path("jwks.json"), text).unwrap();
        let ended = Ended::of(byline(&sandbox, "jwks.json"));
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("BYLINE_JWT_JWKS"), "{ended:?}");
        assert!(ended.stderr.contains(told), "{ended:?}");
    }
}

#[test]
fn an_address_that_leads_elsewhere_is_told_in_the_log() {
    for (answer, told) in [
        (
            "HTTP/1.1 301 Moved\r\nlocation: https://login.example.org/keys\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n",
            "a redirect to \\\"https://login.example.org/keys\\\"",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
            "a page (HTML or XML)",
        ),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "answers with status 404",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let sandbox = Sandbox::new();
        // A provider that is away or wrong is no reason not to start.
        let mut server = Server::start(byline(&sandbox, &url));
        let token = Key::new().token(&json!({"alg": "EdDSA"}), &json!({}));
        assert_eq!(status(&server, &token), 401);
        let log = server.killed();
        assert!(log.contains(told), "{log}");
    }
}
