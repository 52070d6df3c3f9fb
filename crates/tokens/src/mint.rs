use std::time::Duration;

use byline_domain::Timestamp;
use byline_domain::policy::Scopes;
use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::SecretString;
use serde_json::json;

use crate::crypto;
use crate::keys::{WeakSecret, strong_bytes};

/// The content of a token for development.
#[derive(Clone, Debug)]
pub struct Minting {
    /// The issuer, `iss`.
    pub issuer: String,
    /// The audience, `aud`.
    pub audience: String,
    /// The subject, `sub`.
    pub subject: String,
    /// The rights that it grants.
    pub scopes: Scopes,
    /// When it becomes valid.
    pub now: Timestamp,
    /// How long it is valid, in whole seconds.
    pub lifetime: Duration,
}

/// Returns a token (RFC 9068) that is signed with a secret (HS256).
///
/// # Errors
///
/// [`WeakSecret`]
pub fn mint(secret: &SecretString, minting: &Minting) -> Result<String, WeakSecret> {
    crypto::install();
    let key = EncodingKey::from_secret(strong_bytes(secret)?);
    let begin = minting.now.as_micros() / 1_000_000;
    let lifetime = i64::try_from(minting.lifetime.as_secs()).unwrap_or(i64::MAX);
    let claims = json!({
        "iss": minting.issuer,
        "aud": minting.audience,
        "sub": minting.subject,
        "scope": minting.scopes.to_string(),
        "iat": begin,
        "exp": begin.saturating_add(lifetime),
    });
    let header = Header {
        typ: Some("at+jwt".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    encode(&header, &claims, &key).map_err(|_: Error| WeakSecret)
}
