use std::convert::Infallible;

use byline_tokens::{Algorithm, KeySource, Rules};
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
    jwt_issuer: Option<String>,

    /// The audience that tokens for this service have in their `aud`.
    #[arg(long, env = "BYLINE_JWT_AUDIENCE", value_name = "TEXT")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    jwt_audience: Option<String>,

    /// The keys of the issuer: the path of a JWKS file, or an https URL.
    #[arg(long, env = "BYLINE_JWT_JWKS", value_name = "FILE or URL")]
    #[arg(value_parser = KeySource::parse)]
    jwt_jwks: Option<KeySource>,

    /// For development, instead of a JWKS: a secret of at least 32 random bytes
    /// that signs tokens (HS256). See `bylinectl token`.
    #[arg(long, env = "BYLINE_JWT_SECRET", hide_env_values = true)]
    #[arg(value_name = "SECRET", value_parser = secret)]
    jwt_secret: Option<SecretString>,

    /// Accepted signature algorithms of tokens.
    #[arg(long, env = "BYLINE_JWT_ALGORITHMS", value_name = "NAMES")]
    #[arg(default_value = "RS256,PS256,ES256,ES384,EdDSA")]
    #[arg(value_delimiter = ',', num_args = 1, value_parser = algorithm)]
    jwt_algorithms: Vec<Algorithm>,

    /// The keys and the rules for tokens, if these are accepted.
    #[arg(skip)]
    pub(crate) tokens: Option<(KeySource, Rules)>,
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

    /// Refuses settings that contradict each other or are incomplete, and sets
    /// [`tokens`](Self::tokens).
    pub(super) fn check(&mut self, command: &mut clap::Command) -> Result<(), clap::Error> {
        if self.accepts(Method::None) && self.methods.iter().any(|one| *one != Method::None) {
            let message = "BYLINE_AUTH (--auth) has none beside another method: leave one out";
            return Err(command.error(ErrorKind::ValueValidation, message));
        }
        if self.accepts(Method::Jwt) {
            let tokens = self.complete();
            self.tokens = Some(tokens.map_err(|(kind, message)| command.error(kind, message))?);
        }
        Ok(())
    }

    fn complete(&self) -> Result<(KeySource, Rules), (ErrorKind, String)> {
        let missing = |what| {
            let message = format!("BYLINE_AUTH (--auth) has jwt, which needs {what}");
            (ErrorKind::MissingRequiredArgument, message)
        };
        let issuer = self
            .jwt_issuer
            .clone()
            .ok_or_else(|| missing("BYLINE_JWT_ISSUER (--jwt-issuer), the issuer of the tokens"))?;
        let audience = self.jwt_audience.clone().ok_or_else(|| {
            missing("BYLINE_JWT_AUDIENCE (--jwt-audience), the audience of the tokens")
        })?;
        let source = match (self.jwt_jwks.clone(), self.jwt_secret.clone()) {
            (Some(source), None) => source,
            (None, Some(secret)) => KeySource::Secret(secret),
            (Some(_), Some(_)) => {
                let message = "BYLINE_JWT_JWKS and BYLINE_JWT_SECRET are both set: leave one out";
                return Err((ErrorKind::ArgumentConflict, message.to_owned()));
            }
            (None, None) => {
                return Err(missing(
                    "BYLINE_JWT_JWKS (--jwt-jwks), the keys that sign the tokens, or \
                     BYLINE_JWT_SECRET for development",
                ));
            }
        };
        let rules = Rules {
            issuer,
            audience,
            algorithms: self.jwt_algorithms.clone(),
        };
        Ok((source, rules))
    }
}
