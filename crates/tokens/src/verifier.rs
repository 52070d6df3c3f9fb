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

/// Which tokens are taken.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whose tokens; compared as it is with `iss`.
    pub issuer: String,
    /// Meant for whom; must be among `aud`.
    pub audience: String,
    /// Signed how. Of the symmetric ones none is ever taken but HS256, and that
    /// only with a secret of the settings.
    pub algorithms: Vec<Algorithm>,
}

/// Judges tokens by the keys that were fetched last.
pub struct Verifier {
    rules: Rules,
    pub(crate) keys: Arc<RwLock<Keys>>,
    /// Asks the thread that fetches keys for new ones.
    pub(crate) wanted: Option<SyncSender<Wanted>>,
}

/// Why keys are to be fetched before their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A token names one that is not there. Anyone can send such a token.
    Missing,
    /// The operator says so.
    Reload,
}

/// The largest token that is looked at, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// The longest name of a key that is looked for, in bytes.
const MAX_KEY_ID: usize = 256;

impl Verifier {
    pub(crate) fn new(rules: Rules, keys: Keys) -> Self {
        crypto::install();
        Self {
            rules,
            keys: Arc::new(RwLock::new(keys)),
            wanted: None,
        }
    }

    /// Returns the claims of a token that is genuine, and whether its header calls it
    /// an access token. The values of the claims are not looked at.
    fn genuine(&self, token: &str) -> Result<(Map<String, Value>, bool), TokenRefusal> {
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
        let (keys, by_name) = match keys.choose(header.kid.as_deref(), algorithm) {
            Choice::Keys { keys, by_name } => (keys, by_name),
            Choice::OtherAlgorithm => return Err(TokenRefusal::Algorithm),
            Choice::Unknown => {
                self.ask_for_keys();
                return Err(TokenRefusal::UnknownKey);
            }
        };
        let is_signed_with =
            |key| jws::verify(signature, message.as_bytes(), key, algorithm).is_ok_and(|is| is);
        if !keys.into_iter().any(is_signed_with) {
            if !by_name {
                self.ask_for_keys();
            }
            return Err(TokenRefusal::Signature);
        }
        Ok((part(body)?, header.is_of_access_token()))
    }

    /// Has the keys fetched again, if it is time: there may be new ones.
    fn ask_for_keys(&self) {
        if let Some(wanted) = &self.wanted {
            // A request that waits there already is as good.
            let _ = wanted.try_send(Wanted::Missing);
        }
    }
}

/// A part of a token: JSON in base64url.
fn part<T: DeserializeOwned>(text: &str) -> Result<T, TokenRefusal> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenRefusal::Malformed)
}

impl TokenVerifier for Verifier {
    fn verify(&self, token: &str, now: Timestamp) -> Result<Token, TokenRefusal> {
        let (claims, is_of_access_token) = self.genuine(token)?;
        claims::check_issuer(&claims, &self.rules.issuer)?;
        claims::check_audience(&claims, &self.rules.audience)?;
        claims::check_purpose(&claims, is_of_access_token)?;
        claims::check_times(&claims, now)?;
        Ok(Token {
            identity: identity(&self.rules.issuer, claims::subject(&claims)?),
            scopes: claims::scopes(&claims)?,
        })
    }

    fn refresh(&self) {
        if let Some(wanted) = &self.wanted {
            // One that waits already will do.
            let _ = wanted.try_send(Wanted::Reload);
        }
    }
}

/// The header of a token. A member that is there twice is an error if it has a field.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// What would have to be understood and is not, and what brings a key or says where to
/// fetch one.
const UNWANTED: [&str; 9] = [
    "crit", "b64", "jku", "jwk", "x5u", "x5c", "enc", "zip", "cty",
];

impl Header {
    /// Refuses unwanted members and unknown types. Other members, such as `nonce`, are
    /// ignored (RFC 7515 section 4).
    fn check(&self) -> Result<(), TokenRefusal> {
        let is_there = |name: &&str| self.others.get(*name).is_some_and(|value| !value.is_null());
        if let Some(name) = UNWANTED.into_iter().find(is_there) {
            return Err(TokenRefusal::Header(name));
        }
        if self.kid.as_ref().is_some_and(|id| id.len() > MAX_KEY_ID) {
            return Err(TokenRefusal::Header("kid"));
        }
        match self.kind().as_deref() {
            // Many issuers say `JWT` or nothing.
            None | Some("jwt") => Ok(()),
            Some(_) if self.is_of_access_token() => Ok(()),
            Some(_) => Err(TokenRefusal::Type),
        }
    }

    /// Whether the type is that of RFC 9068 section 2.1.
    fn is_of_access_token(&self) -> bool {
        matches!(
            self.kind().as_deref(),
            Some("at+jwt" | "application/at+jwt")
        )
    }

    fn kind(&self) -> Option<String> {
        self.typ.as_deref().map(str::to_ascii_lowercase)
    }
}
