use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_domain::Timestamp;
use byline_domain::policy::Scopes;
use ring::hmac;
use secrecy::SecretString;
use serde_json::{Value, json};

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
    let secret = strong_bytes(secret)?;
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
    let header = json!({"typ": "at+jwt", "alg": "HS256"});
    let bytes = |value: &Value| value.to_string().into_bytes();
    Ok(signed(secret, &bytes(&header), &bytes(&claims)))
}

/// Signs any header and claims with a secret (HS256, RFC 7515 section 7.1).
pub(crate) fn signed(secret: &[u8], header: &[u8], claims: &[u8]) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let message = format!("{header}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}
