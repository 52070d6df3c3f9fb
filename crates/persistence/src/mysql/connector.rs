//! Making a connection: network, TLS, log-in, settings.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::Cause;
use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, DriverError, Error, IoError, Opts, OptsBuilder, SslOpts};
use tokio::runtime::Builder;

use super::connection::is_timeout;
use super::target::{Host, MysqlTarget, Tls};
use super::{Connection, dialect, node_state, settings};

/// The longest that making a connection may take.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_millis(1_500);

/// Why there is no connection. Neither host nor account is named: the texts
/// are logged.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the database server cannot be reached: {0}")]
    Unreachable(String),
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
    #[error("the database server offers no TLS, which ssl-mode asks for")]
    NoTls,
    #[error("the database server's certificate is not made out to the host of the URL")]
    CertificateName,
    #[error("the database server's certificate is signed by no authority that is trusted")]
    CertificateAuthority,
    #[error("the database server's certificate is refused")]
    Certificate,
    #[error("the TLS handshake with the database server failed")]
    Tls,
    #[error("the certificates of ssl-ca cannot be read: {0}")]
    AuthorityFile(io::ErrorKind),
    #[error("the database server has {name} = {found:?} where {wanted:?} was set")]
    Setting {
        name: &'static str,
        found: String,
        wanted: &'static str,
    },
    #[error(
        "the database server has innodb_flush_log_at_trx_commit = {0}: it can lose commits; set it to 1, or accept that with durability=RELAXED in the URL"
    )]
    NotDurable(String),
    #[error("the database server refuses the connection (error {0})")]
    Refused(u16),
    #[error("the database server refuses to be set up")]
    Statement(#[source] Cause),
    #[error("the connection to the database server cannot be set up")]
    Local(#[source] Cause),
}

impl ConnectError {
    pub(super) fn setting(name: &'static str, found: &str, wanted: &'static str) -> Self {
        let found = found.to_owned();
        Self::Setting {
            name,
            found,
            wanted,
        }
    }

    /// What an error of a statement that sets up the connection means.
    pub(super) fn statement(error: diesel::result::Error) -> Self {
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
    pub(super) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::TimedOut | Self::Busy(_) | Self::NotReady | Self::NoTime
        )
    }

    /// Whether the server is not there at all.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TimedOut | Self::NotReady)
    }
}

/// A connection to the first of the servers that is fit for use.
pub(super) fn connect(target: &MysqlTarget) -> Result<Connection, ConnectError> {
    let mut first_error = None;
    for host in &target.hosts {
        let made = connect_to(target, host).and_then(|mut connection| {
            if target.hosts.len() > 1 && !node_state::read(&mut connection)?.is_ready {
                return Err(ConnectError::NotReady);
            }
            Ok(connection)
        });
        match made {
            Ok(connection) => return Ok(connection),
            Err(error) if error.is_transient() => first_error = first_error.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(first_error.unwrap_or(ConnectError::TimedOut))
}

/// A connection to this server that is fit for use.
pub(super) fn connect_to(target: &MysqlTarget, host: &Host) -> Result<Connection, ConnectError> {
    let until = Instant::now() + CONNECT_LIMIT;
    if let Tls::VerifyIdentity { ca: Some(ca) } = &target.tls {
        // The driver would name neither the parameter nor the reason.
        std::fs::File::open(ca).map_err(|error| ConnectError::AuthorityFile(error.kind()))?;
    }
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| ConnectError::Local(Arc::new(error)))?;
    let logged_in = runtime
        .block_on(async { tokio::time::timeout_at(until.into(), log_in(target, host)).await })
        .unwrap_or(Err(ConnectError::TimedOut));
    let inner = match logged_in {
        Ok(inner) => inner,
        Err(error) => {
            // A name server that is silent holds a thread of the runtime, for
            // which an ordinary end would wait.
            runtime.shutdown_background();
            return Err(error);
        }
    };
    let mut connection = Connection::new(inner, runtime);
    connection.set_deadline(until);
    settings::configure(&mut connection, target)?;
    Ok(connection)
}

async fn log_in(target: &MysqlTarget, host: &Host) -> Result<AsyncMysqlConnection, ConnectError> {
    let made = match Conn::new(options(target, host, &target.tls)).await {
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer))
            if target.tls == Tls::Preferred =>
        {
            Conn::new(options(target, host, &Tls::Disabled)).await
        }
        other => other,
    };
    let connection = made.map_err(|error| refusal(&error))?;
    AsyncMysqlConnection::try_from(connection)
        .await
        .map_err(|error| ConnectError::Local(Arc::new(error)))
}

fn options(target: &MysqlTarget, host: &Host, tls: &Tls) -> Opts {
    OptsBuilder::default()
        .ip_or_hostname(host.name.as_str())
        .tcp_port(host.port)
        .user(Some(target.user.as_str()))
        .pass(target.password.as_deref())
        .db_name(Some(target.database.as_str()))
        .ssl_opts(ssl_options(tls))
        // What is asked for is TCP; the driver would change to a local socket.
        .prefer_socket(false)
        // diesel has a cache of its own.
        .stmt_cache_size(0)
        // A row that is written over with what it holds counts as found.
        .client_found_rows(true)
        .into()
}

fn ssl_options(tls: &Tls) -> Option<SslOpts> {
    let options = SslOpts::default();
    match tls {
        Tls::Disabled => None,
        Tls::Preferred | Tls::Required => Some(
            options
                .with_danger_accept_invalid_certs(true)
                .with_danger_skip_domain_validation(true),
        ),
        Tls::VerifyIdentity { ca: Some(ca) } => Some(
            options
                .with_root_certs(vec![ca.clone().into()])
                .with_disable_built_in_roots(true),
        ),
        Tls::VerifyIdentity { ca: None } => Some(options),
    }
}

/// What the driver's error means. Its text is dropped: it can name the host or
/// the account.
fn refusal(error: &Error) -> ConnectError {
    match error {
        Error::Server(server) => match server.code {
            // Too many connections (of all, of this user), shutting down, host
            // blocked after errors.
            1040 | 1053 | 1129 | 1203 | 1226 => ConnectError::Busy(server.code),
            1044 | 1045 | 1130 | 1698 | 1820 | 1862 | 3118 | 3159 | 4151 => {
                ConnectError::Denied(server.code)
            }
            1049 => ConnectError::UnknownDatabase,
            code => ConnectError::Refused(code),
        },
        Error::Driver(DriverError::NoClientSslFlagFromServer) => ConnectError::NoTls,
        Error::Driver(DriverError::ConnectionClosed) => {
            ConnectError::Unreachable("it closed the connection".to_owned())
        }
        Error::Io(IoError::Io(error)) => match error.get_ref() {
            Some(inner) if error.kind() == io::ErrorKind::InvalidData => {
                tls_refusal(&inner.to_string())
            }
            _ => ConnectError::Unreachable(error.kind().to_string()),
        },
        Error::Io(IoError::Tls(error)) => tls_refusal(&error.to_string()),
        Error::Driver(_) | Error::Other(_) | Error::Url(_) => ConnectError::Refused(0),
    }
}

/// rustls puts the verdict on a certificate into the text of its error.
fn tls_refusal(text: &str) -> ConnectError {
    match text.strip_prefix("invalid peer certificate: ") {
        Some(verdict) if verdict.starts_with("certificate not valid for name") => {
            ConnectError::CertificateName
        }
        Some("NotValidForName") => ConnectError::CertificateName,
        Some("UnknownIssuer") => ConnectError::CertificateAuthority,
        Some(_) => ConnectError::Certificate,
        None => ConnectError::Tls,
    }
}
