//! The claims of a token, read strictly: a claim of the wrong type is an error, as if
//! it were missing.
//!
//! `jsonwebtoken::Validation` ignores some of these, and asks the clock of the machine.

use byline_application::TokenRefusal;
use byline_domain::Timestamp;
use byline_domain::policy::{Scope, Scopes};
use serde_json::{Map, Value};

/// How far the clocks of machines may differ, in seconds.
const LEEWAY: f64 = 30.0;

/// The longest subject in bytes (OpenID Connect Core section 2).
const MAX_SUBJECT: usize = 255;

const MICROS: f64 = 1_000_000.0;

/// Refuses a token that has expired or is not valid yet.
pub(crate) fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), TokenRefusal> {
    let now = seconds(now);
    let end = time(claims, "exp")?.ok_or(TokenRefusal::Claim("exp"))?;
    if end + LEEWAY <= now {
        return Err(TokenRefusal::Expired);
    }
    for claim in ["nbf", "iat"] {
        if time(claims, claim)?.is_some_and(|begin| begin > now + LEEWAY) {
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

/// Returns a `NumericDate` (RFC 7519 section 2): seconds, possibly with a fraction, up
/// to the year 9999.
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<f64>, TokenRefusal> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => value
            .as_f64()
            .filter(|time| (0.0..=seconds(Timestamp::MAX)).contains(time))
            .map(Some)
            .ok_or(TokenRefusal::Claim(claim)),
    }
}

/// Returns the subject.
pub(crate) fn subject(claims: &Map<String, Value>) -> Result<&str, TokenRefusal> {
    text(claims, "sub")
        .filter(|subject| (1..=MAX_SUBJECT).contains(&subject.len()))
        .ok_or(TokenRefusal::Claim("sub"))
}

/// Refuses a token of another issuer.
pub(crate) fn check_issuer(claims: &Map<String, Value>, issuer: &str) -> Result<(), TokenRefusal> {
    match text(claims, "iss") {
        None => Err(TokenRefusal::Claim("iss")),
        Some(found) if found == issuer => Ok(()),
        Some(_) => Err(TokenRefusal::Issuer),
    }
}

/// Refuses a token that is not for this audience, alone or among others.
pub(crate) fn check_audience(
    claims: &Map<String, Value>,
    audience: &str,
) -> Result<(), TokenRefusal> {
    let is_included = match claims.get("aud") {
        Some(Value::String(only)) => only == audience,
        Some(Value::Array(all)) if all.iter().all(Value::is_string) && !all.is_empty() => {
            all.iter().any(|one| one == audience)
        }
        _ => return Err(TokenRefusal::Claim("aud")),
    };
    is_included.then_some(()).ok_or(TokenRefusal::Audience)
}

/// Returns the known scopes of `scope`, which separates them by spaces (RFC 8693
/// section 4.2). A token without scopes grants nothing.
pub(crate) fn scopes(claims: &Map<String, Value>) -> Result<Scopes, TokenRefusal> {
    match claims.get("scope") {
        None => Ok(Scopes::default()),
        Some(Value::String(names)) => Ok(names.split(' ').filter_map(Scope::named).collect()),
        Some(_) => Err(TokenRefusal::Claim("scope")),
    }
}

/// Refuses tokens that are not for access: ID tokens (OpenID Connect Core section 2),
/// and those that Keycloak calls `ID`, `Refresh`, `Offline` or `Logout` in its claim
/// `typ`.
///
/// Keycloak before 25, and later with its mapper "Nonce backwards compatible", repeats
/// the client's `nonce` in access tokens. So a token with `nonce` is no ID token if its
/// header or its claims call it an access token.
pub(crate) fn check_purpose(
    claims: &Map<String, Value>,
    has_access_type: bool,
) -> Result<(), TokenRefusal> {
    const OF_ID_TOKENS: [&str; 3] = ["at_hash", "c_hash", "s_hash"];
    let has = |claim: &str| claims.contains_key(claim);
    let kind = text(claims, "typ");
    let is_other = matches!(kind, Some("ID" | "Refresh" | "Offline" | "Logout"));
    let is_for_access = has_access_type || kind == Some("Bearer") || has("scope");
    if is_other || OF_ID_TOKENS.into_iter().any(has) || has("nonce") && !is_for_access {
        return Err(TokenRefusal::Type);
    }
    Ok(())
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a str> {
    claims.get(claim).and_then(Value::as_str)
}
