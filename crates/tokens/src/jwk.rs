//! A key of a published set (RFC 7517 section 4).
//!
//! Ignores members that are not needed. Accepts two unambiguous deviations from the
//! standard: leading zeros of a number, and padding of base64url.
//! `jsonwebtoken::jwk` accepts neither, and refuses a key for any malformed member.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use ring::agreement;
use ring::rand::SystemRandom;
use serde_json::{Map, Value};

use crate::{algorithm_named, quoted};

/// A public key, and the algorithms whose signatures it may verify.
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) key: DecodingKey,
}

/// Why a key of a set is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("is not a JSON object")]
    NotAnObject,
    #[error("has no `{0}` that is a string")]
    NotText(&'static str),
    #[error("has a `key_ops` that is not a list of strings")]
    NotOperations,
    #[error("has a `{0}` that is not base64url")]
    NotBase64(&'static str),
    #[error("is not for verifying signatures (`use`, `key_ops`)")]
    Purpose,
    #[error("is of a type or a curve that this service does not know")]
    Type,
    #[error("is for an algorithm that is not allowed")]
    Algorithm,
    #[error("is a shared secret: everyone who can read the set could sign")]
    Symmetric,
    #[error("has the private member `{0}`: everyone who can read the set could sign")]
    Private(&'static str),
    #[error("has an RSA modulus of {0} bits, not 2048 to 8192")]
    Size(usize),
    #[error("has an RSA modulus that is an even number")]
    Modulus,
    #[error("has an RSA exponent that is not an odd number from 3 to 2^33-1")]
    Exponent,
    #[error("is not a point of its curve")]
    Point,
}

/// The accepted sizes of RSA keys in bits: at least that of RFC 7518 section 3.3, at
/// most that of `ring`.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The largest RSA exponent that `ring` accepts.
const MAX_EXPONENT: u64 = (1 << 33) - 1;

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// The members of private keys (RFC 7518 section 6, RFC 8037 section 2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// The algorithms of a type of key, and the function that reads its values.
type Kind = (
    &'static [Algorithm],
    fn(&Jwk<'_>) -> Result<DecodingKey, Unusable>,
);

impl Key {
    /// Reads a key that may be used with some of `allowed`.
    pub(crate) fn of(jwk: &Value, allowed: &[Algorithm]) -> Result<Self, Unusable> {
        let jwk = Jwk(jwk.as_object().ok_or(Unusable::NotAnObject)?);
        let (algorithms, read) = jwk.kind()?;
        let id = jwk.text("kid")?;
        if !jwk.is_for_verifying()? {
            return Err(Unusable::Purpose);
        }
        let own = jwk.text("alg")?.map(algorithm_named);
        let algorithms: Vec<_> = algorithms
            .iter()
            .copied()
            .filter(|one| own.is_none_or(|own| own == Some(*one)) && allowed.contains(one))
            .collect();
        if algorithms.is_empty() {
            return Err(Unusable::Algorithm);
        }
        if let Some(name) = PRIVATE.into_iter().find(|name| jwk.has(name)) {
            return Err(Unusable::Private(name));
        }
        Ok(Self {
            id: id.map(str::to_owned),
            algorithms,
            key: read(&jwk)?,
        })
    }
}

impl Unusable {
    /// Whether the issuer did something wrong. A key that is for something else is
    /// nothing unusual.
    pub(crate) const fn is_fault(self) -> bool {
        !matches!(self, Self::Purpose | Self::Type | Self::Algorithm)
    }
}

/// Returns the name of a key for log lines: an issuer may choose any text.
pub(crate) fn name_of(jwk: &Value) -> String {
    let id = jwk.get("kid").and_then(Value::as_str);
    id.map_or_else(|| "a key without a name".to_owned(), quoted)
}

struct Jwk<'a>(&'a Map<String, Value>);

impl<'a> Jwk<'a> {
    fn kind(&self) -> Result<Kind, Unusable> {
        Ok(match self.text("kty")?.ok_or(Unusable::NotText("kty"))? {
            "RSA" => (&RSA, rsa),
            "EC" => match self.text("crv")? {
                Some("P-256") => (&[Algorithm::ES256], |jwk| {
                    point(jwk, 256 / 8, &agreement::ECDH_P256)
                }),
                Some("P-384") => (&[Algorithm::ES384], |jwk| {
                    point(jwk, 384 / 8, &agreement::ECDH_P384)
                }),
                _ => return Err(Unusable::Type),
            },
            "OKP" if self.text("crv")? == Some("Ed25519") => (&[Algorithm::EdDSA], ed25519),
            "oct" => return Err(Unusable::Symmetric),
            _ => return Err(Unusable::Type),
        })
    }

    /// Returns a member. Some libraries write null for an absent one.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn text(&self, name: &'static str) -> Result<Option<&'a str>, Unusable> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Unusable::NotText(name)),
        }
    }

    /// `use` and `key_ops` (RFC 7517 sections 4.2 and 4.3).
    fn is_for_verifying(&self) -> Result<bool, Unusable> {
        let is_for_signatures = self.text("use")?.is_none_or(|purpose| purpose == "sig");
        let may_verify = match self.get("key_ops") {
            None => true,
            Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
                all.iter().any(|one| one == "verify")
            }
            Some(_) => return Err(Unusable::NotOperations),
        };
        Ok(is_for_signatures && may_verify)
    }

    fn bytes(&self, name: &'static str) -> Result<Vec<u8>, Unusable> {
        let text = self.text(name)?.ok_or(Unusable::NotText(name))?;
        URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| Unusable::NotBase64(name))
    }

    /// Returns a number without leading zeros, which libraries write although RFC 7518
    /// section 6.3.1.1 forbids them.
    fn number(&self, name: &'static str) -> Result<Vec<u8>, Unusable> {
        let bytes = self.bytes(name)?;
        Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
    }

    /// Returns a coordinate of this length in bytes, with leading zeros.
    fn coordinate(&self, name: &'static str, length: usize) -> Result<Vec<u8>, Unusable> {
        let number = self.number(name)?;
        let zeros = length.checked_sub(number.len()).ok_or(Unusable::Point)?;
        Ok([vec![0; zeros], number].concat())
    }
}

