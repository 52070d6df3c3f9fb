//! Key sets as issuers publish them, and the tokens that are accepted with them.

use byline_application::TokenRefusal;
use ring::signature::KeyPair;

use super::issuer::{encode, signed};

use super::*;

/// Verifies tokens with a key set.
struct Judge(Arc<dyn TokenVerifier>);

impl Judge {
    fn of(jwks: &Value) -> Self {
        Self(Provider::start(jwks).verifier(Duration::from_secs(3600)))
    }

    fn judge(&self, token: &str) -> Result<(), TokenRefusal> {
        self.0.verify(token, now()).map(|_| ())
    }
}

/// Returns the header of a token with this algorithm and this key.
fn head(algorithm: &str, id: Option<&str>) -> Value {
    let header = with(without(header(), "kid"), "alg", algorithm);
    match id {
        Some(id) => with(header, "kid", id),
        None => header,
    }
}

/// Returns an RSA, a P-256 and an Ed25519 key with these names.
fn three(issuer: &Issuer, ids: [Option<&str>; 3]) -> Value {
    let mut keys = issuer.jwks()["keys"].as_array().unwrap()[..3].to_vec();
    for (key, id) in keys.iter_mut().zip(ids) {
        *key = match id {
            Some(id) => with(key.take(), "kid", id),
            None => without(key.take(), "kid"),
        };
    }
    json!({"keys": keys})
}

#[test]
fn a_key_is_found_by_its_name_among_others() {
    let issuer = Issuer::new();
    for ids in [
        [Some("a"), None, None],
        [None, Some("a"), None],
        [None, None, Some("a")],
        [Some("a"), Some("a"), None],
        [Some("a"), Some("a"), Some("a")],
        [Some("a"), Some("b"), Some("b")],
        [Some(""), Some("a"), Some("A")],
        [None, None, None],
    ] {
        let judge = Judge::of(&three(&issuer, ids));
        let claims = claims();
        for (id, token) in [
            (ids[0], issuer.rsa(&head("RS256", ids[0]), &claims)),
            (ids[1], issuer.ec(&head("ES256", ids[1]), &claims)),
            (ids[2], issuer.ed(&head("EdDSA", ids[2]), &claims)),
            (ids[2], issuer.ed(&head("Ed25519", ids[2]), &claims)),
            // Only one of each kind.
            (None, issuer.rsa(&head("RS256", None), &claims)),
            (None, issuer.ec(&head("ES256", None), &claims)),
        ] {
            assert_eq!(judge.judge(&token), Ok(()), "{ids:?} {id:?}");
        }
        // The signature of another issuer is never valid.
        for id in [None, Some("a"), Some("b"), Some("c")] {
            let stranger = signed(&head("EdDSA", id), &claims, |message| {
                issuer.old.sign(message).as_ref().to_vec()
            });
            assert!(judge.judge(&stranger).is_err(), "{ids:?} {id:?}");
        }
    }
}

#[test]
fn an_issuer_may_have_several_keys_of_a_kind() {
    let issuer = Issuer::new();
    let key = |id: Option<&str>, pair: &ring::signature::Ed25519KeyPair| {
        let x = encode(pair.public_key().as_ref());
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        match id {
            Some(id) => with(key, "kid", id),
            None => key,
        }
    };
    for ids in [[None, None], [Some("a"), Some("a")], [Some("a"), None]] {
        let keys = [key(ids[0], &issuer.ed), key(ids[1], &issuer.old)];
        let judge = Judge::of(&json!({"keys": keys}));
        for (id, pair) in [
            (ids[0], &issuer.ed),
            (ids[1], &issuer.old),
            (None, &issuer.old),
        ] {
            let token = signed(&head("EdDSA", id), &claims(), |message| {
                pair.sign(message).as_ref().to_vec()
            });
            assert_eq!(judge.judge(&token), Ok(()), "{ids:?} {id:?}");
        }
    }
}

