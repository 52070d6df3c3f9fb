//! Tokens: hostile ones are refused without access to the store or the network.

mod hostile;
mod issuer;
mod published;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::test::TestRequest;
use byline_application::identities::Linked;
use byline_application::testing::ImmediateStore;
use byline_application::{
    Authentication, Health, MockIdentityRepository, MockStore, Readiness, Store, TokenVerifier,
};
use byline_http::{Api, Settings};
use byline_tokens::{Algorithm, KeySource, RefreshPolicy, Rules};
use serde_json::{Value, json};

use crate::support::{ada, api_with, now, send, session, settings, user_id};
use hostile::hostile;
use issuer::{AUDIENCE, ISSUER, Issuer, claims, header, seconds, with, without};

/// A server that responds with a key set and counts its requests.
struct Provider {
    url: String,
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<Option<String>>>,
}

impl Provider {
    fn start(jwks: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(Mutex::new(Some(jwks.to_string())));
        let (count, current) = (Arc::clone(&asked), Arc::clone(&answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let text = match &*current.lock().unwrap() {
                    Some(body) => format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    ),
                    None => "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                };
                let _ = stream.write_all(text.as_bytes());
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { url, asked, answer }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn verifier(&self, at_least: Duration) -> Arc<dyn TokenVerifier> {
        let rules = Rules {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            algorithms: vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
        };
        let every = Duration::from_secs(3600);
        let source = KeySource::parse(&self.url).unwrap();
        Arc::new(
            source
                .verifier(rules, RefreshPolicy { every, at_least })
                .unwrap(),
        )
    }
}

fn api_to(store: Arc<dyn Store>, tokens: Arc<dyn TokenVerifier>) -> Api {
    let authentication = Authentication {
        tokens: Some(tokens),
        ..Authentication::default()
    };
    api_with(
        store,
        Settings {
            authentication,
            ..settings()
        },
    )
}

/// Returns a store that must not be used.
fn untouchable() -> Arc<dyn Store> {
    let mut store = MockStore::new();
    store.expect_submit().never();
    store.expect_health().returning(|| Health {
        readiness: Readiness::Ready,
        release: None,
        servers: Vec::new(),
    });
    Arc::new(store)
}

async fn show(api: &Api, token: &str) -> (u16, String) {
    let value = format!("Bearer {token}");
    let request = TestRequest::get()
        .uri("/users/1")
        .insert_header(("authorization", value));
    let answer = send(api, request).await;
    if answer.status == 200 {
        return (200, String::new());
    }
    assert!(
        answer
            .header("www-authenticate")
            .contains("error=\"invalid_token\""),
        "{answer:?}"
    );
    answer.problem()
}

#[actix_web::test]
async fn hostile_tokens_are_refused_without_store_or_network() {
    let issuer = Issuer::new();
    let provider = Provider::start(&issuer.jwks());
    let api = api_to(untouchable(), provider.verifier(Duration::from_secs(3600)));
    assert_eq!(provider.asked(), 1);
    let hostile = hostile(&issuer);
    assert!(hostile.len() >= 80, "{}", hostile.len());
    for (what, token) in &hostile {
        let (status, code) = show(&api, token).await;
        assert_eq!(
            (status, code.as_str()),
            (401, "invalid-credential"),
            "{what}"
        );
    }
    assert_eq!(provider.asked(), 1);
}

#[actix_web::test]
async fn tokens_of_the_issuer_are_accepted() {
    let issuer = Issuer::new();
    let provider = Provider::start(&issuer.jwks());
    let mut identities = MockIdentityRepository::new();
    identities
        .expect_find()
        .returning(|_, _| Ok(Some(Linked::To(user_id(1)))));
    let mut session = session(ada(1), Default::default());
    session.expect_identities().return_var(Box::new(identities));
    let store = Arc::new(ImmediateStore::new(session));
    let api = api_to(store, provider.verifier(Duration::from_secs(3600)));
    let rsa = with(with(header(), "alg", "RS256"), "kid", "rsa");
    let ec = with(with(header(), "alg", "ES256"), "kid", "ec");
    for (what, token) in [
        ("Ed25519", issuer.ed(&header(), &claims())),
        ("RSA", issuer.rsa(&rsa, &claims())),
        ("P-256", issuer.ec(&ec, &claims())),
        ("no type", issuer.ed(&without(header(), "typ"), &claims())),
        (
            "the usual type",
            issuer.ed(&with(header(), "typ", "JWT"), &claims()),
        ),
        (
            "the only key that fits",
            issuer.ed(&without(header(), "kid"), &claims()),
        ),
        (
            "Ed25519 by its own name",
            issuer.ed(&with(header(), "alg", "Ed25519"), &claims()),
        ),
        (
            "a nonce in the claims, as of Keycloak",
            issuer.ed(
                &with(header(), "typ", "JWT"),
                &with(with(claims(), "nonce", "n-0S6"), "typ", "Bearer"),
            ),
        ),
        (
            "a nonce beside a scope",
            issuer.ed(
                &without(header(), "typ"),
                &with(claims(), "nonce", json!({"of": 1})),
            ),
        ),
        (
            "a nonce and more in the header",
            issuer.ed(
                &with(with(header(), "nonce", 7), "url", json!([1])),
                &claims(),
            ),
        ),
        (
            "nothing where it matters",
            issuer.ed(&with(header(), "x5c", Value::Null), &claims()),
        ),
        (
            "several audiences",
            issuer.ed(&header(), &with(claims(), "aud", json!(["x", AUDIENCE]))),
        ),
        (
            "a fraction of a second",
            issuer.ed(
                &header(),
                &with(
                    claims(),
                    "exp",
                    serde_json::from_str::<Value>(&format!("{}.5", seconds())).unwrap(),
                ),
            ),
        ),
        (
            "within the leeway",
            issuer.ed(&header(), &with(claims(), "exp", json!(seconds() - 29))),
        ),
        (
            "as early as the leeway",
            issuer.ed(&header(), &with(claims(), "nbf", json!(seconds() + 30))),
        ),
        (
            "far future",
            issuer.ed(&header(), &with(claims(), "exp", json!(9_999_999_999_i64))),
        ),
    ] {
        assert_eq!(show(&api, &token).await, (200, String::new()), "{what}");
    }
}

#[actix_web::test]
async fn keys_are_fetched_for_an_unknown_name_but_not_repeatedly() {
    let issuer = Issuer::new();
    let provider = Provider::start(&issuer.jwks());
    let patient = provider.verifier(Duration::from_secs(3600));
    let api = api_to(untouchable(), patient);
    let unknown = |number: usize| {
        let header = with(header(), "kid", format!("new-{number}"));
        issuer.ed(&header, &claims())
    };
    for number in 0..200 {
        assert_eq!(show(&api, &unknown(number)).await.0, 401);
    }
    assert_eq!(provider.asked(), 1);

    // The first token that names a new key has the key set fetched.
    let eager = provider.verifier(Duration::ZERO);
    assert_eq!(provider.asked(), 2);
    let mut jwks = issuer.jwks();
    jwks["keys"][2]["kid"] = json!("new-0");
    *provider.answer.lock().unwrap() = Some(jwks.to_string());
    let is_known = |token: &str| eager.verify(token, now()).is_ok();
    let known = issuer.ed(&header(), &claims());
    assert!(is_known(&known));
    wait_for(|| is_known(&unknown(0)));
    // The replaced key is no longer valid.
    assert!(!is_known(&known));

    // A provider that is unreachable or redirects changes nothing.
    let before = provider.asked();
    *provider.answer.lock().unwrap() = None;
    wait_for(|| !is_known(&unknown(1)) && provider.asked() > before);
    assert!(is_known(&unknown(0)));
}

fn wait_for(mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn key_sets_must_come_by_https_or_from_localhost() {
    for text in [
        "https://issuer.example/jwks",
        "http://127.0.0.1:1/jwks",
        "http://[::1]/jwks",
        "http://localhost/jwks",
        "keys.json",
        "/etc/byline/jwks.json",
    ] {
        assert!(KeySource::parse(text).is_ok(), "{text}");
    }
    for text in [
        "http://issuer.example/jwks",
        "http://localhost.evil.example/",
        "http://192.0.2.1/",
        "ftp://issuer.example/jwks",
        "file:///etc/passwd",
        "https://",
    ] {
        assert!(KeySource::parse(text).is_err(), "{text}");
    }
}
