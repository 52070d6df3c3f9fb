//! Making a connection: network, TLS, log-in, settings.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, DriverError, Error, IoError, Opts, OptsBuilder, TlsError};
use rustls::CertificateError;
use tokio::runtime::Builder;

use super::unwind::caught;
use crate::mysql::Connection;
use crate::mysql::connection::error::{ConnectError, PluginName};
use crate::mysql::connection::{node_state, settings};
use crate::mysql::url::tls::Tls;
use crate::mysql::url::{Host, MysqlTarget};

/// The longest that making a connection may take.
pub(in crate::mysql) const CONNECT_LIMIT: Duration = Duration::from_millis(1_500);

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
            if target.hosts.len() > 1
                && !node_state::read(&mut connection, target.durability)?.is_ready
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