/// Reads an RSA key. `ring` checks a key only together with a signature; this refuses
/// the same keys when they are loaded, so that operators learn of it.
fn rsa(jwk: &Jwk<'_>) -> Result<DecodingKey, Unusable> {
    let (modulus, exponent) = (jwk.number("n")?, jwk.number("e")?);
    let zeros = modulus.first().map_or(0, |first| first.leading_zeros());
    let bits = usize::try_from(zeros).map_or(0, |zeros| modulus.len() * 8 - zeros);
    if !RSA_BITS.contains(&bits) {
        return Err(Unusable::Size(bits));
    }
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(Unusable::Modulus);
    }
    exponent
        .iter()
        .try_fold(0_u64, |number, byte| {
            number.checked_mul(256)?.checked_add((*byte).into())
        })
        .filter(|number| number % 2 == 1 && (3..=MAX_EXPONENT).contains(number))
        .ok_or(Unusable::Exponent)?;
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

/// Reads a point of a curve. A key agreement checks that it is on the curve.
fn point(
    jwk: &Jwk<'_>,
    length: usize,
    curve: &'static agreement::Algorithm,
) -> Result<DecodingKey, Unusable> {
    let (x, y) = (jwk.coordinate("x", length)?, jwk.coordinate("y", length)?);
    let point = [vec![4], x, y].concat();
    let public = agreement::UnparsedPublicKey::new(curve, &point);
    agreement::EphemeralPrivateKey::generate(curve, &SystemRandom::new())
        .and_then(|private| agreement::agree_ephemeral(private, &public, |_| ()))
        .map_err(|_| Unusable::Point)?;
    Ok(DecodingKey::from_ec_der(&point))
}

fn ed25519(jwk: &Jwk<'_>) -> Result<DecodingKey, Unusable> {
    let point = jwk.bytes("x")?;
    if point.len() != 256 / 8 {
        return Err(Unusable::Point);
    }
    Ok(DecodingKey::from_ed_der(&point))
}

#[cfg(test)]
mod tests;
