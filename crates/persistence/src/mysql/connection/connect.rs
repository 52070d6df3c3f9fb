//! Making a connection: network, TLS, log-in, settings.

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io};

use byline_application::Cause;
use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, DriverError, Error, IoError, Opts, OptsBuilder, TlsError};
use rustls::CertificateError;
use tokio::runtime::Builder;

use super::tls::Tls;
use super::unwind::caught;
use crate::mysql::cluster::state;
use crate::mysql::connection::is_timeout;
use crate::mysql::connection::settings;
use crate::mysql::url::{Host, MysqlTarget};
use crate::mysql::{Connection, dialect};

/// The longest that making a connection may take.
pub(in crate::mysql) const CONNECT_LIMIT: Duration = Duration::from_millis(1_500);

/// Why there is no connection. Neither host nor account is named: the texts
/// are logged.
#[derive(Clone, Debug, thiserror::Error)]
pub(in crate::mysql) enum ConnectError {
    #[error("the database server cannot be reached: {0}")]
    Unreachable(String),
    #[error("the host name of the database server cannot be resolved")]
    NameUnknown,
    #[error("the database server did not answer in time")]
    TimedOut,
    #[error("the database server has lost its cluster")]
    NotReady,
    #[error("there was no connection to the database server in time")]
    NoTime,
    #[error("the database server takes no connection at present (error {0})")]
    Busy(u16),
    #[error("the database server does not let this user in (error {0})")]
    Denied(u16),
    #[error("the database server has no such database; create it first")]
    UnknownDatabase,
    #[error(
        "the database server offers no TLS, which the URL asks for (by default, unless the server is on this machine)"
    )]
    NoTls,
    #[error("the database server's certificate is not made out to the host of the URL")]
    CertificateName,
    #[error("the database server's certificate is signed by no authority that is trusted")]
    CertificateAuthority,
    #[error("the database server's certificate is refused")]
    Certificate,
    #[error("the TLS handshake with the database server failed")]
    Tls,
    #[error("ssl-ca names no certificate of an authority")]
    NoAuthority,
    #[error(
        "the account's authentication plugin {0} is not supported; caching_sha2_password and mysql_native_password are"
    )]
    Plugin(PluginName),
    #[error("the database server asks for the password in clear text, which it is not given")]
    ClearText,
    #[error("the password, of more than 213 bytes, is too long to be sent without TLS")]
    PasswordTooLong,
    #[error("what answers in the database server's place does not speak its protocol")]
    Protocol,
    #[error("the certificates of ssl-ca cannot be read: {0}")]
    AuthorityFile(io::ErrorKind),
    #[error("the database server has {name} = {found:?} where {wanted:?} was set")]
    Setting {
        name: &'static str,
        found: String,
        wanted: &'static str,
    },
    #[error(
        "the database server has {name} = {found}: it can lose commits; set it to {advice}, or accept that with {accepted_by} in the URL"
    )]
    NotDurable {
        name: &'static str,
        found: String,
        advice: &'static str,
        accepted_by: &'static str,
    },
    #[error(
        "the database server has binlog_format = STATEMENT, with which it refuses writes; set it to ROW or MIXED"
    )]
    StatementLog,
    #[error(
        "the database server has max_allowed_packet = {found}; posts and imports need {needed}, so set it to 16M"
    )]
    SmallPackets { found: u64, needed: u64 },
    #[error(
        "read-hosts=any would read what is old: {0}; leave it out, and reads go where writes go"
    )]
    StaleReads(&'static str),
    #[error("the database server refuses the connection (error {0})")]
    Refused(u16),
    #[error("the database server refuses to be set up")]
    Statement(#[source] Cause),
    #[error("the connection to the database server cannot be set up")]
    Local(#[source] Cause),
}

/// The name of a plugin as the server sent it, as far as it is one.
#[derive(Clone, Debug)]
pub(in crate::mysql) struct PluginName(String);

impl PluginName {
    fn new(name: &str) -> Self {
        let letters = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        Self(name.chars().filter(letters).take(64).collect())
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ConnectError {
    pub(in crate::mysql) fn setting(name: &'static str, found: &str, wanted: &'static str) -> Self {
        let found = found.to_owned();
        Self::Setting {
            name,
            found,
            wanted,
        }
    }

    /// What an error of a statement that sets up the connection means.
    pub(in crate::mysql) fn statement(error: diesel::result::Error) -> Self {
        if is_timeout(&error) {
            Self::TimedOut
        } else if dialect::is_unfit(&error) {
            Self::NotReady
        } else if dialect::is_lost(&error) {
            Self::Unreachable("the connection broke".to_owned())
        } else {
            Self::Statement(Arc::new(dialect::classify(error)))
        }
    }

    /// Whether time may heal it, without anybody changing a setting.
    pub(in crate::mysql) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::NameUnknown
                | Self::TimedOut
                | Self::Busy(_)
                | Self::NotReady
                | Self::NoTime
        )
    }

    /// Whether the server is not there at all.
    pub(in crate::mysql) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::NameUnknown | Self::TimedOut | Self::NotReady
        )
    }
}

