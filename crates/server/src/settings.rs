//! What can be set, by flag or environment, and how a wrong value is refused.

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
/// Without any setting it serves on 127.0.0.1:8080 from the SQLite file
/// byline.db in the current folder, which it creates if need be. Every setting
/// is a flag or an environment variable; a flag wins.
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

    /// Print every setting with its value, where that comes from, and its
    /// default; then end.
    #[arg(long)]
    print_config: bool,

    /// Variables that look like settings and are none.
    #[arg(skip)]
    pub(crate) unknown: Vec<UnknownVariable>,
}

/// What the process was started for.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// To serve.
    Service(Box<Settings>),
    /// To tell this.
    Text(String),
}

/// Where the data is, and how it is reached.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Database")]
pub(crate) struct DatabaseSettings {
    /// Where the data is: `sqlite:` and the path of a file.
    ///
    /// Only the default file is created and migrated by the service itself; any
    /// other database must have been prepared with `bylinectl migrate`. A
    /// password belongs into the environment, or into a file that
    /// `DATABASE_URL_FILE` names: flags are seen by every user of the machine.
    #[arg(long = DATABASE_URL, env = "DATABASE_URL", hide_env_values = true)]
    #[arg(value_name = "URL", default_value = "sqlite:byline.db")]
    pub(crate) url: DatabaseUrl,

    /// Whether nobody named a database, so that the service makes its own.
    #[arg(skip)]
    pub(crate) create: bool,

    /// Connections to the database, each with a thread of its own
    /// [default: 4 on SQLite, 10 on a server].
    #[arg(long, env = "BYLINE_POOL_SIZE", value_name = "N", value_parser = count::<256>)]
    pub(crate) pool_size: Option<NonZeroUsize>,

    /// Requests that may wait for a connection; further ones are answered 503
    /// at once.
    #[arg(
        long,
        env = "BYLINE_QUEUE_LENGTH",
        value_name = "N",
        default_value = "1024"
    )]
    #[arg(value_parser = count::<1_000_000>)]
    pub(crate) queue_length: NonZeroUsize,
}

/// How the service is reached, and what it holds requests to.
#[derive(Debug, Parser)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct HttpSettings {
    /// Address and port to listen on; port 0 takes any free one.
    ///
    /// The real address is the first line on standard output. A socket that a
    /// supervisor passes on (`LISTEN_FDS`, as systemd does) is taken instead.
    #[arg(long = LISTEN, env = "BYLINE_LISTEN", value_name = "ADDRESS:PORT")]
    #[arg(default_value = "127.0.0.1:8080", value_parser = values::listen)]
    pub(crate) listen: SocketAddr,

    /// Serve addresses other than loopback without authentication.
    ///
    /// Everybody who reaches the service may then read, change and delete
    /// everything.
    #[arg(
        long,
        env = "BYLINE_ALLOW_ANONYMOUS",
        value_name = "BOOL",
        default_value = "false"
    )]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    allow_anonymous: bool,

    /// Whether callers are asked who they are.
    #[arg(skip)]
    asks: bool,

    /// What links begin with behind a proxy that takes a part of the path away, such
    /// as `/api` or `https://example.org/api` [default: what trusted proxies say in
    /// X-Forwarded-Prefix].
    #[arg(long, env = "BYLINE_BASE_URL", value_name = "URL or PATH")]
    pub(crate) base_url: Option<BaseUrl>,

    /// Threads that handle requests [default: one per core].
    #[arg(long, env = "BYLINE_WORKERS", value_name = "N", value_parser = count::<256>)]
    pub(crate) workers: Option<NonZeroUsize>,

    /// How long a request may take before it is answered 503, such as 5s or
    /// 500ms.
    #[arg(
        long,
        env = "BYLINE_REQUEST_DEADLINE",
        value_name = "DURATION",
        default_value = "5s"
    )]
    #[arg(value_parser = duration)]
    pub(crate) request_deadline: Duration,

    /// How long the service still serves, and says at /readyz that it will
    /// not, once it has been told to end.
    ///
    /// For whoever spreads the load among several instances to notice.
    #[arg(
        long,
        env = "BYLINE_DRAIN_DELAY",
        value_name = "DURATION",
        default_value = "0s"
    )]
    #[arg(value_parser = values::pause)]
    pub(crate) drain_delay: Duration,

    /// How long requests in flight may take once the service has been told to
    /// end and `BYLINE_DRAIN_DELAY` is over.
    #[arg(
        long,
        env = "BYLINE_SHUTDOWN_TIMEOUT",
        value_name = "DURATION",
        default_value = "30s"
    )]
    #[arg(value_parser = duration)]
    pub(crate) shutdown_timeout: Duration,

    /// Refuse PUT, PATCH and DELETE without If-Match (428).
    #[arg(
        long,
        env = "BYLINE_REQUIRE_IF_MATCH",
        value_name = "BOOL",
        default_value = "false"
    )]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub(crate) require_if_match: bool,
}

