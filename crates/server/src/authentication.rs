//! The verifiers of credentials, from their settings.

use std::sync::Arc;

use byline_application::{Authentication, TokenVerifier};
use byline_tokens::{KeysUnusable, RefreshPolicy};

use crate::settings::{AuthenticationSettings, Method};

/// Returns the verifiers of the accepted credentials.
///
/// # Errors
///
/// The keys that sign tokens cannot be used.
pub(crate) fn from_settings(
    settings: &AuthenticationSettings,
) -> Result<Authentication, KeysUnusable> {
    let mut tokens: Option<Arc<dyn TokenVerifier>> = None;
    if let Some((source, rules)) = &settings.tokens {
        let verifier = source.verifier(rules.clone(), RefreshPolicy::default())?;
        tokens = Some(Arc::new(verifier));
    }
    Ok(Authentication {
        keys: settings.accepts(Method::Keys).then(Default::default),
        tokens,
        public_reads: settings.public_reads,
    })
}
