use std::sync::mpsc::SyncSender;
use std::sync::{Arc, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_application::{Token, TokenRefusal, TokenVerifier};
use byline_domain::Timestamp;
use jsonwebtoken::{Algorithm, crypto as jws};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::keys::{Choice, Keys};
use crate::{algorithm_named, claims, crypto, identity};

/// The rules for accepted tokens.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The issuer, the exact value of `iss`.
    pub issuer: String,
    /// The audience, one of the values of `aud`.
    pub audience: String,
    /// The signature algorithms. A symmetric one has no effect, except HS256 with a
    /// secret as the key source.
    pub algorithms: Vec<Algorithm>,
}

/// Verifies tokens with the keys that were fetched last.
pub struct Verifier {
    rules: Rules,
    pub(crate) keys: Arc<RwLock<Keys>>,
    /// Wakes the thread that fetches keys.
    pub(crate) refresh: Option<SyncSender<Refresh>>,
}

/// Why keys are fetched ahead of schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    /// A token needs an unknown key. Anyone can send such a token.
    UnknownKey,
    /// An operator asked for it.
    Requested,
}

/// The size limit of a token in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// The size limit of a key id in bytes.
const MAX_KEY_ID: usize = 256;

impl Verifier {
    pub(crate) fn new(rules: Rules, keys: Keys) -> Self {
        crypto::install();
        Self {
            rules,
            keys: Arc::new(RwLock::new(keys)),
            refresh: None,
        }
    }

    /// Checks the header and the signature of a token. Returns its claims unchecked, and
    /// whether the header calls it an access token.
    fn check_signature(&self, token: &str) -> Result<(Map<String, Value>, bool), TokenRefusal> {
        if token.len() > MAX_BYTES {
            return Err(TokenRefusal::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (head, body) = message.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let header: Header = part(head)?;
        header.check()?;
        let algorithm = algorithm_named(&header.alg)
            .filter(|algorithm| self.rules.algorithms.contains(algorithm))
            .ok_or(TokenRefusal::Algorithm)?;
        let keys = self.keys.read().map_err(|_| TokenRefusal::UnknownKey)?;
        let (keys, has_id) = match keys.choose(header.kid.as_deref(), algorithm) {
            Choice::Keys { keys, has_id } => (keys, has_id),
            Choice::OtherAlgorithm => return Err(TokenRefusal::Algorithm),
            Choice::Unknown => {
                self.fetch_keys(Refresh::UnknownKey);
                return Err(TokenRefusal::UnknownKey);
            }
        };
        let is_signed_with =
            |key| jws::verify(signature, message.as_bytes(), key, algorithm).is_ok_and(|is| is);
        if !keys.into_iter().any(is_signed_with) {
            if !has_id {
                self.fetch_keys(Refresh::UnknownKey);
            }
            return Err(TokenRefusal::Signature);
        }
        Ok((part(body)?, header.has_access_type()))
    }

    fn fetch_keys(&self, reason: Refresh) {
        if let Some(refresh) = &self.refresh {
            // If it is full, a fetch is pending already.
            let _ = refresh.try_send(reason);
        }
    }
}

/// Decodes a part of a token: JSON in base64url.
fn part<T: DeserializeOwned>(text: &str) -> Result<T, TokenRefusal> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenRefusal::Malformed)
}

impl TokenVerifier for Verifier {
    fn verify(&self, token: &str, now: Timestamp) -> Result<Token, TokenRefusal> {
        let (claims, has_access_type) = self.check_signature(token)?;
        claims::check_issuer(&claims, &self.rules.issuer)?;
        claims::check_audience(&claims, &self.rules.audience)?;
        claims::check_purpose(&claims, has_access_type)?;
        claims::check_times(&claims, now)?;
        Ok(Token {
            identity: identity(&self.rules.issuer, claims::subject(&claims)?),
            scopes: claims::scopes(&claims)?,
        })
    }

    fn refresh(&self) {
        self.fetch_keys(Refresh::Requested);
    }
}

/// The header of a token. A repeated member is an error if it has a field here.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Parameters that the service would have to understand and does not, and those with
/// keys or addresses of keys.
const REFUSED: [&str; 9] = [
    "crit", "b64", "jku", "jwk", "x5u", "x5c", "enc", "zip", "cty",
];

impl Header {
    /// Refuses these parameters and unknown types. Other parameters, such as `nonce`,
    /// are ignored (RFC 7515 section 4).
    fn check(&self) -> Result<(), TokenRefusal> {
        let is_there = |name: &&str| self.others.get(*name).is_some_and(|value| !value.is_null());
        if let Some(name) = REFUSED.into_iter().find(is_there) {
            return Err(TokenRefusal::Header(name));
        }
        if self.kid.as_ref().is_some_and(|id| id.len() > MAX_KEY_ID) {
            return Err(TokenRefusal::Header("kid"));
        }
        // Many issuers write `JWT` or nothing.
        let is_jwt = self
            .typ
            .as_ref()
            .is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
        (is_jwt || self.has_access_type())
            .then_some(())
            .ok_or(TokenRefusal::Type)
    }

    /// Returns whether the type is that of access tokens (RFC 9068 section 2.1).
    fn has_access_type(&self) -> bool {
        self.typ.as_ref().is_some_and(|kind| {
            ["at+jwt", "application/at+jwt"]
                .iter()
                .any(|name| kind.eq_ignore_ascii_case(name))
        })
    }
}