/// A connection to the first of the servers that is fit for use.
pub(in crate::mysql) fn connect(target: &MysqlTarget) -> Result<Connection, ConnectError> {
    connect_to_first(target).map(|(connection, _)| connection)
}

/// A connection to the first of the servers that is fit for use, and that server.
pub(in crate::mysql) fn connect_to_first(
    target: &MysqlTarget,
) -> Result<(Connection, &Host), ConnectError> {
    let mut first_error = None;
    for host in &target.hosts {
        let made = connect_to(target, host).and_then(|mut connection| {
            if target.hosts.len() > 1 && !state::read(&mut connection, target.durability)?.is_ready
            {
                return Err(ConnectError::NotReady);
            }
            Ok(connection)
        });
        match made {
            Ok(connection) => return Ok((connection, host)),
            Err(error) if error.is_transient() => first_error = first_error.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(first_error.unwrap_or(ConnectError::TimedOut))
}

/// A connection to this server that is fit for use.
pub(in crate::mysql) fn connect_to(
    target: &MysqlTarget,
    host: &Host,
) -> Result<Connection, ConnectError> {
    caught(|| try_connect(target, host)).unwrap_or_else(|panic| Err(meaning(&panic, target)))
}

/// The longest password in bytes that is sent without TLS: what fits, with its
/// end, into one block of RSA with 2048 bits and OAEP (RFC 8017, section 7.1.1).
/// The driver panics over a longer one.
const LONGEST_WITHOUT_TLS: usize = 213;

/// Returns what a panic of the driver means.
fn meaning(panic: &str, target: &MysqlTarget) -> ConnectError {
    tracing::warn!(
        panic,
        "the database driver panicked over what the server sent"
    );
    let password = target.password.as_deref().unwrap_or_default();
    if panic.contains("ed25519") {
        // The driver was built without it.
        ConnectError::Plugin(PluginName::new("client_ed25519"))
    } else if password.len() > LONGEST_WITHOUT_TLS {
        ConnectError::PasswordTooLong
    } else {
        ConnectError::Protocol
    }
}

fn try_connect(target: &MysqlTarget, host: &Host) -> Result<Connection, ConnectError> {
    let until = Instant::now() + CONNECT_LIMIT;
    let tls = target
        .tls(host)
        .map_err(|error| ConnectError::Local(Arc::new(error)))?;
    if let Some(ca) = tls.ca() {
        // The driver would name neither the parameter nor the reason.
        std::fs::File::open(ca).map_err(|error| ConnectError::AuthorityFile(error.kind()))?;
    }
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| ConnectError::Local(Arc::new(error)))?;
    let logged_in = runtime
        .block_on(async { tokio::time::timeout_at(until.into(), log_in(target, host, &tls)).await })
        .unwrap_or(Err(ConnectError::TimedOut));
    let (inner, id) = match logged_in {
        Ok(logged_in) => logged_in,
        Err(error) => {
            // A name server that is silent holds a thread of the runtime, for
            // which an ordinary end would wait.
            runtime.shutdown_background();
            return Err(error);
        }
    };
    let mut connection = Connection::new(inner, id, runtime);
    connection.set_deadline(until);
    settings::configure(&mut connection, target)?;
    Ok(connection)
}

/// Returns a connection and its number on the server.
async fn log_in(
    target: &MysqlTarget,
    host: &Host,
    tls: &Tls,
) -> Result<(AsyncMysqlConnection, u32), ConnectError> {
    let connection = dial(target, host, tls).await?;
    let id = connection.id();
    let connection = AsyncMysqlConnection::try_from(connection).await;
    connection
        .map(|connection| (connection, id))
        .map_err(|error| ConnectError::Local(Arc::new(error)))
}

/// A connection of the driver's, logged in.
pub(in crate::mysql) async fn dial(
    target: &MysqlTarget,
    host: &Host,
    tls: &Tls,
) -> Result<Conn, ConnectError> {
    let made = match Conn::new(options(target, host, tls)).await {
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if *tls == Tls::Preferred => {
            Conn::new(options(target, host, &Tls::Disabled)).await
        }
        other => other,
    };
    made.map_err(|error| refusal(&error))
}

fn options(target: &MysqlTarget, host: &Host, tls: &Tls) -> Opts {
    OptsBuilder::default()
        .ip_or_hostname(host.name.as_str())
        .tcp_port(host.port)
        .resolved_ips(host.loopback())
        .user(Some(target.user.as_str()))
        .pass(target.password.as_deref())
        .db_name(Some(target.database.as_str()))
        .ssl_opts(tls.driver_options())
        // What is asked for is TCP; the driver would change to a local socket.
        .prefer_socket(false)
        // diesel has a cache of its own.
        .stmt_cache_size(0)
        // A row that is written over with what it holds counts as found.
        .client_found_rows(true)
        .into()
}

/// How the standard library begins the error of a failed look-up, which has no
/// kind of its own.
const LOOK_UP: &str = "failed to lookup address information";

/// What the driver's error means. Its text is dropped: it can name the host or
/// the account.
fn refusal(error: &Error) -> ConnectError {
    match error {
        Error::Server(server) => match server.code {
            // Too many connections (of all, of this user), shutting down, host
            // blocked after errors, offline mode.
            1040 | 1053 | 1129 | 1203 | 1226 | 3032 => ConnectError::Busy(server.code),
            1044 | 1045 | 1130 | 1698 | 1820 | 1862 | 3118 | 3159 | 4151 => {
                ConnectError::Denied(server.code)
            }
            1049 => ConnectError::UnknownDatabase,
            code => ConnectError::Refused(code),
        },
        Error::Driver(error) => driver_refusal(error),
        Error::Io(IoError::Io(error)) => match error.get_ref() {
            Some(inner) if error.kind() == io::ErrorKind::InvalidData => {
                match inner.downcast_ref() {
                    Some(error) => tls_refusal(error),
                    None => ConnectError::Protocol,
                }
            }
            _ if error.to_string().starts_with(LOOK_UP) => ConnectError::NameUnknown,
            _ => ConnectError::Unreachable(error.kind().to_string()),
        },
        Error::Io(IoError::Tls(TlsError::Tls(error))) => tls_refusal(error),
        // There is no root to verify with.
        Error::Io(IoError::Tls(TlsError::VerifierBuilderError(_))) => ConnectError::NoAuthority,
        Error::Io(IoError::Tls(_)) => ConnectError::Tls,
        Error::Other(_) | Error::Url(_) => ConnectError::Refused(0),
    }
}

fn driver_refusal(error: &DriverError) -> ConnectError {
    match error {
        DriverError::NoClientSslFlagFromServer => ConnectError::NoTls,
        DriverError::ConnectionClosed => {
            ConnectError::Unreachable("it closed the connection".to_owned())
        }
        DriverError::UnknownAuthPlugin { name } => ConnectError::Plugin(PluginName::new(name)),
        DriverError::MysqlOldPasswordDisabled => {
            ConnectError::Plugin(PluginName::new("mysql_old_password"))
        }
        DriverError::CleartextPluginDisabled => ConnectError::ClearText,
        _ => ConnectError::Protocol,
    }
}

fn tls_refusal(error: &rustls::Error) -> ConnectError {
    match error {
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => ConnectError::CertificateName,
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            ConnectError::CertificateAuthority
        }
        rustls::Error::InvalidCertificate(_) => ConnectError::Certificate,
        _ => ConnectError::Tls,
    }
}
