//! Settings from flags and environment variables.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use ::tracing::level_filters::LevelFilter;
use byline_http::BaseUrl;
use byline_persistence::DatabaseUrl;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

mod admin;
mod authentication;
mod effective;
mod protection;
mod tls;
mod tracing;
mod values;

pub(crate) use self::tracing::TracingSettings;
pub(crate) use admin::{AdminListen, AdminSettings};
pub(crate) use authentication::{AuthenticationSettings, Method};
pub(crate) use effective::UnknownVariable;
pub(crate) use protection::ProtectionSettings;
pub(crate) use tls::{CertificateFiles, TlsSettings};

use values::{count, duration, levels};

/// Serves users and posts over REST.
///
/// Without any setting it serves on 127.0.0.1:8080 from the SQLite file byline.db
/// in the current folder, and creates that file if there is none. Every setting is a
/// flag or an environment variable; flags take precedence.
#[derive(Debug, Parser)]
#[command(name = "byline", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Settings {
    #[command(flatten)]
    pub(crate) database: DatabaseSettings,
    #[command(flatten)]
    pub(crate) http: HttpSettings,
    #[command(flatten)]
    pub(crate) admin: AdminSettings,
    #[command(flatten)]
    pub(crate) authentication: AuthenticationSettings,
    #[command(flatten)]
    pub(crate) protection: ProtectionSettings,
    #[command(flatten)]
    pub(crate) tls: TlsSettings,
    #[command(flatten)]
    pub(crate) log: LogSettings,
    #[command(flatten)]
    pub(crate) tracing: TracingSettings,

    /// Print each setting with its value, the source of the value, and its
    /// default; then exit.
    #[arg(long)]
    print_config: bool,

    /// Variables that begin like settings and are none.
    #[arg(skip)]
    pub(crate) unknown: Vec<UnknownVariable>,
}

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// To serve with these settings.
    Service(Box<Settings>),
    /// To print this text.
    Text(String),
}

/// The database and its connections.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Database")]
pub(crate) struct DatabaseSettings {
    /// The database: `sqlite:` and the path of a file, or a `mysql:` URL.
    ///
    /// The service creates and migrates only the default file; prepare any other
    /// database with `bylinectl migrate`. Put a password into the environment, or
    /// into a file that `DATABASE_URL_FILE` names: every user of the machine can
    /// see flags.
    #[arg(long = "database-url", env = "DATABASE_URL")]
    #[arg(hide_env_values = true)]
    #[arg(value_name = "URL", default_value = "sqlite:byline.db")]
    pub(crate) url: DatabaseUrl,

    /// Whether the service creates the database, because it is the default one.
    #[arg(skip)]
    pub(crate) create: bool,

    /// Connections to the database, each with a thread of its own
    /// [default: 4 on SQLite, 10 on a server].
    #[arg(long, env = "BYLINE_POOL_SIZE", value_name = "N", value_parser = count::<256>)]
    pub(crate) pool_size: Option<NonZeroUsize>,

    /// Requests that may wait for a connection; further ones are answered 503
    /// at once.
    #[arg(long, env = "BYLINE_QUEUE_LENGTH", value_name = "N")]
    #[arg(default_value = "1024", value_parser = count::<1_000_000>)]
    pub(crate) queue_length: NonZeroUsize,
}

/// The listener of the API, and limits for its requests.
#[derive(Debug, Parser)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct HttpSettings {
    /// Address and port to listen on; port 0 takes any free one.
    ///
    /// The first line on standard output has the actual address. A socket that a
    /// supervisor passes on (`LISTEN_FDS`, as systemd does) takes precedence.
    #[arg(long = LISTEN, env = "BYLINE_LISTEN", value_name = "ADDRESS:PORT")]
    #[arg(default_value = "127.0.0.1:8080", value_parser = values::listen)]
    pub(crate) listen: SocketAddr,

    /// Serve addresses other than loopback without authentication.
    ///
    /// Everyone who reaches the service may then read, change and delete
    /// everything.
    #[arg(long, env = "BYLINE_ALLOW_ANONYMOUS", value_name = "BOOL")]
    #[arg(default_value = "false", default_missing_value = "true")]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    allow_anonymous: bool,

    /// Whether requests need a credential.
    #[arg(skip)]
    authenticates: bool,

    /// What links begin with behind a proxy that removes a part of the path, such
    /// as `/api` or `https://example.org/api` [default: the X-Forwarded-Prefix of
    /// trusted proxies].
    #[arg(long, env = "BYLINE_BASE_URL", value_name = "URL or PATH")]
    pub(crate) base_url: Option<BaseUrl>,

    /// Threads that handle requests [default: one per core].
    #[arg(long, env = "BYLINE_WORKERS", value_name = "N", value_parser = count::<256>)]
    pub(crate) workers: Option<NonZeroUsize>,

    /// How long a request may take before it is answered 503, such as 5s or
    /// 500ms.
    #[arg(long, env = "BYLINE_REQUEST_DEADLINE", value_name = "DURATION")]
    #[arg(default_value = "5s", value_parser = duration)]
    pub(crate) request_deadline: Duration,

    /// How long the service still accepts requests after a signal to end, while
    /// /readyz already answers 503.
    ///
    /// Gives load balancers time to notice.
    #[arg(long, env = "BYLINE_DRAIN_DELAY", value_name = "DURATION")]
    #[arg(default_value = "0s", value_parser = values::pause)]
    pub(crate) drain_delay: Duration,

    /// How long requests in flight may take after a signal to end and
    /// `BYLINE_DRAIN_DELAY`.
    #[arg(long, env = "BYLINE_SHUTDOWN_TIMEOUT", value_name = "DURATION")]
    #[arg(default_value = "30s", value_parser = duration)]
    pub(crate) shutdown_timeout: Duration,

    /// Refuse PUT, PATCH and DELETE without If-Match (428).
    #[arg(long, env = "BYLINE_REQUIRE_IF_MATCH", value_name = "BOOL")]
    #[arg(default_value = "false", default_missing_value = "true")]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    pub(crate) require_if_match: bool,
}

