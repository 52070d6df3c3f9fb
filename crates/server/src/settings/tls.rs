//! Settings of TLS in the process itself.

use std::path::PathBuf;

use clap::Parser;

/// With neither file, the service speaks plain HTTP.
#[derive(Debug, Parser)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsSettings {
    /// The service's certificate and those between it and a root, in PEM
    /// [default: none, and plain HTTP].
    ///
    /// Read again when it changes: new connections then get the new one.
    #[arg(
        long,
        env = "BYLINE_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,

    /// The private key that belongs to it, in PEM (PKCS #8, PKCS #1 or SEC1)
    /// [default: none].
    #[arg(
        long,
        env = "BYLINE_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
}

/// Where a certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl TlsSettings {
    /// The files, if there are any.
    pub(crate) fn files(&self) -> Option<CertificateFiles> {
        Some(CertificateFiles {
            certificate: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
        })
    }
}
