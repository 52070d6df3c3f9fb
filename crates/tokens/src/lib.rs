#![doc = include_str!("../README.md")]

mod claims;
mod crypto;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod jwk;
mod keys;
mod mint;
mod published;
mod quoted;
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

/// The fingerprint of whom `issuer` calls `subject`.
#[must_use]
pub fn identity(issuer: &str, subject: &str) -> Identity {
    let mut hash = Sha256::new();
    for part in [issuer, subject] {
        // Where one ends and the other begins counts too.
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hash.update(length.to_be_bytes());
        hash.update(part);
    }
    let bytes: [u8; Identity::LENGTH] = hash.finalize().into();
    Identity::from(bytes)
}

/// Returns the algorithm of this name. `Ed25519` (RFC 9864) is what `EdDSA` means
/// here: no other curve of it is taken.
#[must_use]
pub fn algorithm_named(name: &str) -> Option<Algorithm> {
    match name {
        "Ed25519" => Some(Algorithm::EdDSA),
        other => other.parse().ok(),
    }
}
