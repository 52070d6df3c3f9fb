//! Who may call an operation at all, and who it is that calls.
//!
//! What a caller may do is the policy's to say, in the use case. Here it is only
//! seen to that a credential is read, judged as far as that needs no store, and
//! asked for where nothing can come of a request without one.

use std::sync::{Arc, OnceLock};

use actix_web::http::header::{self, HeaderMap};
use byline_application::{AppError, Credential, CredentialError, RowLock, Session};
use byline_domain::Timestamp;
use byline_domain::policy::{Caller, Principal, Scope};

use crate::api::Api;
use crate::problem::{Problem, unauthenticated};

/// Who may call an operation. Every route names one: without it, none can be
/// registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody. Nobody is asked, and no credential is looked at: what is told
    /// here tells nothing about users and posts.
    Open,
    /// Whoever has this scope; everybody where reading is free.
    Reads(Scope),
    /// Whoever has this scope. What it may write is the policy's to say.
    Writes(Scope),
    /// Whoever has a credential. What it takes depends on what is asked for.
    Known,
}

/// The largest credential that is looked at, in bytes.
pub(crate) const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

/// Whoever sent a request, as far as it can be told without the store. Where
/// nobody is asked it costs nothing.
#[derive(Clone)]
pub(crate) struct Requester(Option<Arc<Inner>>);

struct Inner {
    api: Api,
    credential: Credential,
    at: Timestamp,
    /// Who that is, once the store has told.
    caller: OnceLock<Caller>,
}

impl Requester {
    /// Nobody in particular, where nobody is asked.
    pub(crate) const NOT_CHECKED: Self = Self(None);

    /// Who sends a request with these headers to an operation of this access.
    pub(crate) fn of(api: &Api, access: Access, headers: &HeaderMap) -> Result<Self, Problem> {
        let authentication = &api.settings().authentication;
        if access == Access::Open || authentication.is_off() {
            return Ok(Self::NOT_CHECKED);
        }
        let now = api.clock().now();
        let shown = bearer_token(headers).map_err(refused)?;
        let credential = authentication.recognise(shown, now).map_err(refused)?;
        let is_free = matches!(access, Access::Reads(_)) && authentication.public_reads;
        if credential == Credential::Nothing && !is_free {
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
            Some(asked) => &asked.credential,
            None => &Credential::NotAsked,
        }
    }

    /// What tells this sender's credential from all others, if one was shown.
    pub(crate) fn digest(&self) -> Option<[u8; 32]> {
        match self.credential() {
            Credential::NotAsked | Credential::Nothing => None,
            Credential::Key(digest) => Some(*digest.as_bytes()),
            Credential::Token(token) => Some(*token.identity.as_bytes()),
        }
    }

    /// Who that is, by what the session sees.
    pub(crate) fn principal(
        &self,
        session: &mut dyn Session,
        hold: RowLock,
    ) -> Result<Principal, AppError> {
        let Some(asked) = &self.0 else {
            return Ok(Principal::unrestricted());
        };
        let authentication = &asked.api.settings().authentication;
        let principal = authentication.principal(session, &asked.credential, hold, asked.at)?;
        // Of several attempts the first.
        asked.caller.get_or_init(|| principal.caller);
        Ok(principal)
    }

    /// Who that is, if a session has told.
    pub(crate) fn caller(&self) -> Option<Caller> {
        self.0.as_ref()?.caller.get().copied()
    }
}

/// The credential in the headers, if there is one: `Authorization: Bearer …`,
/// once. Nowhere else is looked, for what stands in a URL ends up in logs.
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
    let is_fit = scheme.eq_ignore_ascii_case("bearer")
        && !credential.is_empty()
        && credential.bytes().all(is_token68);
    if is_fit {
        Ok(Some(credential))
    } else {
        Err(CredentialError::Unreadable)
    }
}

/// What a credential may be made of (RFC 6750 section 2.1).
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

fn refused(refusal: CredentialError) -> Problem {
    AppError::from(refusal).into()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn shown_by(lines: &[&[u8]]) -> Result<Option<String>, CredentialError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_bytes(line).unwrap();
            headers.append(header::AUTHORIZATION, value);
        }
        bearer_token(&headers).map(|found| found.map(str::to_owned))
    }

    #[test]
    fn reads_one_bearer_credential() {
        assert_eq!(shown_by(&[]), Ok(None));
        for line in [
            "Bearer abc.d-e_f",
            "bearer abc.d-e_f",
            "BEARER   abc.d-e_f ",
        ] {
            let found = shown_by(&[line.as_bytes()]);
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
                shown_by(&[line]),
                Err(CredentialError::Unreadable),
                "{line:?}"
            );
        }
        let twice = [&b"Bearer a"[..], b"Bearer a"];
        assert_eq!(shown_by(&twice), Err(CredentialError::Unreadable));
    }
}