#[test]
fn a_malformed_entry_disables_no_other() {
    let issuer = Issuer::new();
    for entry in [
        json!({"kty": "RSA", "kid": 7, "n": "AQ", "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "b", "x5c": "MII"}),
        json!({"kty": "EC", "kid": "a", "crv": "P-256", "x": "AQ", "y": "AQ"}),
        json!({"kty": "AKP", "kid": "a", "alg": "ML-DSA-44", "pub": "AQ"}),
        json!({"kty": "RSA", "kid": "a", "use": "enc", "alg": "RSA-OAEP", "n": "AQ", "e": "AQAB"}),
        json!(null),
        json!("-----BEGIN CERTIFICATE-----"),
    ] {
        let mut set = three(&issuer, [Some("a"), Some("a"), Some("ed")]);
        // Unusual, but valid.
        set["keys"][0]["x5c"] = json!("MII");
        set["keys"].as_array_mut().unwrap().insert(0, entry.clone());
        let judge = Judge::of(&set);
        let claims = claims();
        for token in [
            issuer.rsa(&head("RS256", Some("a")), &claims),
            issuer.ec(&head("ES256", Some("a")), &claims),
            issuer.ed(&head("EdDSA", Some("ed")), &claims),
        ] {
            assert_eq!(judge.judge(&token), Ok(()), "{entry}");
        }
    }
}

#[test]
fn numbers_may_have_leading_zeros() {
    let issuer = Issuer::new();
    let point = issuer.ec.public_key().as_ref();
    for zeros in [0, 1, 2, 17] {
        let mut set = three(&issuer, [Some("a"), Some("a"), Some("a")]);
        let longer = |number: &[u8]| encode([&vec![0; zeros][..], number].concat());
        set["keys"][0]["n"] = longer(&issuer.modulus()).into();
        set["keys"][0]["e"] = longer(&[1, 0, 1]).into();
        set["keys"][1]["x"] = longer(&point[1..33]).into();
        let judge = Judge::of(&set);
        for token in [
            issuer.rsa(&head("RS256", Some("a")), &claims()),
            issuer.ec(&head("ES256", Some("a")), &claims()),
        ] {
            assert_eq!(judge.judge(&token), Ok(()), "{zeros}");
        }
    }
}

#[test]
fn a_key_whose_private_part_is_published_is_not_used() {
    let issuer = Issuer::new();
    for (at, member, token) in [
        (0, "d", issuer.rsa(&head("RS256", Some("a")), &claims())),
        (1, "d", issuer.ec(&head("ES256", Some("a")), &claims())),
        (2, "d", issuer.ed(&head("EdDSA", Some("a")), &claims())),
        (0, "qi", issuer.rsa(&head("RS256", Some("a")), &claims())),
    ] {
        let mut set = three(&issuer, [Some("a"), Some("a"), Some("a")]);
        assert_eq!(Judge::of(&set).judge(&token), Ok(()));
        set["keys"][at][member] = json!("AQ");
        assert_eq!(Judge::of(&set).judge(&token), Err(TokenRefusal::Algorithm));
    }
}

#[test]
fn a_key_without_a_name_is_fetched_again_when_it_changed() {
    let issuer = Issuer::new();
    let set = three(&issuer, [None, None, None]);
    let provider = Provider::start(&set);
    let verifier = provider.verifier(Duration::ZERO);
    let token = signed(&head("EdDSA", None), &claims(), |message| {
        issuer.old.sign(message).as_ref().to_vec()
    });
    assert!(verifier.verify(&token, now()).is_err());
    let mut changed = set;
    changed["keys"][2]["x"] = encode(issuer.old.public_key().as_ref()).into();
    *provider.answer.lock().unwrap() = Some(changed.to_string());
    wait_for(|| verifier.verify(&token, now()).is_ok());
}

/// The token has no scope, so it permits nothing.
#[test]
fn only_access_tokens_may_have_a_nonce() {
    let issuer = Issuer::new();
    let judge = Judge::of(&issuer.jwks());
    let claims = || with(without(claims(), "scope"), "nonce", "n-0S6_WzA2Mj");
    let called = |kind: &str| with(header(), "typ", kind);
    for (header, claims, expected) in [
        (called("at+jwt"), claims(), Ok(())),
        (called("application/AT+JWT"), claims(), Ok(())),
        (called("JWT"), with(claims(), "typ", "Bearer"), Ok(())),
        (called("JWT"), with(claims(), "scope", ""), Ok(())),
        (called("JWT"), claims(), Err(TokenRefusal::Type)),
        (without(header(), "typ"), claims(), Err(TokenRefusal::Type)),
        (
            called("JWT"),
            with(claims(), "typ", "ID"),
            Err(TokenRefusal::Type),
        ),
        (
            called("JWT"),
            with(with(claims(), "scope", "openid"), "typ", "ID"),
            Err(TokenRefusal::Type),
        ),
        (
            called("at+jwt"),
            with(claims(), "at_hash", "MTIz"),
            Err(TokenRefusal::Type),
        ),
    ] {
        let token = issuer.ed(&header, &claims);
        assert_eq!(judge.judge(&token), expected, "{header} {claims}");
    }
}
