//! Connects to a server: network, TLS, login, settings.

use std::io;
use std::time::{Duration, Instant};

use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, DriverError, Error, IoError, Opts, OptsBuilder, TlsError};
use rustls::CertificateError;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout_at;

use super::error::ConnectError;
use super::unwind::caught;
use super::{Connection, node_state, settings};
use crate::mysql::url::tls::Tls;
use crate::mysql::url::{Host, MysqlTarget};

/// The longest time that connecting may take.
pub(in crate::mysql) const CONNECT_LIMIT: Duration = Duration::from_millis(1_500);

/// Connects to the first server that is fit for use. Also returns that server.
pub(in crate::mysql) fn connect(target: &MysqlTarget) -> Result<(Connection, &Host), ConnectError> {
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

/// Connects to this server, and checks that it is fit for use.
pub(in crate::mysql) fn connect_to(
    target: &MysqlTarget,
    host: &Host,
) -> Result<Connection, ConnectError> {
    caught(|| try_connect(target, host)).unwrap_or_else(|panic| Err(panic_error(&panic, target)))
}

/// The longest password in bytes that can be sent without TLS: with its terminator, it
/// has to fit into one block of RSA with 2048 bits and OAEP (RFC 8017, section 7.1.1).
/// The driver panics over a longer one.
const LONGEST_WITHOUT_TLS: usize = 213;

/// Returns the error for a panic of the driver.
fn panic_error(panic: &str, target: &MysqlTarget) -> ConnectError {
    tracing::warn!(
        panic,
        "the database driver panicked over what the server sent"
    );
    let password = target.password.as_deref().unwrap_or_default();
    if panic.contains("ed25519") {
        // The driver was built without it.
        ConnectError::plugin("client_ed25519")
    } else if password.len() > LONGEST_WITHOUT_TLS {
        ConnectError::PasswordTooLong
    } else {
        ConnectError::Protocol
    }
}

fn try_connect(target: &MysqlTarget, host: &Host) -> Result<Connection, ConnectError> {
    let deadline = Instant::now() + CONNECT_LIMIT;
    let tls = target.tls(host).map_err(ConnectError::local)?;
    if let Some(ca) = tls.ca() {
        // The driver's error would name neither the parameter nor the reason.
        std::fs::File::open(ca).map_err(|error| ConnectError::AuthorityFile(error.kind()))?;
    }
    let runtime = runtime()?;
    let logged_in = runtime
        .block_on(async { timeout_at(deadline.into(), log_in(target, host, &tls)).await })
        .unwrap_or(Err(ConnectError::TimedOut));
    let (inner, id) = match logged_in {
        Ok(logged_in) => logged_in,
        Err(error) => {
            // While a name server is silent, it holds a thread of the runtime. Dropping
            // the runtime would wait for that thread.
            runtime.shutdown_background();
            return Err(error);
        }
    };
    let mut connection = Connection::new(inner, id, runtime);
    connection.deadline = Some(deadline);
    settings::configure(&mut connection, target)?;
    Ok(connection)
}

/// Returns a runtime for one connection.
pub(super) fn runtime() -> Result<Runtime, ConnectError> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(ConnectError::local)
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
    Ok((connection.map_err(ConnectError::local)?, id))
}

/// Returns a connection of the driver, logged in.
pub(super) async fn dial(
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
    made.map_err(|error| connect_error(&error))
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
        // Otherwise the driver would switch from TCP to a local socket.
        .prefer_socket(false)
        // diesel has a cache of its own.
        .stmt_cache_size(0)
        // An UPDATE that changes nothing counts the row as found.
        .client_found_rows(true)
        .into()
}

/// How the standard library's error of a failed name lookup begins; it has no kind of
/// its own.
const NAME_LOOKUP: &str = "failed to lookup address information";

/// Translates the driver's error. Drops its text, which can name the host or the
/// account.
fn connect_error(error: &Error) -> ConnectError {
    match error {
        Error::Server(server) => match server.code {
            // Too many connections (in all, of this user), shutting down, host blocked
            // after errors, offline mode.
            1040 | 1053 | 1129 | 1203 | 1226 | 3032 => ConnectError::Busy(server.code),
            1044 | 1045 | 1130 | 1698 | 1820 | 1862 | 3118 | 3159 | 4151 => {
                ConnectError::Denied(server.code)
            }
            1049 => ConnectError::UnknownDatabase,
            code => ConnectError::Refused(code),
        },
        Error::Driver(error) => driver_error(error),
        Error::Io(IoError::Io(error)) => match error.get_ref() {
            Some(inner) if error.kind() == io::ErrorKind::InvalidData => {
                match inner.downcast_ref() {
                    Some(error) => tls_error(error),
                    None => ConnectError::Protocol,
                }
            }
            _ if error.to_string().starts_with(NAME_LOOKUP) => ConnectError::NameUnknown,
            _ => ConnectError::Unreachable(error.kind().to_string()),
        },
        Error::Io(IoError::Tls(TlsError::Tls(error))) => tls_error(error),
        // There is no root certificate to verify with.
        Error::Io(IoError::Tls(TlsError::VerifierBuilderError(_))) => ConnectError::NoAuthority,
        Error::Io(IoError::Tls(_)) => ConnectError::Tls,
        Error::Other(_) | Error::Url(_) => ConnectError::Refused(0),
    }
}

fn driver_error(error: &DriverError) -> ConnectError {
    match error {
        DriverError::NoClientSslFlagFromServer => ConnectError::NoTls,
        DriverError::ConnectionClosed => {
            ConnectError::Unreachable("it closed the connection".to_owned())
        }
        DriverError::UnknownAuthPlugin { name } => ConnectError::plugin(name),
        DriverError::MysqlOldPasswordDisabled => ConnectError::plugin("mysql_old_password"),
        DriverError::CleartextPluginDisabled => ConnectError::ClearText,
        _ => ConnectError::Protocol,
    }
}

fn tls_error(error: &rustls::Error) -> ConnectError {
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
