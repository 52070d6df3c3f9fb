//! The keys that tokens are signed with, each bound to the algorithms that it is
//! for: what a token says of its algorithm chooses among them and no further.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use secrecy::{ExposeSecret, SecretString};

/// A set of keys.
#[derive(Default)]
pub(crate) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

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

/// The smallest RSA key, in bytes of its modulus.
const RSA_BYTES: usize = 2048 / 8;

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

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

    /// The keys of a set that are of use with any of `allowed`. Symmetric ones
    /// are not: whoever may read the set could sign.
    pub(crate) fn of(set: &JwkSet, allowed: &[Algorithm]) -> Self {
        let keys = set.keys.iter().filter_map(|jwk| Key::of(jwk, allowed));
        Self(keys.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key by which a token is judged that names it so; the only one that
    /// fits if it names none.
    pub(crate) fn choose(&self, id: Option<&str>, algorithm: Algorithm) -> Choice<'_> {
        let mut fitting = self.0.iter().filter(|key| match id {
            // The secret has no name.
            Some(id) => key.id.as_deref().is_none_or(|own| own == id),
            None => key.algorithms.contains(&algorithm),
        });
        match (fitting.next(), fitting.next()) {
            (Some(only), None) if only.algorithms.contains(&algorithm) => Choice::Key(&only.key),
            (Some(_), None) => Choice::OtherAlgorithm,
            _ => Choice::Unknown,
        }
    }
}

/// What there is for a token.
pub(crate) enum Choice<'a> {
    Key(&'a DecodingKey),
    /// The key is not for this algorithm.
    OtherAlgorithm,
    Unknown,
}

impl Key {
    fn of(jwk: &Jwk, allowed: &[Algorithm]) -> Option<Self> {
        let common = &jwk.common;
        let is_for_signatures = common
            .public_key_use
            .as_ref()
            .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let may_verify = common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures || !may_verify {
            return None;
        }
        let of_type: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => &RSA,
            AlgorithmParameters::EllipticCurve(point) => match point.curve {
                EllipticCurve::P256 => &[Algorithm::ES256],
                EllipticCurve::P384 => &[Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(point) => match point.curve {
                EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
                _ => return None,
            },
            _ => return None,
        };
        let algorithms: Vec<_> = of_type
            .iter()
            .filter(|one| allowed.contains(one))
            .filter(|one| common.key_algorithm.is_none_or(|own| is(own, **one)))
            .copied()
            .collect();
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let is_strong = match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, .. } => {
                n.iter().skip_while(|byte| **byte == 0).count() >= RSA_BYTES
            }
            DecodingKeyKind::SecretOrDer(_) => true,
        };
        (is_strong && !algorithms.is_empty()).then(|| Self {
            id: common.key_id.clone(),
            algorithms,
            key,
        })
    }
}

/// Whether the `alg` of a key is this algorithm.
fn is(own: KeyAlgorithm, algorithm: Algorithm) -> bool {
    own.to_string() == format!("{algorithm:?}")
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
