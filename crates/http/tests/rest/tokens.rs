//! Tokens that no issuer would make: each is refused, without a look at the store
//! and without a request to anybody.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::test::TestRequest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use byline_application::identities::Linked;
use byline_application::testing::ImmediateStore;
use byline_application::{
    Authentication, Health, MockIdentityRepository, MockStore, Readiness, Store, TokenVerifier,
};
use byline_http::{Api, Settings};
use byline_tokens::{Algorithm, KeySource, Rhythm, Rules};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use ring::{hmac, rsa};
use serde_json::{Value, json};

use crate::support::{ada, api_with, now, send, session, settings, user_id};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "byline";

/// Of a key that was made for this test and is used nowhere else.
const RSA_DER: &str = "MIIEowIBAAKCAQEAkG4E13O5KuQbf+4E1TPBrK0T2SH3oF1FvbNRz25IC0OMY6H32EtZigEFNCytouzPcQzEOFDkmVKfjSA6S0P+m9saVpLAhtqK23FSfP4uXpQknWWQDXwaxlJMyS/ThVoB3YI44UcwePrfDQLXlhoGHmmbD5TYrPfqjjcUngmDp/l4zjPGzj1MbJF9jvnmxA5Bvkqcz1ofbdqjXiuTzwL+7qZjIcL68i+BC80SkShVu3AzJGNh18t6y4DErcJ5oNuoKdMfmKH9KjiACYBNbrSmHzCVl1icmRkYEVHgmoVw+FQXy4SMd2Y5JALx8GYHd90uTliXR7qce/zx7yFljXJ1rwIDAQABAoIBAAkKHPSpju63sitSmvjUSwxJe0ZWxIHdjjThf7HrTBUJ/qpptvJrQ0jKgY6sN5d/5m5D7bAJca7q9FN7FeSKD+oMHFzlkg+epzXO2B1vzZ7CLnx8OjgUPjTCOxriCtIVoEV14thITvXAQqxn/7t3frSLYlbnHc/NmhLM/bxacH2kNnyjpE5m8WJalu6MJFMEDgAyrc/+f4WA1NjkNpb3AHTiHeIeOcmgg/3kEgdxX4o74xzvPIfyX6Pk18rFGDxZRedaxsTbedQOXnNkUtpALvF2Z4msFbYaZy2UxkNgJpe2yb0dvYbmKBimdQHZrMPhfur2F81/YBZECP1FcvxSZTkCgYEAw/N4GZBE7BTjW0c2HYqw9MFPEXhqm3L/GFHDYES+tQSnW8AAfjt78IYTKpfEswS9P5Ghrsr0jtwFg+KjEAl2pOzzf8DuodBDkKqd3pFfW082RIHaiS7FzCv7Ig/cs76J6Hl5eMR1cLk7Z+XxVw4IsQNsjj8z6ju/qyYTJAs0eisCgYEAvLCo3ogzFOF8mUQKW0t9d3ZX4Bo9WR2S6V6mOI8yoyt66wHjfw6bpbEl+HsxWGsd6nKEmCbb0MUMgSn7o0T98VyC33zjjuha9XoY+mGRlQ3uS9YrEcS3GZ43r322zwiysJfqFV6BQOvJhTQXe42zT724pdY8ejPmMkUwpCInhI0CgYBvoQjfT0/kSjYHbvcGN1d95446vqXE7usiGJo8Ao2+I+uPmj7tqsd9i3PpxNIaxe1mBHneUOKna/J8YqVQYoPDivVg5zFK35FOHdSX0atIIkUhG/S6R/oIyVlk2zJ492grFuC7ivf4gp20H8uwM1+CMBgspRbXLriPML6gvv1jRwKBgGHm93efC4IGDPQpDYaZAJx/VtD8TGB0q8lSRsSJ6CgpYzmUXUmLds7dv2nR4aSSz47ZpFqdruf/laFe+yWXonsdGPqEfj2j6a38kAE5pqPD+qR2lxo9CxPLt/DiNXvuc2iVKeu0gTQCIyluAdElkKgLNEc3hWGSlBn5NGe1IPPxAoGBAK7K7k9bNHJinljAlCtXYWoOHUFiY/jmGJbbFKJG5FAYsBiDJ9YFn7Q3qXRIbLmv7QEyAgIsBlYyGZzesj10brHScK0oZSd6x7D9uXM6qGgEVQt29zSlIYYDmhQeITTipdtoSx1mIlnyeoKJ/yHANK52XMUih4BpJSOMeQyOXGh4";

