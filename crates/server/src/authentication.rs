//! The verifiers of credentials, from their settings.

use std::sync::Arc;

use byline_application::{Authentication, TokenVerifier};
use byline_tokens::{KeySource, KeysUnusable, RefreshPolicy, Rules};

use crate::settings::{AuthenticationSettings, Method};

/// Returns the verifiers of the accepted credentials.
///
/// # Errors
///
/// The keys that sign tokens cannot be used.
pub(crate) fn from_settings(
    settings: &AuthenticationSettings,
) -> Result<Authentication, KeysUnusable> {
    Ok(Authentication {
        keys: settings.accepts(Method::Keys).then(Default::default),
        tokens: verifier(settings)?,
        public_reads: settings.public_reads,
    })
}

fn verifier(
    settings: &AuthenticationSettings,
) -> Result<Option<Arc<dyn TokenVerifier>>, KeysUnusable> {
    let secret = settings.jwt_secret.clone().map(KeySource::Secret);
    let source = settings.jwt_jwks.clone().or(secret);
    let (true, Some(source), Some(issuer), Some(audience)) = (
        settings.accepts(Method::Jwt),
        source,
        settings.jwt_issuer.clone(),
        settings.jwt_audience.clone(),
    ) else {
        return Ok(None);
    };
    let rules = Rules {
        issuer,
        audience,
        algorithms: settings.jwt_algorithms.clone(),
    };
    Ok(Some(Arc::new(
        source.verifier(rules, RefreshPolicy::default())?,
    )))
}
