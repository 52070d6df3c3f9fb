use std::sync::Arc;
use std::{error, io};

use byline_application::Cause;

use crate::mysql::connection::is_timeout;
use crate::mysql::errors;

/// Why there is no connection. The texts are logged, so they name neither the host nor
/// the account.
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
    #[error("no connection to the database server was available in time")]
    NoTime,
    #[error("the database server accepts no connections at present (error {0})")]
    Busy(u16),
    #[error("the database server refuses this user (error {0})")]
    Denied(u16),
    #[error("the database server has no such database; create it first")]
    UnknownDatabase,
    #[error(
        "the database server offers no TLS, which the URL asks for (by default, unless the server is on this machine)"
    )]
    NoTls,
    #[error("the database server's certificate is not valid for the host of the URL")]
    CertificateName,
    #[error("the database server's certificate is not signed by a trusted authority")]
    CertificateAuthority,
    #[error("the database server's certificate is refused")]
    Certificate,
    #[error("the TLS handshake with the database server failed")]
    Tls,
    #[error("ssl-ca contains no certificate of an authority")]
    NoAuthority,
    #[error(
        "the account's authentication plugin {0} is not supported; caching_sha2_password and mysql_native_password are"
    )]
    Plugin(String),
    #[error("the database server asks for the password in clear text; it is not sent")]
    ClearText,
    #[error("the password, of more than 213 bytes, is too long to be sent without TLS")]
    PasswordTooLong,
    #[error("the server does not speak the protocol of MySQL correctly")]
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
        "read-hosts=any would return stale rows: {0}; without it, reads go to the host that writes"
    )]
    StaleReads(&'static str),
    #[error("the database server refuses the connection (error {0})")]
    Refused(u16),
    #[error("the database server refuses a statement that sets up the connection")]
    Statement(#[source] Cause),
    #[error("the connection to the database server cannot be set up")]
    Local(#[source] Cause),
}

impl ConnectError {
    /// Returns the error for an authentication plugin, without characters that its name
    /// should not have: the server may send anything.
    pub(super) fn plugin(name: &str) -> Self {
        let is_valid = |character: &char| character.is_ascii_alphanumeric() || *character == '_';
        Self::Plugin(name.chars().filter(is_valid).take(64).collect())
    }

    pub(super) fn local(cause: impl error::Error + Send + Sync + 'static) -> Self {
        Self::Local(Arc::new(cause))
    }

    pub(super) fn setting(name: &'static str, found: &str, wanted: &'static str) -> Self {
        Self::Setting {
            name,
            found: found.to_owned(),
            wanted,
        }
    }

    /// Translates an error of a statement that sets up the connection.
    pub(in crate::mysql) fn statement(error: diesel::result::Error) -> Self {
        if is_timeout(&error) {
            Self::TimedOut
        } else if errors::is_unfit(&error) {
            Self::NotReady
        } else if errors::is_lost(&error) {
            Self::Unreachable("the connection broke".to_owned())
        } else {
            Self::Statement(Arc::new(errors::classify(error)))
        }
    }

    /// Returns whether the error may disappear without a change of settings.
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

    /// Returns whether the server is away.
    pub(in crate::mysql) fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::NameUnknown | Self::TimedOut | Self::NotReady
        )
    }
}
