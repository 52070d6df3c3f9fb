//! `bylinectl token`

use std::time::Duration;

use byline_domain::policy::Scope;
use byline_tokens::{Minting, mint};
use clap::Args;
use secrecy::SecretString;

use crate::clock::now;
use crate::failure::Failure;
use crate::keys::scope;
use crate::print::print;

/// The contents of a token. The settings of the service that it is for are taken
/// from the same environment.
#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    /// Whom it is issued to.
    #[arg(long, value_name = "TEXT")]
    subject: String,
    /// What it allows, with commas in between: users:read, users:write,
    /// posts:read, posts:write, admin.
    #[arg(long, required = true, value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    /// For how long it is of use, up to a day.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = lifetime)]
    expires_in: Duration,
    /// Who issues it.
    #[arg(long, env = "BYLINE_JWT_ISSUER", value_name = "TEXT")]
    issuer: String,
    /// For whom it is meant.
    #[arg(long, env = "BYLINE_JWT_AUDIENCE", value_name = "TEXT")]
    audience: String,
    /// What it is signed with: at least 32 random bytes.
    #[arg(long, env = "BYLINE_JWT_SECRET", hide_env_values = true)]
    #[arg(value_name = "SECRET", value_parser = secret)]
    secret: SecretString,
}

/// Prints the token.
pub(crate) fn run(arguments: TokenArgs) -> Result<(), Failure> {
    let token = mint(
        &arguments.secret,
        &Minting {
            issuer: arguments.issuer,
            audience: arguments.audience,
            subject: arguments.subject,
            scopes: arguments.scopes.into_iter().collect(),
            now: now(),
            lifetime: arguments.expires_in,
        },
    )?;
    print(token)
}

fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| (Duration::from_secs(1)..=LONGEST).contains(duration))
        .ok_or_else(|| "must be a time from 1s to 24h, such as 15m".to_owned())
}
