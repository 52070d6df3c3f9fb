use std::sync::mpsc::SyncSender;
use std::sync::{Arc, RwLock};

use byline_application::{Token, TokenRefusal, TokenVerifier};
use byline_domain::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::keys::{Choice, Keys};
use crate::{claims, crypto, identity};

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
    /// Tells the thread that fetches keys that one is missing.
    pub(crate) missing: Option<SyncSender<()>>,
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
            missing: None,
        }
    }

    /// The claims of a token that is genuine.
    fn genuine(&self, token: &str) -> Result<Map<String, Value>, TokenRefusal> {
        if token.len() > MAX_BYTES {
            return Err(TokenRefusal::TooLong);
        }
        if token.split('.').count() != 3 {
            return Err(TokenRefusal::Malformed);
        }
        let header = decode_header(token).map_err(|_| TokenRefusal::Malformed)?;
        check_header(&header)?;
        let algorithm = header.alg;
        if !self.rules.algorithms.contains(&algorithm) {
            return Err(TokenRefusal::Algorithm);
        }
        let keys = self.keys.read().map_err(|_| TokenRefusal::UnknownKey)?;
        let key = match keys.choose(header.kid.as_deref(), algorithm) {
            Choice::Key(key) => key,
            Choice::OtherAlgorithm => return Err(TokenRefusal::Algorithm),
            Choice::Unknown => {
                if let (Some(missing), Some(_)) = (&self.missing, &header.kid) {
                    // Whoever fetches keys may know already.
                    let _ = missing.try_send(());
                }
                return Err(TokenRefusal::UnknownKey);
            }
        };
        decode(token, key, &self.validation(algorithm))
            .map(|decoded| decoded.claims)
            .map_err(|error| refusal(error.kind()))
    }

    /// What the library checks: the signature, by this algorithm only, and that
    /// the claims that must be there are. Their values are checked here, by the
    /// clock and the types of the service.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.rules.issuer]);
        validation.set_audience(&[&self.rules.audience]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

impl TokenVerifier for Verifier {
    fn verify(&self, token: &str, now: Timestamp) -> Result<Token, TokenRefusal> {
        let claims = self.genuine(token)?;
        claims::check_issuer(&claims, &self.rules.issuer)?;
        claims::check_audience(&claims, &self.rules.audience)?;
        claims::check_purpose(&claims)?;
        claims::check_times(&claims, now)?;
        Ok(Token {
            identity: identity(&self.rules.issuer, claims::subject(&claims)?),
            scopes: claims::scopes(&claims)?,
        })
    }
}

/// Refuses what would have to be understood and is not, and whatever brings its
/// own key or says where to fetch it.
fn check_header(header: &Header) -> Result<(), TokenRefusal> {
    let unwanted = [
        ("crit", header.crit.is_some()),
        ("b64", header.extras.inner().contains_key("b64")),
        ("jku", header.jku.is_some()),
        ("jwk", header.jwk.is_some()),
        ("x5u", header.x5u.is_some()),
        ("x5c", header.x5c.is_some()),
        ("enc", header.enc.is_some()),
        ("zip", header.zip.is_some()),
        ("cty", header.cty.is_some()),
        (
            "kid",
            header.kid.as_ref().is_some_and(|id| id.len() > MAX_KEY_ID),
        ),
    ];
    if let Some((name, _)) = unwanted.iter().find(|(_, is_there)| *is_there) {
        return Err(TokenRefusal::Header(name));
    }
    // RFC 9068 section 2.1; many issuers say `JWT` or nothing.
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    match kind.as_deref() {
        None | Some("jwt" | "at+jwt" | "application/at+jwt") => Ok(()),
        Some(_) => Err(TokenRefusal::Type),
    }
}

fn refusal(kind: &ErrorKind) -> TokenRefusal {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidKeyFormat => TokenRefusal::Signature,
        ErrorKind::InvalidIssuer => TokenRefusal::Issuer,
        ErrorKind::InvalidAudience => TokenRefusal::Audience,
        ErrorKind::InvalidAlgorithm => TokenRefusal::Algorithm,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            let known = ["exp", "iss", "aud", "sub", "nbf"];
            let name = known.into_iter().find(|name| name == claim);
            TokenRefusal::Claim(name.unwrap_or("exp"))
        }
        _ => TokenRefusal::Malformed,
    }
}
