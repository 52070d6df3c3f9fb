//! Hostile tokens.

use ring::signature::KeyPair;
use serde_json::json;

use super::issuer::*;

/// Returns tokens with the reason why they are hostile.
pub(super) fn hostile(issuer: &Issuer) -> Vec<(String, String)> {
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
        ("at_hash", json!("MTIzNDU2Nzg5MDEyMzQ1Ng")),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("typ", json!("Offline")),
        ("typ", json!("Logout")),
    ] {
        let token = issuer.ed(&header(), &with(claims(), name, value.clone()));
        add(&format!("{name} {value}"), token);
    }
    let id_token = with(without(claims(), "scope"), "nonce", "n-0S6_WzA2Mj");
    for (what, header) in [
        ("an ID token", with(header(), "typ", "JWT")),
        ("an ID token without a type", without(header(), "typ")),
    ] {
        add(what, issuer.ed(&header, &id_token));
    }
    all
}
