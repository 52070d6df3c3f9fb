//! Which credentials are taken, from the settings.

use std::sync::Arc;

use byline_application::{Authentication, TokenVerifier};
use byline_tokens::{KeySource, KeysUnusable, RefreshPolicy, Rules};

use crate::settings::{AuthenticationSettings, Method};

/// What judges credentials.
///
/// # Errors
///
/// What is wrong with the keys that tokens are signed with.
pub(crate) fn of(settings: &AuthenticationSettings) -> Result<Authentication, KeysUnusable> {
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
