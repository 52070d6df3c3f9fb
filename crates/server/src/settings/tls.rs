use std::path::PathBuf;

use clap::Parser;

/// The files for TLS. Without them, the service speaks plain HTTP.
#[derive(Debug, Parser)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsSettings {
    /// The certificate of the service and the intermediate ones, in PEM
    /// [default: none, and plain HTTP].
    ///
    /// Reloaded when the file changes, for new connections.
    #[arg(long, env = "BYLINE_TLS_CERT", value_name = "FILE")]
    #[arg(requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM (PKCS #8, PKCS #1 or SEC1)
    /// [default: none].
    #[arg(long, env = "BYLINE_TLS_KEY", value_name = "FILE")]
    #[arg(requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

/// The paths of a certificate and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl TlsSettings {
    /// Returns the paths, if they are set.
    pub(crate) fn files(&self) -> Option<CertificateFiles> {
        Some(CertificateFiles {
            certificate: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
        })
    }
}
