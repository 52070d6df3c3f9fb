use serde_json::json;

use super::*;

/// Returns an Ed25519 or RSA key whose bytes are all the same.
fn key(kind: &str, id: Option<&str>, byte: u8) -> Value {
    use base64::Engine;
    let encode = |bytes: Vec<u8>| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let mut key = match kind {
        "RSA" => json!({"kty": "RSA", "n": encode(vec![byte; 256]), "e": "AQAB"}),
        _ => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(vec![byte; 32])}),
    };
    if let Some(id) = id {
        key["kid"] = id.into();
    }
    key
}

fn chosen(set: &[Value], id: Option<&str>, algorithm: Algorithm) -> Result<Vec<u8>, &'static str> {
    let allowed = [Algorithm::RS256, Algorithm::PS256, Algorithm::EdDSA];
    let (keys, ignored) = Keys::from_set(set, &allowed);
    assert!(ignored.is_empty(), "{ignored:?}");
    let byte = |key: &&DecodingKey| match key.kind() {
        jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => n[0],
        jsonwebtoken::DecodingKeyKind::SecretOrDer(bytes) => bytes[0],
    };
    match keys.choose(id, algorithm) {
        Choice::Keys { keys, has_id } => {
            assert_eq!(
                has_id,
                id.is_some_and(|id| set.iter().any(|key| key["kid"] == id))
            );
            Ok(keys.iter().map(byte).collect())
        }
        Choice::OtherAlgorithm => Err("another algorithm"),
        Choice::Unknown => Err("unknown"),
    }
}

#[test]
fn keys_are_chosen_by_id_then_by_type_and_algorithm() {
    let (rs, ps, ed) = (Algorithm::RS256, Algorithm::PS256, Algorithm::EdDSA);
    let a_beside_nameless = [
        key("Ed", None, 1),
        key("Ed", Some("a"), 3),
        key("RSA", None, 0xF1),
    ];
    for (id, algorithm, expected) in [
        (Some("a"), ed, Ok(vec![3])),
        (Some("a"), rs, Err("another algorithm")),
        (Some("b"), ed, Ok(vec![1])),
        (Some("b"), rs, Ok(vec![0xF1])),
        (None, ed, Ok(vec![1, 3])),
        (None, ps, Ok(vec![0xF1])),
    ] {
        assert_eq!(
            chosen(&a_beside_nameless, id, algorithm),
            expected,
            "{id:?}"
        );
    }
    let shared = [
        key("RSA", Some("a"), 0xF1),
        key("Ed", Some("a"), 1),
        key("Ed", Some("A"), 3),
    ];
    for (id, algorithm, expected) in [
        (Some("a"), ed, Ok(vec![1])),
        (Some("a"), rs, Ok(vec![0xF1])),
        (Some("a"), ps, Ok(vec![0xF1])),
        (Some("A"), rs, Err("another algorithm")),
        (Some(""), rs, Err("unknown")),
        (Some("b"), ed, Err("unknown")),
        (None, rs, Ok(vec![0xF1])),
        (None, ed, Ok(vec![1, 3])),
    ] {
        assert_eq!(chosen(&shared, id, algorithm), expected, "{id:?}");
    }
    let twice = [key("Ed", Some("a"), 1), key("Ed", Some("a"), 3)];
    assert_eq!(chosen(&twice, Some("a"), ed), Ok(vec![1, 3]));
    assert_eq!(chosen(&twice, None, rs), Err("unknown"));
    let many: Vec<_> = (0..100).map(|byte| key("Ed", None, byte)).collect();
    assert_eq!(
        chosen(&many, None, ed).map(|keys| keys.len()),
        Ok(MAX_TRIED)
    );
}

#[test]
fn a_key_is_used_with_its_own_algorithm_only() {
    let mut only = key("RSA", Some("a"), 0xF1);
    only["alg"] = "PS256".into();
    assert_eq!(
        chosen(&[only.clone()], Some("a"), Algorithm::PS256),
        Ok(vec![0xF1])
    );
    assert_eq!(
        chosen(&[only.clone()], Some("a"), Algorithm::RS256),
        Err("another algorithm")
    );
    assert_eq!(chosen(&[only], None, Algorithm::RS256), Err("unknown"));
}
