//! How a client authenticates, as `WWW-Authenticate` says it (RFC 6750 section 3).

use actix_web::http::header::{self, HeaderName, HeaderValue};
use byline_domain::policy::Scope;

use super::{Code, Problem};

/// The challenge to a request without a credential (RFC 6750 section 3).
const CHALLENGE: &str = "Bearer realm=\"byline\"";

/// Returns the problem of a request without the credential that it needs.
pub(crate) fn unauthenticated() -> Problem {
    let challenge = HeaderValue::from_static(CHALLENGE);
    Problem::from(Code::Unauthenticated).with_header(header::WWW_AUTHENTICATE, challenge)
}

/// Returns the `WWW-Authenticate` header for a credential that is refused.
pub(super) fn challenge(
    error: &str,
    description: &str,
    scope: Option<Scope>,
) -> (HeaderName, HeaderValue) {
    let mut text = format!("{CHALLENGE}, error=\"{error}\"");
    // Nothing else may stand in a quoted string of this header.
    let plain = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let description: String = description.chars().filter(plain).collect();
    text.push_str(&format!(", error_description=\"{description}\""));
    if let Some(scope) = scope {
        text.push_str(&format!(", scope=\"{scope}\""));
    }
    let value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(CHALLENGE));
    (header::WWW_AUTHENTICATE, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_one_header_whatever_it_describes() {
        let (_, value) = challenge("invalid_token", "a \"b\"\r\n\\ é", Some(Scope::Admin));
        assert_eq!(
            value.to_str().unwrap(),
            "Bearer realm=\"byline\", error=\"invalid_token\", \
             error_description=\"a b \", scope=\"admin\""
        );
    }
}
