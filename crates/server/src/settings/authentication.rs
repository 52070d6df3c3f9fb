//! Who is asked for a credential, and for which.

use std::convert::Infallible;

use byline_tokens::{Algorithm, KeySource, SourceError};
use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{ArgAction, Parser, ValueEnum};
use secrecy::SecretString;

/// Who is asked for a credential, and for which.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Authentication")]
pub(crate) struct AuthenticationSettings {
    /// What callers show: `none`, `keys`, `jwt`, or `keys,jwt`.
    ///
    /// With `none` everybody may do everything, and the service listens on
    /// loopback addresses only. Keys are made with `bylinectl keys`.
    #[arg(
        long = "auth",
        env = "BYLINE_AUTH",
        value_name = "METHODS",
        default_value = "none"
    )]
    #[arg(value_delimiter = ',', num_args = 1)]
    methods: Vec<Method>,

    /// Let everybody read users and posts, e-mail addresses included.
    #[arg(
        long,
        env = "BYLINE_PUBLIC_READS",
        value_name = "BOOL",
        default_value = "false"
    )]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub(crate) public_reads: bool,

    /// Whose tokens are taken: their `iss`, as it is.
    #[arg(long, env = "BYLINE_JWT_ISSUER", value_name = "TEXT")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) jwt_issuer: Option<String>,

    /// What stands in the `aud` of tokens that are meant for this service.
    #[arg(long, env = "BYLINE_JWT_AUDIENCE", value_name = "TEXT")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) jwt_audience: Option<String>,

    /// Where the keys of the issuer are: a JWKS file, or its https address.
    #[arg(long, env = "BYLINE_JWT_JWKS", value_name = "FILE or URL")]
    #[arg(value_parser = key_source)]
    pub(crate) jwt_jwks: Option<KeySource>,

    /// For development, instead of a JWKS: a secret of at least 32 random bytes
    /// that tokens are signed with (HS256). See `bylinectl token`.
    #[arg(
        long,
        env = "BYLINE_JWT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    #[arg(value_parser = secret)]
    pub(crate) jwt_secret: Option<SecretString>,

    /// How tokens may be signed.
    #[arg(
        long,
        env = "BYLINE_JWT_ALGORITHMS",
        value_name = "NAMES",
        default_value = "RS256,PS256,ES256,ES384,EdDSA"
    )]
    #[arg(value_delimiter = ',', num_args = 1, value_parser = algorithm)]
    pub(crate) jwt_algorithms: Vec<Algorithm>,
}

const ISSUER: &str = "BYLINE_JWT_ISSUER (--jwt-issuer): whose tokens are taken";
const AUDIENCE: &str = "BYLINE_JWT_AUDIENCE (--jwt-audience): whom they are meant for";
const KEYS: &str = "BYLINE_JWT_JWKS (--jwt-jwks), or BYLINE_JWT_SECRET for development: what they \
                    are signed with";

fn key_source(text: &str) -> Result<KeySource, SourceError> {
    KeySource::parse(text)
}

fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

/// None of the symmetric ones: HS256 goes with the secret, and with nothing else.
fn algorithm(text: &str) -> Result<Algorithm, String> {
    const NAMES: &str = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, Ed25519";
    byline_tokens::algorithm_named(text)
        .filter(|_| NAMES.split(", ").any(|name| name == text))
        .ok_or_else(|| format!("must be some of {NAMES}"))
}

/// What callers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// Nothing.
    None,
    /// A key of this service.
    Keys,
    /// A token of an issuer that the service trusts.
    Jwt,
}

impl AuthenticationSettings {
    /// Whether anybody is asked for anything.
    pub(crate) fn asks(&self) -> bool {
        !self.takes(Method::None)
    }

    /// Whether this is taken.
    pub(crate) fn takes(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }

    /// Refuses what contradicts itself.
    pub(super) fn check(&self, command: &mut clap::Command) -> Result<(), clap::Error> {
        if self.takes(Method::None) && self.methods.iter().any(|one| *one != Method::None) {
            let message = "BYLINE_AUTH (--auth) is none and something else at once: leave one out";
            return Err(command.error(ErrorKind::ValueValidation, message));
        }
        if !self.takes(Method::Jwt) {
            return Ok(());
        }
        let has_keys = self.jwt_jwks.is_some() || self.jwt_secret.is_some();
        let needed = [
            (self.jwt_issuer.is_some(), ISSUER),
            (self.jwt_audience.is_some(), AUDIENCE),
            (has_keys, KEYS),
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
