use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::*;

const ALL: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES384, Algorithm::EdDSA];

fn read(jwk: &Value) -> Result<Vec<Algorithm>, Unusable> {
    Key::of(jwk, &ALL).map(|key| key.algorithms)
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns an RSA key with a modulus of so many bits, after the bytes `before`.
fn rsa_key(before: &[u8], bits: usize, exponent: &[u8]) -> Value {
    let mut modulus = vec![0xFF; bits.div_ceil(8)];
    modulus[0] >>= modulus.len() * 8 - bits;
    json!({"kty": "RSA", "n": encode([before, &modulus].concat()), "e": encode(exponent)})
}

#[test]
fn rsa_keys_that_ring_would_refuse_are_rejected() {
    const E: &[u8] = &[1, 0, 1];
    for key in [
        rsa_key(&[], 2048, E),
        rsa_key(&[0], 2048, E),
        rsa_key(&[0; 9], 4096, &[0, 1, 0, 1]),
        rsa_key(&[], 2049, &[3]),
        rsa_key(&[], 8192, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 3]),
        rsa_key(&[], 2048, &[1, 0xFF, 0xFF, 0xFF, 0xFF]),
    ] {
        assert_eq!(read(&key), Ok(vec![Algorithm::RS256]), "{key}");
    }
    let mut padded = rsa_key(&[], 2048, E);
    padded["n"] = format!("{}==", padded["n"].as_str().unwrap()).into();
    assert_eq!(read(&padded), Ok(vec![Algorithm::RS256]));
    let mut even = vec![0xFF; 256];
    even[255] = 0xFE;
    for (key, reason) in [
        (rsa_key(&[], 1024, E), Unusable::Size(1024)),
        (rsa_key(&[], 2047, E), Unusable::Size(2047)),
        (rsa_key(&[0; 128], 1024, E), Unusable::Size(1024)),
        (rsa_key(&[], 8193, E), Unusable::Size(8193)),
        (rsa_key(&[], 16384, E), Unusable::Size(16384)),
        (
            json!({"kty": "RSA", "n": "", "e": "AQAB"}),
            Unusable::Size(0),
        ),
        (
            json!({"kty": "RSA", "n": "AAAA", "e": "AQAB"}),
            Unusable::Size(0),
        ),
        (
            json!({"kty": "RSA", "n": encode(even), "e": "AQAB"}),
            Unusable::Modulus,
        ),
        (rsa_key(&[], 2048, &[]), Unusable::Exponent),
        (rsa_key(&[], 2048, &[1]), Unusable::Exponent),
        (rsa_key(&[], 2048, &[4]), Unusable::Exponent),
        (rsa_key(&[], 2048, &[2, 0, 0, 0, 1]), Unusable::Exponent),
        (rsa_key(&[], 2048, &[0xFF; 256]), Unusable::Exponent),
        (
            json!({"kty": "RSA", "n": "a+/", "e": "AQAB"}),
            Unusable::NotBase64("n"),
        ),
        (json!({"kty": "RSA", "e": "AQAB"}), Unusable::NotText("n")),
    ] {
        assert_eq!(read(&key), Err(reason), "{key}");
    }
}

#[test]
fn points_must_be_on_their_curve_and_have_its_length() {
    let random = SystemRandom::new();
    // About one in 256 coordinates begins with a zero byte, which some issuers omit.
    let (mut complete, mut shortened) = (0, 0);
    while shortened < 1 || complete < 1 {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random);
        let pair = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P384_SHA384_FIXED_SIGNING,
            document.unwrap().as_ref(),
            &random,
        )
        .unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
        let key = |x: &[u8], y: &[u8]| json!({"kty": "EC", "crv": "P-384", "x": encode(x), "y": encode(y)});
        if x[0] == 0 || y[0] == 0 {
            shortened += 1;
            let short = |n: &[u8]| {
                encode(
                    n.iter()
                        .copied()
                        .skip_while(|b| *b == 0)
                        .collect::<Vec<_>>(),
                )
            };
            let short = json!({"kty": "EC", "crv": "P-384", "x": short(x), "y": short(y)});
            assert_eq!(read(&short), Ok(vec![Algorithm::ES384]));
        }
        if complete > 0 {
            continue;
        }
        complete += 1;
        assert_eq!(read(&key(x, y)), Ok(vec![Algorithm::ES384]));
        let longer = [&[0], x].concat();
        assert_eq!(read(&key(&longer, y)), Ok(vec![Algorithm::ES384]));
        for (x, y) in [
            (y, x),
            (x, x),
            (&x[..47], y),
            (&[1; 48], y),
            (&[1; 49], y),
            (&[], &[]),
        ] {
            assert_eq!(read(&key(x, y)), Err(Unusable::Point), "{x:?} {y:?}");
        }
    }
    for (length, expected) in [
        (32, Ok(vec![Algorithm::EdDSA])),
        (31, Err(Unusable::Point)),
        (33, Err(Unusable::Point)),
        (0, Err(Unusable::Point)),
    ] {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(vec![1; length])});
        assert_eq!(read(&key), expected, "{length}");
    }
}

#[test]
fn keys_are_restricted_by_type_use_key_ops_and_alg() {
    let with = |members: Value| {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": encode([1; 32])});
        let (key_members, members) = (key.as_object_mut().unwrap(), members);
        key_members.extend(members.as_object().unwrap().clone());
        key
    };
    for members in [
        json!({}),
        json!({"use": "sig"}),
        json!({"key_ops": ["verify"]}),
        json!({"alg": "EdDSA"}),
        json!({"alg": "Ed25519"}),
        json!({"kid": "", "alg": null}),
    ] {
        assert_eq!(
            read(&with(members.clone())),
            Ok(vec![Algorithm::EdDSA]),
            "{members}"
        );
    }
    for (members, reason) in [
        (json!({"use": "enc"}), Unusable::Purpose),
        (json!({"use": "SIG"}), Unusable::Purpose),
        (
            json!({"use": "sig", "key_ops": ["encrypt"]}),
            Unusable::Purpose,
        ),
        (json!({"key_ops": []}), Unusable::Purpose),
        (json!({"key_ops": ["sign"]}), Unusable::Purpose),
        (json!({"key_ops": "verify"}), Unusable::NotOperations),
        (json!({"key_ops": ["verify", 1]}), Unusable::NotOperations),
        (json!({"use": 1}), Unusable::NotText("use")),
        (json!({"kid": 7}), Unusable::NotText("kid")),
        (json!({"alg": 7}), Unusable::NotText("alg")),
        (json!({"alg": "ECDH-ES"}), Unusable::Algorithm),
        (json!({"alg": "Ed448"}), Unusable::Algorithm),
        (json!({"alg": "RS256"}), Unusable::Algorithm),
        (json!({"crv": "Ed448"}), Unusable::Type),
        (json!({"crv": null}), Unusable::Type),
        (json!({"kty": "okp"}), Unusable::Type),
        (json!({"kty": "oct", "k": "AQ"}), Unusable::Symmetric),
        (json!({"d": encode([1; 32])}), Unusable::Private("d")),
        (json!({"d": 7}), Unusable::Private("d")),
        (json!({"kty": "RSA", "q": "AQ"}), Unusable::Private("q")),
    ] {
        assert_eq!(read(&with(members.clone())), Err(reason), "{members}");
    }
    let not_allowed = json!({"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"});
    assert_eq!(read(&not_allowed), Err(Unusable::Algorithm));
}