/// The level and format of logs.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Logs (on standard error)")]
pub(crate) struct LogSettings {
    /// The minimum level that is logged.
    #[arg(long = "log", env = "BYLINE_LOG", value_name = "LEVEL")]
    #[arg(default_value = "info", value_parser = levels())]
    pub(crate) level: LevelFilter,

    /// For people or for programs [default: text on a terminal, else json].
    #[arg(long = "log-format", env = "BYLINE_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) format: Option<LogFormat>,

    /// Log every request [default: true on a terminal, else false].
    #[arg(long = "log-requests", env = "BYLINE_LOG_REQUESTS")]
    #[arg(value_name = "BOOL", default_missing_value = "true")]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    pub(crate) requests: Option<bool>,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// A line of text per event.
    Text,
    /// A JSON object per line.
    Json,
}

const LISTEN: &str = "listen";

const EXAMPLES: &str = "\
Examples:
  byline
  BYLINE_LISTEN=127.0.0.1:0 byline --log debug
  DATABASE_URL=sqlite:/var/lib/byline/byline.db BYLINE_LOG_FORMAT=json byline";

impl Settings {
    /// Reads the settings of this process.
    ///
    /// # Errors
    ///
    /// A wrong value, with its name and what would be right; also the output of
    /// `--help` and `--version`.
    pub(crate) fn read() -> Result<Invocation, clap::Error> {
        Self::parse(std::env::args_os(), |name| std::env::var_os(name))
    }

    fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
        environment: impl Fn(&OsStr) -> Option<OsString>,
    ) -> Result<Invocation, clap::Error> {
        let mut command = Self::command();
        let definitions = command.clone();
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let from_files = byline_cli::read_secret_files(&mut command, &arguments, environment)?;
        let mut matches = command
            .try_get_matches_from_mut(arguments)
            .map_err(|error| byline_cli::explain(error, &command))?;
        let table = effective::table(&definitions, &command, &matches);
        let is_default = |id| matches.value_source(id) == Some(ValueSource::DefaultValue);
        let create = is_default("url") && !from_files.iter().any(|setting| setting == "url");
        let has_default_address = is_default("admin_listen");
        let mut settings = Self::from_arg_matches_mut(&mut matches)?;
        if settings.print_config {
            return Ok(Invocation::Text(table));
        }
        let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        settings.unknown = effective::unknown(&definitions, names);
        settings.database.create = create;
        settings.admin.is_default = has_default_address;
        settings.http.authenticates = settings.authentication.is_required();
        settings.authentication.check(&mut command)?;
        settings.http.require_auth_off_loopback(&mut command)?;
        settings.protection.check_cross_origin(&mut command)?;
        Ok(Invocation::Service(Box::new(settings)))
    }
}

impl HttpSettings {
    /// Returns whether the service may listen on this address: without
    /// authentication, only this machine may reach it.
    pub(crate) fn may_serve(&self, address: SocketAddr) -> bool {
        self.authenticates || self.allow_anonymous || address.ip().to_canonical().is_loopback()
    }

    fn require_auth_off_loopback(&self, command: &mut clap::Command) -> Result<(), clap::Error> {
        if self.may_serve(self.listen) {
            return Ok(());
        }
        let message = format!(
            "BYLINE_LISTEN (--{LISTEN}) is {}, which other machines may reach, and the service has \
             no authentication: set BYLINE_AUTH to keys or jwt, listen on a loopback address such \
             as 127.0.0.1:8080, or set BYLINE_ALLOW_ANONYMOUS=true to let everyone read and change \
             everything",
            self.listen
        );
        Err(command.error(ErrorKind::ValueValidation, message))
    }
}

#[cfg(test)]
mod tests;