/// The modulus of a key of 1024 bits.
const SMALL_MODULUS: &str = "B9C2B80EAE4A7EAFD16E4CFC72E13821419DB6BC758D69086C9AC0EE221F985125C4C5E64F06A5F841AE801D2B9B01713025CF7108B3DF3486616CB2D2B43D3BF4F3E2FCCD3B2FC5501A15D745911FFA763F2DE2E658A39374179D549A0C91141F30766B4BAFCE1482F2E03BD453AD521A8801A3CF1ACB6645A63D861404FB6B";

/// What the issuer signs with.
struct Issuer {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    /// Listed no more.
    old: Ed25519KeyPair,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let ed = || {
            let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()
        };
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self {
            rsa: RsaKeyPair::from_der(&STANDARD.decode(RSA_DER).unwrap()).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                document.as_ref(),
                &random,
            )
            .unwrap(),
            ed: ed(),
            old: ed(),
        }
    }

    fn modulus(&self) -> Vec<u8> {
        rsa::PublicKeyComponents::<Vec<u8>>::from(self.rsa.public()).n
    }

    fn jwks(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        let small: Vec<u8> = (0..SMALL_MODULUS.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&SMALL_MODULUS[at..at + 2], 16).unwrap())
            .collect();
        json!({"keys": [
            {"kty": "RSA", "kid": "rsa", "use": "sig", "n": encode(self.modulus()), "e": "AQAB"},
            {"kty": "EC", "kid": "ec", "crv": "P-256", "alg": "ES256",
             "x": encode(&point[1..33]), "y": encode(&point[33..])},
            {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "key_ops": ["verify"],
             "x": encode(self.ed.public_key().as_ref())},
            {"kty": "OKP", "kid": "enc", "crv": "Ed25519", "use": "enc",
             "x": encode(self.ed.public_key().as_ref())},
            {"kty": "oct", "kid": "oct", "k": encode([7; 32])},
            {"kty": "RSA", "kid": "small", "n": encode(small), "e": "AQAB"},
            {"kty": "XX", "kid": "odd", "y": 1},
        ]})
    }

    fn ed(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| {
            self.ed.sign(message).as_ref().to_vec()
        })
    }

    fn rsa(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            let random = SystemRandom::new();
            self.rsa
                .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                .unwrap();
            signature
        })
    }

    fn ec(&self, header: &Value, claims: &Value) -> String {
        signed(header, claims, |message| {
            let signature = self.ec.sign(&SystemRandom::new(), message).unwrap();
            signature.as_ref().to_vec()
        })
    }
}

fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    raw(&header.to_string(), &claims.to_string(), sign)
}

fn raw(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    signed(header, claims, |message| {
        hmac::sign(&key, message).as_ref().to_vec()
    })
}

fn seconds() -> i64 {
    now().as_micros() / 1_000_000
}

fn header() -> Value {
    json!({"alg": "EdDSA", "kid": "ed", "typ": "at+jwt"})
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": seconds() + 600,
        "iat": seconds(), "nbf": seconds(), "scope": "openid users:read users:write",
    })
}

fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    object[name] = value.into();
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

/// An address that answers with a key set and counts how often it is asked.
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
        Arc::new(source.verifier(rules, Rhythm { every, at_least }).unwrap())
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

/// A store that fails the test with whatever it is asked.
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

