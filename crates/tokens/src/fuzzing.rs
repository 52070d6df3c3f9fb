//! The entry point of the fuzzer in `fuzz`.

#![expect(clippy::panic, clippy::expect_used, reason = "a fuzzer reports panics")]

use std::sync::OnceLock;

use byline_application::TokenVerifier;
use byline_domain::Timestamp;
use jsonwebtoken::Algorithm;
use secrecy::SecretString;

use crate::mint::signed;
use crate::{KeySource, RefreshPolicy, Rules, Verifier};

const SECRET: &str = "of more than enough bytes, and nobody guesses it";

/// Verifies `data` as a token, which must fail without the secret. After a zero byte,
/// `data` is a header and claims instead, with a zero byte between them; they get the
/// right signature.
pub fn token(data: &[u8]) {
    let now = Timestamp::from_micros(1_790_000_000_000_000).expect("a time");
    let verifier = verifier();
    match data.split_first() {
        Some((0, parts)) => {
            // Accepted or not, depending on the claims.
            let _ = verifier.verify(&signed_parts(parts), now);
        }
        _ => {
            let text = String::from_utf8_lossy(data);
            if let Ok(token) = verifier.verify(&text, now) {
                panic!("{text} is accepted: {token:?}");
            }
        }
    }
}

/// Returns a token of the header and the claims in `parts`.
fn signed_parts(parts: &[u8]) -> String {
    let mut parts = parts.splitn(2, |byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    signed(SECRET.as_bytes(), next(), next())
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
        let good = fs::read(corpus.join("good")).unwrap();
        let now = Timestamp::from_micros(1_790_000_000_000_000).unwrap();
        verifier().verify(&signed_parts(&good[1..]), now).unwrap();
    }
}
