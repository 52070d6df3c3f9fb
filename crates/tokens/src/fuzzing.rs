//! The entry point of the fuzzer in `fuzz`.

#![expect(clippy::panic, clippy::expect_used, reason = "a fuzzer reports panics")]

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_application::TokenVerifier;
use byline_domain::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use secrecy::SecretString;

use crate::{KeySource, RefreshPolicy, Rules, Verifier};

const SECRET: &str = "of more than enough bytes, and nobody guesses it";

/// Verifies `data` as a token, which must fail without the secret. After a zero byte,
/// `data` is a header and claims instead, with a zero byte between them; they get the
/// right signature.
pub fn token(data: &[u8]) {
    let now = Timestamp::from_micros(1_790_000_000_000_000).expect("a time");
    // Also installs what signing needs.
    let verifier = verifier();
    match data.split_first() {
        Some((0, parts)) => {
            let mut parts = parts.splitn(2, |byte| *byte == 0);
            let mut encoded = || URL_SAFE_NO_PAD.encode(parts.next().unwrap_or_default());
            let message = format!("{}.{}", encoded(), encoded());
            let key = EncodingKey::from_secret(SECRET.as_bytes());
            let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
            let signature = signature.expect("a signature");
            // Accepted or not, depending on the claims.
            let _ = verifier.verify(&format!("{message}.{signature}"), now);
        }
        _ => {
            let text = String::from_utf8_lossy(data);
            if let Ok(token) = verifier.verify(&text, now) {
                panic!("{text} is accepted: {token:?}");
            }
        }
    }
}

fn verifier() -> &'static Verifier {
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    VERIFIER.get_or_init(|| {
        let rules = Rules {
            issuer: "i".to_owned(),
            audience: "a".to_owned(),
            algorithms: vec![Algorithm::HS256],
        };
        let source = KeySource::Secret(SecretString::from(SECRET));
        source
            .verifier(rules, RefreshPolicy::default())
            .expect("a verifier")
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn fuzz_corpus_replays() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/token");
        let entries: Vec<_> = fs::read_dir(corpus).unwrap().collect();
        assert!(!entries.is_empty());
        for entry in entries {
            token(&fs::read(entry.unwrap().path()).unwrap());
        }
    }

    #[test]
    fn the_good_token_of_the_corpus_is_accepted() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/token");
        let verifier = verifier();
        let forged = fs::read(corpus.join("good")).unwrap();
        let parts: Vec<_> = forged[1..].splitn(2, |byte| *byte == 0).collect();
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(parts[0]),
            URL_SAFE_NO_PAD.encode(parts[1])
        );
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        let now = Timestamp::from_micros(1_790_000_000_000_000).unwrap();
        let text = format!("{message}.{}", signature.unwrap());
        verifier.verify(&text, now).unwrap();
    }
}
