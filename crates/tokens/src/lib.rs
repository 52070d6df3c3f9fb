#![doc = include_str!("../README.md")]

mod claims;
mod crypto;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod jwk;
mod keys;
mod mint;
mod published;
mod source;
mod verifier;

use byline_domain::policy::Identity;
use sha2::{Digest, Sha256};

pub use jsonwebtoken::Algorithm;
pub use keys::WeakSecret;
pub use mint::{Minting, mint};
pub use published::NotKeys;
pub use source::{KeySource, KeysUnusable, RefreshPolicy, SourceError};
pub use verifier::{Rules, Verifier};

/// Returns the fingerprint of a subject of an issuer.
#[must_use]
pub fn identity(issuer: &str, subject: &str) -> Identity {
    let mut hash = Sha256::new();
    for part in [issuer, subject] {
        // The lengths separate issuer and subject.
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hash.update(length.to_be_bytes());
        hash.update(part);
    }
    let bytes: [u8; Identity::LENGTH] = hash.finalize().into();
    Identity::from(bytes)
}

/// Returns the algorithm of this name. `EdDSA` means `Ed25519` (RFC 9864) here: no
/// other curve is supported.
#[must_use]
pub fn algorithm_named(name: &str) -> Option<Algorithm> {
    match name {
        "Ed25519" => Some(Algorithm::EdDSA),
        other => other.parse().ok(),
    }
}

/// Returns text of an issuer for a log line: escaped and truncated.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 200;
    format!("{:?}", text.chars().take(LONGEST).collect::<String>())
}
