//! How connections are encrypted, and which server is given the password.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use mysql_async::SslOpts;

use crate::mysql::url::{Host, MysqlUrlError};

/// How a connection is encrypted, in the words of MySQL's `ssl-mode`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mysql) enum Tls {
    /// Not at all.
    Disabled,
    /// With any server that offers it; without encryption with any other.
    Preferred,
    /// With any server. One that offers no TLS is refused.
    Required,
    /// With a server whose certificate is signed by one of `ca`.
    VerifyCa { ca: PathBuf },
    /// With a server whose certificate is signed by one of `ca`, and made out to
    /// the host of the URL.
    VerifyIdentity {
        /// File of PEM certificates; without one, the authorities that Mozilla
        /// trusts.
        ca: Option<PathBuf>,
    },
}

/// What the URL says of TLS and of the password.
///
/// The driver answers a server that asks for the whole password
/// (`caching_sha2_password` does when it has forgotten the account): over TLS with
/// the password, without TLS with the password encrypted for whatever key the
/// server sends. It has no option against that. So a server on another machine is
/// not spoken to without TLS unless the URL allows just this (ADR 0018).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mysql) struct Security {
    /// `None` where the URL leaves the choice to this program.
    mode: Option<Tls>,
    allows_key_retrieval: bool,
}

impl Security {
    pub(in crate::mysql) fn parse(
        mode: Option<&str>,
        ca: Option<PathBuf>,
        key_retrieval: Option<&str>,
    ) -> Result<Self, MysqlUrlError> {
        let mode = mode.map(str::to_ascii_uppercase);
        let mode = match (mode.as_deref(), ca) {
            (None, None) => None,
            (None, ca @ Some(_)) => Some(Tls::VerifyIdentity { ca }),
            (Some("VERIFY_IDENTITY"), ca) => Some(Tls::VerifyIdentity { ca }),
            (Some("VERIFY_CA"), Some(ca)) => Some(Tls::VerifyCa { ca }),
            // Of the authorities that Mozilla trusts, every site has a
            // certificate.
            (Some("VERIFY_CA"), None) => return Err(MysqlUrlError::VerificationWithoutCa),
            (Some("DISABLED"), None) => Some(Tls::Disabled),
            (Some("PREFERRED"), None) => Some(Tls::Preferred),
            (Some("REQUIRED"), None) => Some(Tls::Required),
            (Some("DISABLED" | "PREFERRED" | "REQUIRED"), Some(_)) => {
                return Err(MysqlUrlError::CaWithoutVerification);
            }
            (Some(_), _) => {
                return Err(MysqlUrlError::InvalidParameter {
                    name: "ssl-mode",
                    expected: "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
                });
            }
        };
        let allows_key_retrieval = match key_retrieval {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                return Err(MysqlUrlError::InvalidParameter {
                    name: "allow-public-key-retrieval",
                    expected: "true or false",
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

    /// Returns how to connect to `host`.
    ///
    /// # Errors
    ///
    /// The mode is `DISABLED`, and the password would not be safe.
    pub(in crate::mysql) fn to(
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
    /// Returns the addresses of this machine that the host stands for: data to
    /// them leaves it on no network. `localhost` is never looked up (RFC 6761,
    /// section 6.3).
    pub(in crate::mysql) fn loopback(&self) -> Option<Vec<IpAddr>> {
        if self.name.eq_ignore_ascii_case("localhost") {
            return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let address: IpAddr = self.name.parse().ok()?;
        address.to_canonical().is_loopback().then(|| vec![address])
    }
}

/// The driver means to ignore the host's name by looking for `NotValidForName` in
/// the text of rustls's error, a text that rustls no longer writes. The text does
/// quote the name that was expected: with this one, the driver finds what it looks
/// for. rustls checks the name after everything else, so nothing but the name is
/// ignored.
const ANY_NAME: &str = "NotValidForName";

impl Tls {
    pub(in crate::mysql) fn driver_options(&self) -> Option<SslOpts> {
        let options = SslOpts::default();
        match self {
            Self::Disabled => None,
            Self::Preferred | Self::Required => Some(
                options
                    .with_danger_accept_invalid_certs(true)
                    .with_danger_skip_domain_validation(true),
            ),
            Self::VerifyCa { ca } => Some(
                options
                    .with_root_certs(vec![ca.clone().into()])
                    .with_disable_built_in_roots(true)
                    .with_danger_skip_domain_validation(true)
                    .with_danger_tls_hostname_override(Some(ANY_NAME)),
            ),
            Self::VerifyIdentity { ca: Some(ca) } => Some(
                options
                    .with_root_certs(vec![ca.clone().into()])
                    .with_disable_built_in_roots(true),
            ),
            Self::VerifyIdentity { ca: None } => Some(options),
        }
    }

    /// Returns the file of the authorities to trust.
    pub(in crate::mysql) fn ca(&self) -> Option<&PathBuf> {
        match self {
            Self::VerifyCa { ca } | Self::VerifyIdentity { ca: Some(ca) } => Some(ca),
            _ => None,
        }
    }
}
