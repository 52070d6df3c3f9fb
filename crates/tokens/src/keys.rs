//! The keys that tokens are signed with, each bound to the algorithms that it is
//! for: what a token says of its algorithm chooses among them and no further.

use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::jwk::{Key, name_of};

/// A set of keys.
#[derive(Default)]
pub(crate) struct Keys(Vec<Key>);

/// A shared secret that somebody could guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret has less than 32 bytes, or hardly any different ones; `openssl rand -hex 32` makes a good one"
)]
pub struct WeakSecret;

/// The fewest bytes of a secret: those of the hash (RFC 7518 section 3.2).
const SECRET_BYTES: usize = 32;

/// The fewest different bytes of a secret. 64 hexadecimal digits have about 16,
/// 32 random bytes about 30.
const SECRET_VARIETY: usize = 8;

/// How many keys are tried for one token. An issuer that changes its keys has two or
/// three of a kind at a time.
const MOST_TRIED: usize = 16;

impl Keys {
    /// A single secret, for HS256 only.
    pub(crate) fn secret(secret: &SecretString) -> Result<Self, WeakSecret> {
        let bytes = checked(secret)?;
        Ok(Self(vec![Key {
            id: None,
            algorithms: vec![Algorithm::HS256],
            key: DecodingKey::from_secret(bytes),
        }]))
    }

    /// Reads the keys of a set that may be used with some of `allowed`. The others are
    /// left out (RFC 7517 section 5); returned beside it is why.
    pub(crate) fn of(set: &[Value], allowed: &[Algorithm]) -> (Self, Vec<String>) {
        let (mut keys, mut left_out) = (Vec::new(), Vec::new());
        for jwk in set {
            match Key::of(jwk, allowed) {
                Ok(key) => keys.push(key),
                Err(reason) => {
                    let key = name_of(jwk);
                    if reason.is_fault() {
                        tracing::warn!("a key of the issuer is not used: {key} {reason}");
                    } else {
                        tracing::debug!("a key of the issuer is not used: {key} {reason}");
                    }
                    left_out.push(format!("{key} {reason}"));
                }
            }
        }
        (Self(keys), left_out)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the keys by which a token is judged: those that have the name that it
    /// gives, and of these the ones that are for its algorithm. Where no key has the
    /// name, those without a name may be meant; a token without a name may mean any.
    pub(crate) fn choose(&self, id: Option<&str>, algorithm: Algorithm) -> Choice<'_> {
        let is_named = |key: &Key| id.is_some() && key.id.as_deref() == id;
        let by_name = self.0.iter().any(is_named);
        let keys: Vec<_> = self
            .0
            .iter()
            .filter(|key| match id {
                Some(_) if by_name => is_named(key),
                Some(_) => key.id.is_none(),
                None => true,
            })
            .filter(|key| key.algorithms.contains(&algorithm))
            .take(MOST_TRIED)
            .map(|key| &key.key)
            .collect();
        match keys.is_empty() {
            false => Choice::Keys { keys, by_name },
            true if by_name => Choice::OtherAlgorithm,
            true => Choice::Unknown,
        }
    }
}

/// What there is for a token.
pub(crate) enum Choice<'a> {
    /// At least one key.
    Keys {
        keys: Vec<&'a DecodingKey>,
        /// Whether the token names them.
        by_name: bool,
    },
    /// The key is not for this algorithm.
    OtherAlgorithm,
    Unknown,
}

/// The bytes of a secret that nobody guesses.
pub(crate) fn checked(secret: &SecretString) -> Result<&[u8], WeakSecret> {
    let bytes = secret.expose_secret().as_bytes();
    let different: std::collections::BTreeSet<_> = bytes.iter().collect();
    if bytes.len() >= SECRET_BYTES && different.len() >= SECRET_VARIETY {
        Ok(bytes)
    } else {
        Err(WeakSecret)
    }
}

#[cfg(test)]
mod tests;
