//! The keys that verify tokens. Each is bound to its algorithms: the header of a token
//! only selects among them.

use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::jwk::{Key, name_of};

/// A set of keys.
#[derive(Default)]
pub(crate) struct Keys(Vec<Key>);

/// The shared secret can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret has fewer than 32 bytes, or hardly any different ones; `openssl rand -hex 32` \
     makes a good one"
)]
pub struct WeakSecret;

/// The minimum length of a secret in bytes: that of the hash (RFC 7518 section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// The minimum number of different bytes in a secret. 64 hexadecimal digits have
/// about 16, 32 random bytes about 30.
const MIN_SECRET_VARIETY: usize = 8;

/// The most keys that are tried for one token. During a rotation, issuers have two or
/// three keys of a type.
const MAX_TRIED: usize = 16;

impl Keys {
    /// Returns a secret as the only key, for HS256 only.
    pub(crate) fn secret(secret: &SecretString) -> Result<Self, WeakSecret> {
        Ok(Self(vec![Key {
            id: None,
            algorithms: vec![Algorithm::HS256],
            key: DecodingKey::from_secret(strong_bytes(secret)?),
        }]))
    }

    /// Reads the keys of a set that may be used with some of `allowed`. Ignores the
    /// others (RFC 7517 section 5), and returns the reasons.
    pub(crate) fn from_set(set: &[Value], allowed: &[Algorithm]) -> (Self, Vec<String>) {
        let (mut keys, mut ignored) = (Vec::new(), Vec::new());
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
                    ignored.push(format!("{key} {reason}"));
                }
            }
        }
        (Self(keys), ignored)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the keys that may have signed a token: those with the key id of its
    /// header, or those without an id if none has it, or all keys if the header has no
    /// id; and of these the ones for its algorithm.
    pub(crate) fn choose(&self, id: Option<&str>, algorithm: Algorithm) -> Choice<'_> {
        let has_same_id = |key: &Key| id.is_some() && key.id.as_deref() == id;
        let has_id = self.0.iter().any(has_same_id);
        let keys: Vec<_> = self
            .0
            .iter()
            .filter(|key| match id {
                Some(_) if has_id => has_same_id(key),
                Some(_) => key.id.is_none(),
                None => true,
            })
            .filter(|key| key.algorithms.contains(&algorithm))
            .take(MAX_TRIED)
            .map(|key| &key.key)
            .collect();
        match keys.is_empty() {
            false => Choice::Keys { keys, has_id },
            true if has_id => Choice::OtherAlgorithm,
            true => Choice::Unknown,
        }
    }
}

/// The keys for a token.
pub(crate) enum Choice<'a> {
    /// At least one.
    Keys {
        keys: Vec<&'a DecodingKey>,
        /// Whether they have the key id of the token.
        has_id: bool,
    },
    /// The keys with this id are for other algorithms.
    OtherAlgorithm,
    /// No key could have signed the token.
    Unknown,
}

/// Returns the bytes of a secret that cannot be guessed.
pub(crate) fn strong_bytes(secret: &SecretString) -> Result<&[u8], WeakSecret> {
    let bytes = secret.expose_secret().as_bytes();
    let different: std::collections::BTreeSet<_> = bytes.iter().collect();
    if bytes.len() >= MIN_SECRET_BYTES && different.len() >= MIN_SECRET_VARIETY {
        Ok(bytes)
    } else {
        Err(WeakSecret)
    }
}

#[cfg(test)]
mod tests;
