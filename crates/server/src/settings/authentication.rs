use std::convert::Infallible;

use byline_tokens::{Algorithm, KeySource};
use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{ArgAction, Parser, ValueEnum};
use secrecy::SecretString;

/// The accepted credentials.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Authentication")]
pub(crate) struct AuthenticationSettings {
    /// Accepted credentials: `none`, `keys`, `jwt`, or `keys,jwt`.
    ///
    /// With `none` everyone may do everything, and the service listens on
    /// loopback addresses only. `bylinectl keys` creates API keys.
    #[arg(long = "auth", env = "BYLINE_AUTH", value_name = "METHODS")]
    #[arg(default_value = "none", value_delimiter = ',', num_args = 1)]
    methods: Vec<Method>,

    /// Let everyone read users and posts, including e-mail addresses.
    #[arg(long, env = "BYLINE_PUBLIC_READS", value_name = "BOOL")]
    #[arg(default_value = "false", default_missing_value = "true")]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    pub(crate) public_reads: bool,

    /// The issuer whose tokens are accepted: their exact `iss`.
    #[arg(long, env = "BYLINE_JWT_ISSUER", value_name = "TEXT")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) jwt_issuer: Option<String>,

    /// The audience that tokens for this service have in their `aud`.
    #[arg(long, env = "BYLINE_JWT_AUDIENCE", value_name = "TEXT")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) jwt_audience: Option<String>,

    /// The keys of the issuer: the path of a JWKS file, or an https URL.
    #[arg(long, env = "BYLINE_JWT_JWKS", value_name = "FILE or URL")]
    #[arg(value_parser = KeySource::parse)]
    pub(crate) jwt_jwks: Option<KeySource>,

    /// For development, instead of a JWKS: a secret of at least 32 random bytes
    /// that signs tokens (HS256). See `bylinectl token`.
    #[arg(long, env = "BYLINE_JWT_SECRET", hide_env_values = true)]
    #[arg(value_name = "SECRET", value_parser = secret)]
    pub(crate) jwt_secret: Option<SecretString>,

    /// Accepted signature algorithms of tokens.
    #[arg(long, env = "BYLINE_JWT_ALGORITHMS", value_name = "NAMES")]
    #[arg(default_value = "RS256,PS256,ES256,ES384,EdDSA")]
    #[arg(value_delimiter = ',', num_args = 1, value_parser = algorithm)]
    pub(crate) jwt_algorithms: Vec<Algorithm>,
}

fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

/// Parses the name of an asymmetric algorithm: HS256 requires the secret, and is
/// then the only one.
fn algorithm(text: &str) -> Result<Algorithm, String> {
    const NAMES: &str = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, Ed25519";
    byline_tokens::algorithm_named(text)
        .filter(|_| NAMES.split(", ").any(|name| name == text))
        .ok_or_else(|| format!("must be some of {NAMES}"))
}

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// No credential.
    None,
    /// API keys of this service.
    Keys,
    /// JSON Web Tokens of a trusted issuer.
    Jwt,
}

impl AuthenticationSettings {
    /// Returns whether requests need a credential.
    pub(crate) fn is_required(&self) -> bool {
        !self.accepts(Method::None)
    }

    /// Returns whether this kind of credential is accepted.
    pub(crate) fn accepts(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }

    /// Refuses settings that contradict each other or are incomplete.
    pub(super) fn check(&self, command: &mut clap::Command) -> Result<(), clap::Error> {
        if self.accepts(Method::None) && self.methods.iter().any(|one| *one != Method::None) {
            let message = "BYLINE_AUTH (--auth) has none beside another method: leave one out";
            return Err(command.error(ErrorKind::ValueValidation, message));
        }
        if !self.accepts(Method::Jwt) {
            return Ok(());
        }
        let has_keys = self.jwt_jwks.is_some() || self.jwt_secret.is_some();
        let needed = [
            (
                self.jwt_issuer.is_some(),
                "BYLINE_JWT_ISSUER (--jwt-issuer), the issuer of the tokens",
            ),
            (
                self.jwt_audience.is_some(),
                "BYLINE_JWT_AUDIENCE (--jwt-audience), the audience of the tokens",
            ),
            (
                has_keys,
                "BYLINE_JWT_JWKS (--jwt-jwks), the keys that sign the tokens, or \
                 BYLINE_JWT_SECRET for development",
            ),
        ];
        if let Some((_, missing)) = needed.iter().find(|(is_set, _)| !is_set) {
            let message = format!("BYLINE_AUTH (--auth) has jwt, which needs {missing}");
            return Err(command.error(ErrorKind::MissingRequiredArgument, message));
        }
        if self.jwt_jwks.is_some() && self.jwt_secret.is_some() {
            let message = "BYLINE_JWT_JWKS and BYLINE_JWT_SECRET are both set: leave one out";
            return Err(command.error(ErrorKind::ArgumentConflict, message));
        }
        Ok(())
    }
}
