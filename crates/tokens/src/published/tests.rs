use serde_json::json;

use super::*;

const GOOD: &str =
    r#"{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}"#;

fn read(bytes: impl AsRef<[u8]>) -> Result<usize, String> {
    match keys(bytes.as_ref(), &[Algorithm::EdDSA, Algorithm::RS256]) {
        Ok(keys) => Ok(keys.len()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_set_is_read_as_issuers_write_it() {
    for text in [
        format!(r#"{{"keys":[{GOOD}]}}"#),
        format!("\u{feff}{{\"keys\":[{GOOD}]}}"),
        format!("\r\n\t{{\n  \"keys\" : [ {GOOD} ]\n}}\r\n"),
        format!(r#"{{"keys":[{GOOD}],"issuer":"x","expires":{{"at":1}},"jwks_uri":"x"}}"#),
    ] {
        assert_eq!(read(&text), Ok(1), "{text}");
    }
}

#[test]
fn an_entry_that_is_not_understood_disables_no_other() {
    for entry in [
        "null",
        "7",
        "[]",
        "\"MIIB\"",
        "{}",
        r#"{"kty":7}"#,
        r#"{"kty":"XX","new":{"a":[1]}}"#,
        r#"{"kty":"OKP","crv":"X25519","x":"AQ"}"#,
        r#"{"kty":"RSA","kid":7,"n":"AQ","e":"AQAB"}"#,
        r#"{"kty":"RSA","kid":"a","n":7,"e":"AQAB"}"#,
        r#"{"kty":"RSA","kid":"a","e":"AQAB"}"#,
        r#"{"kty":"RSA","kid":"a","n":"/+==","e":"AQAB"}"#,
        r#"{"kty":"RSA","kid":"a","use":["sig"],"n":"AQ","e":"AQAB"}"#,
        r#"{"kty":"RSA","kid":"a","key_ops":"verify","n":"AQ","e":"AQAB"}"#,
        r#"{"kty":"RSA","kid":"a","alg":256,"n":"AQ","e":"AQAB"}"#,
        r#"{"kty":"EC","kid":"a","crv":"secp256k1","x":"AQ","y":"AQ"}"#,
        r#"{"kty":"oct","k":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}"#,
    ] {
        for text in [
            format!(r#"{{"keys":[{entry},{GOOD}]}}"#),
            format!(r#"{{"keys":[{GOOD},{entry}]}}"#),
        ] {
            assert_eq!(read(&text), Ok(1), "{entry}");
        }
        let alone = read(format!(r#"{{"keys":[{entry}]}}"#)).unwrap_err();
        assert!(alone.starts_with("none of the keys is of use: "), "{alone}");
    }
}

/// Of a repeated member the last one counts (RFC 7517 section 4), and members that are
/// not needed may be anything.
#[test]
fn odd_members_cost_no_key() {
    for odd in [
        r#""x5c":"MII""#,
        r#""x5c":[7]"#,
        r#""x5t":null,"x5u":{}"#,
        r#""n":7,"y":[]"#,
        r#""kid":"first","kid":"ed""#,
        r#""alg":null,"use":null,"key_ops":null"#,
        r#""exp":1700000000,"iat":1.5"#,
        r#""alg":"Ed25519""#,
        r#""alg":"EdDSA","use":"sig","key_ops":["sign","verify"]"#,
    ] {
        let (_, members) = GOOD.split_at(1);
        let text = format!(r#"{{"keys":[{{{odd},{members}]}}"#);
        assert_eq!(read(&text), Ok(1), "{odd}");
    }
}

#[test]
fn what_is_no_set_is_told_apart() {
    let configuration = json!({
        "issuer": "https://login.example.org/",
        "jwks_uri": "https://login.example.org/keys\n",
    });
    for (bytes, told) in [
        (&b""[..], "there is nothing where the keys should be"),
        (
            b"\xEF\xBB\xBF \n",
            "there is nothing where the keys should be",
        ),
        (
            b"<!doctype html><title>Log in</title>",
            "a page (HTML or XML)",
        ),
        (b"\n  <?xml version=\"1.0\"?>", "a page (HTML or XML)"),
        (b"{\"keys\":[]}", "the key set is empty"),
        (b"{\"keys\":{}}", "no JSON Web Key Set"),
        (b"{\"keys\":null}", "no JSON Web Key Set"),
        (b"{}", "no JSON Web Key Set"),
        (b"[]", "no JSON Web Key Set"),
        (GOOD.as_bytes(), "no JSON Web Key Set"),
        (b"{\"keys\":[", "no JSON Web Key Set"),
        (
            b"{\"ed\":\"-----BEGIN CERTIFICATE-----\"}",
            "no JSON Web Key Set",
        ),
        (b"-----BEGIN PUBLIC KEY-----", "no JSON Web Key Set"),
        (b"\xFF\xFE{\0}\0", "no JSON Web Key Set"),
        (b"\x1F\x8B\x08", "no JSON Web Key Set"),
        (
            configuration.to_string().as_bytes(),
            "`jwks_uri`, \"https://login.example.org/keys\\n\"",
        ),
    ] {
        let error = read(bytes).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
    // Deeper than anything that is read.
    let deep = format!(r#"{{"keys":{}"#, "[".repeat(100_000));
    assert!(read(deep).unwrap_err().contains("no JSON Web Key Set"));
}

#[test]
fn large_sets_are_read_up_to_a_size() {
    let set = |keys: usize| format!(r#"{{"keys":[{}]}}"#, vec![GOOD; keys].join(","));
    assert_eq!(read(set(2000)), Ok(2000));
    let error = read(set(3000)).unwrap_err();
    assert_eq!(error, "the keys are more than 256 KiB");
}

#[test]
fn why_no_key_is_of_use_is_told_for_some_of_them() {
    let set = json!({"keys": [
        {"kty": "RSA", "kid": "small", "n": "gQ", "e": "AQAB"},
        {"kty": "RSA", "kid": "enc\u{1b}[2J", "use": "enc", "n": "gQ", "e": "AQAB"},
        {"kty": "oct", "k": "AQ"},
        7, 8, 9, 10,
    ]});
    let error = read(set.to_string()).unwrap_err();
    let told = "none of the keys is of use: \"small\" has an RSA modulus of 8 bits; 2048 to \
                8192 are taken; \"enc\\u{1b}[2J\" is not for verifying signatures (`use`, \
                `key_ops`); a key without a name is a shared secret: who may read the set could \
                sign; a key without a name is not a JSON object; a key without a name is not a \
                JSON object; and 2 more";
    assert_eq!(error, told);
    assert!(!error.contains('\u{1b}'));
}