/// Each with what is hostile about it.
fn hostile(issuer: &Issuer) -> Vec<(String, String)> {
    let good = issuer.ed(&header(), &claims());
    let [head, body, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("{good}");
    };
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, token: String| all.push((what.to_owned(), token));

    // The form.
    for (what, text) in [
        ("empty parts", "..".to_owned()),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{good}.{signature}")),
        ("five parts, as if encrypted", format!("{good}.a.b")),
        ("no signature", format!("{head}.{body}.")),
        ("no header", format!(".{body}.{signature}")),
        ("no claims", format!("{head}..{signature}")),
        ("a signature cut short", good[..good.len() - 4].to_owned()),
        ("a signature with more", format!("{good}AAAA")),
        ("a signature of nothing", format!("{head}.{body}.AAAA")),
        ("padding", format!("{head}=.{body}.{signature}")),
        ("another alphabet", format!("{head}.{body}+/.{signature}")),
        (
            "parts in another order",
            format!("{body}.{head}.{signature}"),
        ),
        ("a word", "token".to_owned()),
        (
            "a key of a stranger",
            "ghp_0123456789abcdefghijklmnopqrstuvwxyz".to_owned(),
        ),
        ("8 KiB", "a".repeat(8 * 1024 - 7)),
        ("1 MiB", "a".repeat(1024 * 1024)),
        (
            "1 MiB in parts",
            format!("{head}.{}.{signature}", "A".repeat(1024 * 1024)),
        ),
    ] {
        add(what, text);
    }
    for (what, header) in [
        ("a header that is no JSON", "{"),
        ("a header that is an array", "[]"),
        ("a header that is a text", "\"EdDSA\""),
        ("a header without alg", "{\"kid\":\"ed\"}"),
        (
            "an alg twice",
            "{\"alg\":\"EdDSA\",\"alg\":\"none\",\"kid\":\"ed\"}",
        ),
        ("an alg of another type", "{\"alg\":1,\"kid\":\"ed\"}"),
        ("an alg of null", "{\"alg\":null,\"kid\":\"ed\"}"),
        ("a kid of another type", "{\"alg\":\"EdDSA\",\"kid\":1}"),
    ] {
        let claims = claims().to_string();
        add(
            what,
            raw(header, &claims, |message| {
                issuer.ed.sign(message).as_ref().to_vec()
            }),
        );
    }
    for (what, claims) in [
        ("claims that are no JSON", "{\"iss\":"),
        ("claims that are an array", "[]"),
        ("claims that are null", "null"),
        ("no claims at all", "{}"),
    ] {
        let header = header().to_string();
        add(
            what,
            raw(&header, claims, |message| {
                issuer.ed.sign(message).as_ref().to_vec()
            }),
        );
    }

    // The algorithm.
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS1", "EdDSA ", "eddsa", "ES256K", "RSA1_5", "dir",
    ] {
        add(
            &format!("alg {alg:?}"),
            issuer.ed(&with(header(), "alg", alg), &claims()),
        );
        if alg.eq_ignore_ascii_case("none") {
            let unsigned = raw(
                &with(header(), "alg", alg).to_string(),
                &claims().to_string(),
                |_| Vec::new(),
            );
            add(&format!("alg {alg:?}, unsigned"), unsigned);
        }
    }
    let public = issuer.modulus();
    let jwk = issuer.jwks()["keys"][0].to_string();
    for (what, kid, secret) in [
        ("the RSA key as a secret", "rsa", public.as_slice()),
        (
            "the RSA key in base64 as a secret",
            "rsa",
            encode(&public).as_bytes(),
        ),
        ("the JWK as a secret", "rsa", jwk.as_bytes()),
        (
            "the curve's point as a secret",
            "ec",
            issuer.ec.public_key().as_ref(),
        ),
        (
            "the Ed25519 key as a secret",
            "ed",
            issuer.ed.public_key().as_ref(),
        ),
        ("the symmetric key of the set", "oct", &[7; 32]),
        ("an empty secret", "ed", b""),
    ] {
        let header = with(with(header(), "alg", "HS256"), "kid", kid);
        add(what, hs256(&header, &claims(), secret));
    }
    add(
        "an RSA key's token that says EdDSA",
        issuer.rsa(&with(header(), "kid", "rsa"), &claims()),
    );
    add(
        "RS256 by the key for EdDSA",
        issuer.rsa(&with(header(), "alg", "RS256"), &claims()),
    );
    let rs512 = with(with(header(), "alg", "RS512"), "kid", "rsa");
    add(
        "an algorithm that is not on the list",
        issuer.rsa(&rs512, &claims()),
    );
    let es384 = with(with(header(), "alg", "ES384"), "kid", "ec");
    add(
        "a curve that is not the key's",
        issuer.ec(&es384, &claims()),
    );

    // The key.
    add(
        "a key for encryption",
        issuer.ed(&with(header(), "kid", "enc"), &claims()),
    );
    add(
        "a key of 1024 bits",
        issuer.rsa(
            &with(with(header(), "alg", "RS256"), "kid", "small"),
            &claims(),
        ),
    );
    add(
        "another key of the set",
        issuer.ed(
            &with(with(header(), "alg", "ES256"), "kid", "ec"),
            &claims(),
        ),
    );
    add(
        "a key that was rotated out",
        signed(&with(header(), "kid", "old"), &claims(), |message| {
            issuer.old.sign(message).as_ref().to_vec()
        }),
    );
    add(
        "a key that was rotated out, by another's name",
        signed(&header(), &claims(), |message| {
            issuer.old.sign(message).as_ref().to_vec()
        }),
    );
    for kid in [
        "",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "ed' OR '1'='1",
        "ed\"; DROP TABLE users; --",
        "ed\0",
        "ED",
        "http://169.254.169.254/latest/meta-data",
        "${jndi:ldap://x/y}",
        "| sleep 10",
    ] {
        add(
            &format!("kid {kid:?}"),
            issuer.ed(&with(header(), "kid", kid), &claims()),
        );
    }
    add(
        "a kid of 5 KiB",
        issuer.ed(&with(header(), "kid", "k".repeat(5000)), &claims()),
    );

    // The rest of the header.
    let own = issuer.jwks()["keys"][2].clone();
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("jku", json!("http://127.0.0.1:1/jwks")),
        ("jku", json!("https://issuer.example/jwks")),
        ("jwk", own),
        ("x5u", json!("http://127.0.0.1:1/cert")),
        ("x5c", json!(["MIIB"])),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("typ", json!("id+jwt")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("dpop+jwt")),
        ("typ", json!("")),
        ("typ", json!(7)),
    ] {
        add(
            &format!("{name} {value}"),
            issuer.ed(&with(header(), name, value), &claims()),
        );
    }

    // The claims.
    for name in ["iss", "aud", "sub", "exp"] {
        add(
            &format!("without {name}"),
            issuer.ed(&header(), &without(claims(), name)),
        );
        for value in [json!(null), json!({}), json!([]), json!(true), json!([1])] {
            let token = issuer.ed(&header(), &with(claims(), name, value.clone()));
            add(&format!("{name} {value}"), token);
        }
    }
    let (now, soon) = (seconds(), (seconds() + 600).to_string());
    for (name, value) in [
        ("iss", json!("https://issuer.example/")),
        ("iss", json!("https://issuer.example.evil.example")),
        ("iss", json!([ISSUER])),
        ("iss", json!("")),
        ("aud", json!("byline2")),
        ("aud", json!("BYLINE")),
        ("aud", json!(["a", "b"])),
        ("aud", json!(["byline", 1])),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("s".repeat(256))),
        ("exp", json!(soon)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(now - 31)),
        ("exp", json!("never")),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(1e300)),
        ("nbf", json!(now + 60)),
        ("nbf", json!("now")),
        ("nbf", json!(9_999_999_999_999_i64)),
        ("iat", json!(now + 3600)),
        ("iat", json!("now")),
        ("scope", json!(["users:read"])),
        ("scope", json!(7)),
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("at_hash", json!("MTIzNDU2Nzg5MDEyMzQ1Ng")),
    ] {
        let token = issuer.ed(&header(), &with(claims(), name, value.clone()));
        add(&format!("{name} {value}"), token);
    }
    all
}

#[actix_web::test]
async fn hostile_tokens_are_refused_and_cost_nobody_anything() {
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
async fn tokens_of_the_issuer_are_taken() {
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
async fn keys_are_fetched_for_an_unknown_name_but_not_again_and_again() {
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

    // A new key is known after the first token that names it.
    let eager = provider.verifier(Duration::ZERO);
    assert_eq!(provider.asked(), 2);
    let mut jwks = issuer.jwks();
    jwks["keys"][2]["kid"] = json!("new-0");
    *provider.answer.lock().unwrap() = Some(jwks.to_string());
    let is_known = |token: &str| eager.verify(token, now()).is_ok();
    let known = issuer.ed(&header(), &claims());
    assert!(is_known(&known));
    wait_for(|| is_known(&unknown(0)));
    // The one that it replaced is of no more use.
    assert!(!is_known(&known));

    // A provider that is away, or sends elsewhere, changes nothing.
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
fn keys_come_by_https_or_from_this_machine() {
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
