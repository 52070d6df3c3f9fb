//! `bylinectl keys`

use std::time::Duration;

use byline_application::keys::{self, ListedKey, Secret};
use byline_application::{AppError, Session};
use byline_domain::policy::{Scope, Scopes};
use byline_domain::{KeyId, KeyName, NewApiKey, Timestamp, UserId};
use byline_persistence::DatabaseUrl;
use clap::{Args, Subcommand};
use rand::distr::{Alphanumeric, SampleString};

use crate::clock::now;
use crate::failure::Failure;
use crate::print::{print, print_table, tell};
use crate::transfer::BlockingStore;

/// The commands about keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and show it, this once.
    ///
    /// The key is the only line on standard output; it is stored nowhere.
    Create(KeyArgs),
    /// Show the keys that there are, and when each was last used.
    List,
    /// End a key: it is refused from the next request on, by every instance.
    Revoke {
        /// Which key, by the number that `list` shows.
        #[arg(value_parser = id::<KeyId>)]
        id: KeyId,
    },
}

/// The arguments of a new key.
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    /// What to call it, such as who has it and for what.
    #[arg(long, value_parser = name)]
    name: KeyName,
    /// What it allows, with commas in between: users:read, users:write,
    /// posts:read, posts:write, admin.
    #[arg(long, required = true, value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    /// The user who acts with it, by id [default: no user]. It goes with the
    /// user.
    #[arg(long, value_name = "ID", value_parser = id::<UserId>)]
    user: Option<UserId>,
    /// After which time it ends, such as 90d, 12h or "1 year" [default: never].
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires_in: Option<jiff::Span>,
}

/// How long a command waits for the database.
const PATIENCE: Duration = Duration::from_secs(30);

/// Carries out the command.
pub(crate) fn run(url: &DatabaseUrl, command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Create(arguments) => create(url, arguments),
        KeysCommand::List => list(url),
        KeysCommand::Revoke { id } => revoke(url, id),
    }
}

fn create(url: &DatabaseUrl, arguments: KeyArgs) -> Result<(), Failure> {
    let now = now();
    let expires_at = arguments.expires_in.map(|span| after(now, span));
    let new = NewApiKey {
        name: arguments.name,
        user: arguments.user,
        scopes: arguments.scopes.into_iter().collect(),
        expires_at: expires_at.transpose()?,
    };
    let random = Alphanumeric.sample_string(&mut rand::rng(), Secret::RANDOM);
    let secret = Secret::of(&random).ok_or_else(|| Failure::Unfit("no secret".into()))?;
    let text = secret.reveal().to_owned();
    let key = in_session(url, move |session| {
        keys::create(session, &new, &secret, now)
    })?;
    tell(format_args!(
        "key {} ({}); it is shown this once and cannot be recovered:",
        key.id, key.grant.scopes
    ));
    print(text)
}

fn list(url: &DatabaseUrl) -> Result<(), Failure> {
    let (listed, now) = (in_session(url, keys::list)?, now());
    let heads = [
        "ID",
        "KEY",
        "STATE",
        "USER",
        "EXPIRES",
        "LAST USED",
        "SCOPES",
        "NAME",
    ];
    let rows = listed.into_iter().map(|ListedKey { key, last_used_at }| {
        let time = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| at.to_string());
        let user = key.grant.user.map(|user| user.to_string());
        let state = match key.principal(now) {
            Ok(_) => "active",
            Err(byline_domain::KeyEnded::Revoked) => "revoked",
            Err(byline_domain::KeyEnded::Expired) => "expired",
        };
        [
            key.id.to_string(),
            format!("{}…", key.hint),
            state.to_owned(),
            user.unwrap_or("none".to_owned()),
            time(key.grant.expires_at),
            time(last_used_at),
            key.grant.scopes.to_string(),
            key.grant.name.as_str().to_owned(),
        ]
    });
    print_table(heads, rows)
}

fn revoke(url: &DatabaseUrl, id: KeyId) -> Result<(), Failure> {
    let now = now();
    let line = match in_session(url, move |session| keys::revoke(session, id, now))? {
        Some(true) => format!("revoked key {id}"),
        Some(false) => format!("key {id} was revoked before"),
        None => return Err(Failure::NoKey(id)),
    };
    print(line)
}

/// Runs `work` in a session, and commits it.
pub(crate) fn in_session<T: Send + 'static>(
    url: &DatabaseUrl,
    work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
) -> Result<T, Failure> {
    let store = BlockingStore::open_beside(url)?;
    Ok(store.write_once(PATIENCE, work)?)
}

fn after(now: Timestamp, span: jiff::Span) -> Result<Timestamp, Failure> {
    let unfit = |error: jiff::Error| Failure::Unfit(error.into());
    let now = jiff::Timestamp::from_microsecond(now.as_micros()).map_err(unfit)?;
    // Days and longer count by the calendar of UTC.
    let end = now
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .checked_add(span);
    let end = end.map_err(unfit)?.timestamp();
    Ok(Timestamp::from_micros(end.as_microsecond())?)
}

fn name(text: &str) -> Result<KeyName, String> {
    KeyName::parse(text).map_err(|broken| broken.to_string())
}

pub(crate) fn scope(text: &str) -> Result<Scope, String> {
    Scope::named(text).ok_or_else(|| {
        let all: Scopes = Scope::ALL.into_iter().collect();
        format!("must be one of: {all}")
    })
}

pub(crate) fn id<I: TryFrom<i64>>(text: &str) -> Result<I, String> {
    text.parse()
        .ok()
        .and_then(|number: i64| I::try_from(number).ok())
        .ok_or_else(|| "must be a whole number from 1".to_owned())
}

fn lifetime(text: &str) -> Result<jiff::Span, String> {
    text.parse::<jiff::Span>()
        .ok()
        .filter(jiff::Span::is_positive)
        .ok_or_else(|| "must be a time such as 90d, 12h or 1 year".to_owned())
}
