//! The encryption of connections, and the servers that get the password.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use mysql_async::SslOpts;

use super::{Host, MysqlUrlError, SSL_MODE};

/// The encryption of a connection, in the words of MySQL's `ssl-mode`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mysql) enum Tls {
    /// None.
    Disabled,
    /// TLS with a server that offers it, without verification; none otherwise.
    Preferred,
    /// TLS without verification. A server that offers no TLS is refused.
    Required,
    /// TLS with a server whose certificate is signed by one of `ca`.
    VerifyCa { ca: PathBuf },
    /// The same, if the certificate is also valid for the host of the URL.
    VerifyIdentity {
        /// A file of PEM certificates; `None` for the authorities that Mozilla trusts.
        ca: Option<PathBuf>,
    },
}

/// The URL's choice of encryption, and whether the password may be sent without it.
///
/// A server may ask for the whole password (`caching_sha2_password` does if it has not
/// cached the account). Over TLS, the driver sends the password; without TLS, it
/// encrypts the password with any key that the server sends, and has no option against
/// that. So servers on other machines require TLS unless the URL allows this (ADR 0018).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mysql) struct Security {
    /// `None` if the URL leaves the choice to this program.
    mode: Option<Tls>,
    allows_key_retrieval: bool,
}

impl Security {
    pub(in crate::mysql) fn new(
        mode: Option<&str>,
        ca: Option<PathBuf>,
        allows_key_retrieval: bool,
    ) -> Result<Self, MysqlUrlError> {
        let mode = mode.map(str::to_ascii_uppercase);
        let mode = match (mode.as_deref(), ca) {
            (None, None) => None,
            (None, ca @ Some(_)) | (Some("VERIFY_IDENTITY"), ca) => {
                Some(Tls::VerifyIdentity { ca })
            }
            (Some("VERIFY_CA"), Some(ca)) => Some(Tls::VerifyCa { ca }),
            // Every site has a certificate of an authority that Mozilla trusts.
            (Some("VERIFY_CA"), None) => return Err(MysqlUrlError::VerificationWithoutCa),
            (Some("DISABLED"), None) => Some(Tls::Disabled),
            (Some("PREFERRED"), None) => Some(Tls::Preferred),
            (Some("REQUIRED"), None) => Some(Tls::Required),
            (Some("DISABLED" | "PREFERRED" | "REQUIRED"), Some(_)) => {
                return Err(MysqlUrlError::CaWithoutVerification);
            }
            (Some(_), _) => {
                return Err(MysqlUrlError::InvalidParameter {
                    name: SSL_MODE,
                    expected: "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
                });
            }
        };
        if allows_key_retrieval && !matches!(mode, Some(Tls::Disabled | Tls::Preferred)) {
            return Err(MysqlUrlError::KeyRetrievalWithTls);
        }
        Ok(Self {
            mode,
            allows_key_retrieval,
        })
    }

    /// Returns how to connect to `host`. Fails if the mode is `DISABLED`, and the password would
    /// not be safe.
    pub(in crate::mysql) fn tls(
        &self,
        host: &Host,
        has_password: bool,
    ) -> Result<Tls, MysqlUrlError> {
        let is_safe_without =
            !has_password || self.allows_key_retrieval || host.loopback().is_some();
        match &self.mode {
            None if host.loopback().is_some() => Ok(Tls::Preferred),
            None => Ok(Tls::VerifyIdentity { ca: None }),
            Some(Tls::Disabled) if !is_safe_without => Err(MysqlUrlError::PasswordWithoutTls),
            Some(Tls::Preferred) if !is_safe_without => Ok(Tls::Required),
            Some(mode) => Ok(mode.clone()),
        }
    }
}

impl Host {
    /// Returns the loopback addresses of the host, if it has any: no data to them leaves
    /// this machine. `localhost` is never looked up (RFC 6761, section 6.3).
    pub(in crate::mysql) fn loopback(&self) -> Option<Vec<IpAddr>> {
        if self.name.eq_ignore_ascii_case("localhost") {
            return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let address: IpAddr = self.name.parse().ok()?;
        address.to_canonical().is_loopback().then(|| vec![address])
    }
}

/// The driver ignores an error about the host's name if the text of rustls's error
/// contains `NotValidForName`, which it no longer does. The text quotes the expected
/// name, so with this name the driver finds what it searches for. rustls checks the name
/// last, so no other error is ignored.
const ANY_NAME: &str = "NotValidForName";

impl Tls {
    pub(in crate::mysql) fn driver_options(&self) -> Option<SslOpts> {
        let options = SslOpts::default();
        let with_ca = |ca: &PathBuf| {
            SslOpts::default()
                .with_root_certs(vec![ca.clone().into()])
                .with_disable_built_in_roots(true)
        };
        match self {
            Self::Disabled => None,
            Self::Preferred | Self::Required => Some(
                options
                    .with_danger_accept_invalid_certs(true)
                    .with_danger_skip_domain_validation(true),
            ),
            Self::VerifyCa { ca } => Some(
                with_ca(ca)
                    .with_danger_skip_domain_validation(true)
                    .with_danger_tls_hostname_override(Some(ANY_NAME)),
            ),
            Self::VerifyIdentity { ca: Some(ca) } => Some(with_ca(ca)),
            Self::VerifyIdentity { ca: None } => Some(options),
        }
    }

    /// Returns the file with the authorities to trust.
    pub(in crate::mysql) fn ca(&self) -> Option<&PathBuf> {
        match self {
            Self::VerifyCa { ca } | Self::VerifyIdentity { ca: Some(ca) } => Some(ca),
            _ => None,
        }
    }
}
