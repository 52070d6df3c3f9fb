//! Authentication: reads the credential of a request, checks as much of it as needs no
//! store, and refuses requests that cannot succeed without one. Authorization is done by
//! the policy, in the use cases.

use std::sync::{Arc, OnceLock};

use actix_web::http::header::{self, HeaderMap};
use byline_application::{AppError, Credential, CredentialError, RowLock, Session};
use byline_domain::Timestamp;
use byline_domain::policy::{Caller, Principal, Scope};

use crate::api::Api;
use crate::problem::{Problem, unauthenticated};

/// The credential that an operation requires. A route cannot be registered without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// None; a credential is ignored. The operation discloses nothing about users and
    /// posts.
    Open,
    /// One with this scope; none if reads are public.
    Reads(Scope),
    /// One with this scope.
    Writes(Scope),
    /// Any. The scope depends on the request.
    Known,
}

/// The maximum size of a credential, in bytes.
pub(crate) const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

/// The sender of a request, as far as it is known without the store.
#[derive(Clone)]
pub(crate) struct Requester(Option<Arc<Inner>>);

struct Inner {
    api: Api,
    credential: Credential,
    at: Timestamp,
    /// Set once a session has looked it up.
    caller: OnceLock<Caller>,
}

impl Requester {
    /// The requester of an operation that checks no credential.
    pub(crate) const NOT_CHECKED: Self = Self(None);

    /// Reads and checks the credential in the headers. Refuses a request without one if `access`
    /// requires it.
    pub(crate) fn of(api: &Api, access: Access, headers: &HeaderMap) -> Result<Self, Problem> {
        let authentication = &api.settings().authentication;
        if access == Access::Open || authentication.is_off() {
            return Ok(Self::NOT_CHECKED);
        }
        let now = api.clock().now();
        let token = bearer_token(headers).map_err(refused)?;
        let credential = authentication.recognise(token, now).map_err(refused)?;
        let is_public = matches!(access, Access::Reads(_)) && authentication.public_reads;
        if credential == Credential::Nothing && !is_public {
            return Err(unauthenticated());
        }
        Ok(Self(Some(Arc::new(Inner {
            api: api.clone(),
            credential,
            at: now,
            caller: OnceLock::new(),
        }))))
    }

    pub(crate) fn credential(&self) -> &Credential {
        match &self.0 {
            Some(inner) => &inner.credential,
            None => &Credential::NotAsked,
        }
    }

    /// Returns a digest of the credential, if there is one.
    pub(crate) fn digest(&self) -> Option<[u8; 32]> {
        match self.credential() {
            Credential::NotAsked | Credential::Nothing => None,
            Credential::Key(digest) => Some(*digest.as_bytes()),
            Credential::Token(token) => Some(*token.identity.as_bytes()),
        }
    }

    /// Looks up the requester in a session.
    pub(crate) fn principal(
        &self,
        session: &mut dyn Session,
        lock: RowLock,
    ) -> Result<Principal, AppError> {
        let Some(inner) = &self.0 else {
            return Ok(Principal::unrestricted());
        };
        let authentication = &inner.api.settings().authentication;
        let principal = authentication.principal(session, &inner.credential, lock, inner.at)?;
        // The first of several attempts wins.
        inner.caller.get_or_init(|| principal.caller);
        Ok(principal)
    }

    /// Returns the caller, if a session has looked it up.
    pub(crate) fn caller(&self) -> Option<Caller> {
        self.0.as_ref()?.caller.get().copied()
    }
}

/// Returns the credential in `Authorization: Bearer …`, if there is one. URLs are not
/// searched, because they end up in logs.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, CredentialError> {
    let mut lines = headers.get_all(header::AUTHORIZATION);
    let line = match (lines.next(), lines.next()) {
        (None, _) => return Ok(None),
        (Some(line), None) if line.len() <= MAX_CREDENTIAL_BYTES => line,
        _ => return Err(CredentialError::Unreadable),
    };
    let text = line.to_str().map_err(|_| CredentialError::Unreadable)?;
    let (scheme, credential) = text.split_once(' ').ok_or(CredentialError::Unreadable)?;
    let credential = credential.trim_matches(' ');
    let is_valid = scheme.eq_ignore_ascii_case("bearer")
        && !credential.is_empty()
        && credential.bytes().all(is_token68);
    if is_valid {
        Ok(Some(credential))
    } else {
        Err(CredentialError::Unreadable)
    }
}

/// Returns whether a credential may contain this byte (RFC 6750 section 2.1).
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

fn refused(error: CredentialError) -> Problem {
    AppError::from(error).into()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn token_of(lines: &[&[u8]]) -> Result<Option<String>, CredentialError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_bytes(line).unwrap();
            headers.append(header::AUTHORIZATION, value);
        }
        bearer_token(&headers).map(|found| found.map(str::to_owned))
    }

    #[test]
    fn reads_one_bearer_credential() {
        assert_eq!(token_of(&[]), Ok(None));
        for line in [
            "Bearer abc.d-e_f",
            "bearer abc.d-e_f",
            "BEARER   abc.d-e_f ",
        ] {
            let found = token_of(&[line.as_bytes()]);
            assert_eq!(found, Ok(Some("abc.d-e_f".to_owned())), "{line}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        let long = format!("Bearer {}", "a".repeat(MAX_CREDENTIAL_BYTES));
        for line in [
            &b""[..],
            b"Bearer",
            b"Bearer ",
            b"Bearer   ",
            b"Basic YTpi",
            b"Bearer a b",
            b"Bearer a,b",
            b"Bearer \"a\"",
            b"Bearer a\xff",
            b"Bearer a\t",
            b"Token a",
            b" Bearer a",
            long.as_bytes(),
        ] {
            assert_eq!(
                token_of(&[line]),
                Err(CredentialError::Unreadable),
                "{line:?}"
            );
        }
        let twice = [&b"Bearer a"[..], b"Bearer a"];
        assert_eq!(token_of(&twice), Err(CredentialError::Unreadable));
    }
}