/// What is logged, and in which form; logs go to standard error.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Logs (on standard error)")]
pub(crate) struct LogSettings {
    /// The least important level that is logged.
    #[arg(
        long = "log",
        env = "BYLINE_LOG",
        value_name = "LEVEL",
        default_value = "info"
    )]
    #[arg(value_parser = levels())]
    pub(crate) level: LevelFilter,

    /// For people or for programs [default: text on a terminal, else json].
    #[arg(long = "log-format", env = "BYLINE_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) format: Option<LogFormat>,

    /// Log every request [default: true on a terminal, else false].
    #[arg(
        long = "log-requests",
        env = "BYLINE_LOG_REQUESTS",
        value_name = "BOOL"
    )]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub(crate) requests: Option<bool>,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// A line of text per event.
    Text,
    /// A JSON object per line.
    Json,
}

const DATABASE_URL: &str = "database-url";
const LISTEN: &str = "listen";

const EXAMPLES: &str = "\
Examples:
  byline
  BYLINE_LISTEN=127.0.0.1:0 byline --log debug
  DATABASE_URL=sqlite:/var/lib/byline/byline.db BYLINE_LOG_FORMAT=json byline";

impl Settings {
    /// The settings of this process.
    ///
    /// # Errors
    ///
    /// A value that is wrong, by its name and with what would be right; also
    /// what was asked for with `--help` and `--version`.
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
        let of_files = byline_cli::read_secret_files(&mut command, &arguments, environment)?;
        let mut matches = command
            .try_get_matches_from_mut(arguments)
            .map_err(|error| byline_cli::explain(error, &command))?;
        let is_default = |id| matches.value_source(id) == Some(ValueSource::DefaultValue);
        let (create, is_default) = (is_default("url"), is_default("admin_listen"));
        let table = effective::table(&definitions, &command, &matches);
        let mut settings = Self::from_arg_matches_mut(&mut matches)?;
        if settings.print_config {
            return Ok(Invocation::Text(table));
        }
        let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        settings.unknown = effective::unknown(&definitions, names);
        settings.database.create = create && !of_files.iter().any(|setting| setting == "url");
        settings.admin.is_default = is_default;
        let authentication = &settings.authentication;
        authentication.check(&mut command)?;
        settings.http.asks = authentication.asks();
        settings.http.require_auth_off_loopback(&mut command)?;
        settings.protection.refuse_open_doors(&mut command)?;
        Ok(Invocation::Service(Box::new(settings)))
    }
}

impl HttpSettings {
    /// Whether whoever reaches this address may be served.
    pub(crate) fn may_serve(&self, address: SocketAddr) -> bool {
        self.asks || self.allow_anonymous || address.ip().to_canonical().is_loopback()
    }

    /// Without authentication whoever reaches the service may do everything.
    /// Beyond this machine that must be somebody's decision.
    fn require_auth_off_loopback(&self, command: &mut clap::Command) -> Result<(), clap::Error> {
        if self.may_serve(self.listen) {
            return Ok(());
        }
        let message = format!(
            "BYLINE_LISTEN (--{LISTEN}) is {}, which other machines may reach, and nobody is asked \
             who they are: set BYLINE_AUTH to keys or jwt, listen on a loopback address such as \
             127.0.0.1:8080, or set BYLINE_ALLOW_ANONYMOUS=true to let everybody read and change \
             everything",
            self.listen
        );
        Err(command.error(ErrorKind::ValueValidation, message))
    }
}

#[cfg(test)]
mod tests;
