use serde_json::json;

use super::*;

const GOOD: &str =
    r#"{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}"#;

fn count(bytes: impl AsRef<[u8]>) -> Result<usize, String> {
    match read(bytes.as_ref(), &[Algorithm::EdDSA, Algorithm::RS256]) {
        Ok(keys) => Ok(keys.len()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn sets_are_read_in_the_forms_of_issuers() {
    for text in [
        format!(r#"{{"keys":[{GOOD}]}}"#),
        format!("\u{feff}{{\"keys\":[{GOOD}]}}"),
        format!("\r\n\t{{\n  \"keys\" : [ {GOOD} ]\n}}\r\n"),
        format!(r#"{{"keys":[{GOOD}],"issuer":"x","expires":{{"at":1}},"jwks_uri":"x"}}"#),
    ] {
        assert_eq!(count(&text), Ok(1), "{text}");
    }
}

#[test]
fn unknown_entries_do_not_disable_others() {
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
            assert_eq!(count(&text), Ok(1), "{entry}");
        }
        let alone = count(format!(r#"{{"keys":[{entry}]}}"#)).unwrap_err();
        assert!(
            alone.starts_with("none of the keys can be used: "),
            "{alone}"
        );
    }
}

/// The last of repeated members counts (RFC 7517 section 4), and members that are not
/// needed may have any value.
#[test]
fn malformed_members_that_are_not_needed_are_ignored() {
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
        assert_eq!(count(&text), Ok(1), "{odd}");
    }
}

#[test]
fn documents_that_are_no_set_are_told_apart() {
    let configuration = json!({
        "issuer": "https://login.example.org/",
        "jwks_uri": "https://login.example.org/keys\n",
    });
    for (bytes, expected) in [
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
        let error = count(bytes).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    // Deeper than the limit of serde_json.
    let deep = format!(r#"{{"keys":{}"#, "[".repeat(100_000));
    assert!(count(deep).unwrap_err().contains("no JSON Web Key Set"));
}

#[test]
fn sets_are_read_up_to_the_size_limit() {
    let set = |keys: usize| format!(r#"{{"keys":[{}]}}"#, vec![GOOD; keys].join(","));
    assert_eq!(count(set(2000)), Ok(2000));
    let error = count(set(3000)).unwrap_err();
    assert_eq!(error, "the keys are more than 256 KiB");
}

#[test]
fn the_error_names_some_reasons_and_counts_the_rest() {
    let set = json!({"keys": [
        {"kty": "RSA", "kid": "small", "n": "gQ", "e": "AQAB"},
        {"kty": "RSA", "kid": "enc\u{1b}[2J", "use": "enc", "n": "gQ", "e": "AQAB"},
        {"kty": "oct", "k": "AQ"},
        7, 8, 9, 10,
    ]});
    let error = count(set.to_string()).unwrap_err();
    let expected = "none of the keys can be used: \"small\" has an RSA modulus of 8 bits, not 2048 to \
                8192; \"enc\\u{1b}[2J\" is not for verifying signatures (`use`, \
                `key_ops`); a key without a name is a shared secret: everyone who can read the \
                set could sign; a key without a name is not a JSON object; a key without a name is not a \
                JSON object; and 2 more";
    assert_eq!(error, expected);
    assert!(!error.contains('\u{1b}'));
}
