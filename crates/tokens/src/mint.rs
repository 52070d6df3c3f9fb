//! Tokens for development.

use std::time::Duration;

use byline_domain::Timestamp;
use byline_domain::policy::Scopes;
use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::SecretString;
use serde_json::json;

use crate::crypto;
use crate::keys::{WeakSecret, checked};

/// What a token shall say.
#[derive(Clone, Debug)]
pub struct Minting {
    /// Who issues it.
    pub issuer: String,
    /// For whom it is meant.
    pub audience: String,
    /// Whom it is issued to.
    pub subject: String,
    /// What it allows.
    pub scopes: Scopes,
    /// From when on.
    pub now: Timestamp,
    /// For how long, in whole seconds.
    pub lifetime: Duration,
}

/// A token (RFC 9068) that is signed with a secret, by HS256.
///
/// # Errors
///
/// [`WeakSecret`]
pub fn mint(secret: &SecretString, minting: &Minting) -> Result<String, WeakSecret> {
    crypto::install();
    let key = EncodingKey::from_secret(checked(secret)?);
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
