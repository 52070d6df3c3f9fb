//! What a token says, read strictly: a claim of the wrong type is a claim that is
//! missing, never one that is passed over.

use byline_application::TokenRefusal;
use byline_domain::Timestamp;
use byline_domain::policy::{Scope, Scopes};
use serde_json::{Map, Value};

/// Clocks of machines differ by this much, in seconds.
const LEEWAY: f64 = 30.0;

/// The longest subject (OpenID Connect Core section 2), in bytes.
const MAX_SUBJECT: usize = 255;

const MICROS: f64 = 1_000_000.0;

/// Refuses a token whose time is over or has not come.
pub(crate) fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), TokenRefusal> {
    let now = seconds(now);
    let end = moment(claims, "exp")?.ok_or(TokenRefusal::Claim("exp"))?;
    if end + LEEWAY <= now {
        return Err(TokenRefusal::Expired);
    }
    for claim in ["nbf", "iat"] {
        if moment(claims, claim)?.is_some_and(|begin| begin > now + LEEWAY) {
            return Err(TokenRefusal::NotYet);
        }
    }
    Ok(())
}

#[expect(
    clippy::as_conversions,
    reason = "microseconds of the next 200 years lose less than a second"
)]
fn seconds(now: Timestamp) -> f64 {
    now.as_micros() as f64 / MICROS
}

/// A `NumericDate` (RFC 7519 section 2): seconds, perhaps with a fraction; one that is
/// in the calendar.
fn moment(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<f64>, TokenRefusal> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => value
            .as_f64()
            .filter(|moment| (0.0..=seconds(Timestamp::MAX)).contains(moment))
            .map(Some)
            .ok_or(TokenRefusal::Claim(claim)),
    }
}

/// The subject: neither empty nor longer than any.
pub(crate) fn subject(claims: &Map<String, Value>) -> Result<&str, TokenRefusal> {
    text(claims, "sub")
        .filter(|subject| (1..=MAX_SUBJECT).contains(&subject.len()))
        .ok_or(TokenRefusal::Claim("sub"))
}

/// Whether the token is of this issuer.
pub(crate) fn check_issuer(claims: &Map<String, Value>, issuer: &str) -> Result<(), TokenRefusal> {
    match text(claims, "iss") {
        None => Err(TokenRefusal::Claim("iss")),
        Some(found) if found == issuer => Ok(()),
        Some(_) => Err(TokenRefusal::Issuer),
    }
}

/// Whether the token is meant for this audience, alone or among others.
pub(crate) fn check_audience(
    claims: &Map<String, Value>,
    audience: &str,
) -> Result<(), TokenRefusal> {
    let is_meant = match claims.get("aud") {
        Some(Value::String(only)) => only == audience,
        Some(Value::Array(all)) if all.iter().all(Value::is_string) && !all.is_empty() => {
            all.iter().any(|one| one == audience)
        }
        _ => return Err(TokenRefusal::Claim("aud")),
    };
    if is_meant {
        Ok(())
    } else {
        Err(TokenRefusal::Audience)
    }
}

/// The scopes that are ours among those in `scope`, with spaces in between
/// (RFC 8693 section 4.2). Without any a token allows nothing.
pub(crate) fn scopes(claims: &Map<String, Value>) -> Result<Scopes, TokenRefusal> {
    match claims.get("scope") {
        None => Ok(Scopes::default()),
        Some(Value::String(names)) => Ok(names.split(' ').filter_map(Scope::named).collect()),
        Some(_) => Err(TokenRefusal::Claim("scope")),
    }
}

/// Refuses what is not for access: ID tokens (OpenID Connect Core section 2), and what
/// Keycloak calls `ID`, `Refresh`, `Offline` or `Logout` in its claim `typ`.
///
/// Keycloak before 25, and later with its mapper "Nonce backwards compatible", repeats
/// the client's `nonce` in access tokens. So `nonce` alone does not make an ID token of
/// what is called an access token, by its header or by its claims.
pub(crate) fn check_purpose(
    claims: &Map<String, Value>,
    is_of_access_token: bool,
) -> Result<(), TokenRefusal> {
    const OF_ID_TOKENS: [&str; 3] = ["at_hash", "c_hash", "s_hash"];
    let has = |claim: &str| claims.contains_key(claim);
    let kind = text(claims, "typ");
    let is_other = matches!(kind, Some("ID" | "Refresh" | "Offline" | "Logout"));
    let is_for_access = is_of_access_token || kind == Some("Bearer") || has("scope");
    if is_other || OF_ID_TOKENS.into_iter().any(has) || has("nonce") && !is_for_access {
        return Err(TokenRefusal::Type);
    }
    Ok(())
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a str> {
    claims.get(claim).and_then(Value::as_str)
}
