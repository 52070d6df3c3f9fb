//! TLS 1.2 and 1.3 in the process itself, with a certificate that can be
//! replaced while it runs.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use std::{fs, io};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::settings::CertificateFiles;

/// Between two looks at the files.
const INTERVAL: Duration = Duration::from_secs(5);

/// The certificate that new connections get. A clone is the same one.
#[derive(Clone, Debug)]
pub(crate) struct Certificate(Arc<Current>);

#[derive(Debug)]
struct Current {
    files: CertificateFiles,
    /// Woken when the files are to be looked at before their time.
    wanted: Notify,
    key: RwLock<Arc<CertifiedKey>>,
}

/// Why a certificate is of no use. `Display` does not repeat the source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} holds no {what} in PEM", path = .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// A certificate or a private key.
        what: &'static str,
        /// The parser's reason.
        #[source]
        cause: pem::Error,
    },
    /// Both are there, and are not fit to serve.
    #[error("certificate and private key cannot be used")]
    Unfit(#[source] rustls::Error),
}

/// What the files held: to tell whether they have changed.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificate {
    /// The certificate in the files.
    ///
    /// # Errors
    ///
    /// It cannot be read, or certificate and key do not belong together.
    pub(crate) fn load(files: CertificateFiles) -> Result<Self, CertificateError> {
        let key = Contents::read(&files)?.parse(&files)?;
        Ok(Self(Arc::new(Current {
            files,
            wanted: Notify::new(),
            key: RwLock::new(Arc::new(key)),
        })))
    }

    /// How TLS is spoken with it.
    ///
    /// # Errors
    ///
    /// None that this provider has.
    pub(crate) fn server_config(&self) -> Result<ServerConfig, CertificateError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Unfit)?
            .with_no_client_auth()
            .with_cert_resolver(self.0.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Has the files looked at now.
    pub(crate) fn look(&self) {
        self.0.wanted.notify_one();
    }

    /// Replaces the certificate whenever the files change; never ends. One that
    /// is of no use is told of, and the last good one kept: whoever replaces
    /// two files cannot do it at once.
    pub(crate) async fn follow_files(self) {
        let files = &self.0.files;
        let mut last = Contents::read(files).ok();
        loop {
            // Whichever comes first; both mean the same.
            drop(timeout(INTERVAL, self.0.wanted.notified()).await);
            match Contents::read(files) {
                Ok(now) if Some(&now) != last.as_ref() => {
                    match now.parse(files) {
                        Ok(key) => {
                            *self.0.key.write().unwrap_or_else(PoisonError::into_inner) =
                                Arc::new(key);
                            info!("serving a new certificate");
                        }
                        Err(error) => warn(&error),
                    }
                    last = Some(now);
                }
                Ok(_) => {}
                Err(error) => {
                    // Once, not at every look.
                    if last.take().is_some() {
                        warn(&error);
                    }
                }
            }
        }
    }
}

fn warn(error: &CertificateError) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    warn!(%error, cause, "the new certificate is of no use; serving the last one");
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(
            self.key
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
    }
}

impl Contents {
    fn read(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|cause| CertificateError::Read {
                path: path.clone(),
                cause,
            })
        };
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
        })
    }

    fn parse(&self, files: &CertificateFiles) -> Result<CertifiedKey, CertificateError> {
        let wrong = |path: &PathBuf, what| {
            let path = path.clone();
            move |cause| CertificateError::Pem { path, what, cause }
        };
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|chain| {
                if chain.is_empty() {
                    return Err(pem::Error::NoItemsFound);
                }
                Ok(chain)
            })
            .map_err(wrong(&files.certificate, "certificate"))?;
        let key =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(wrong(&files.key, "private key"))?;
        CertifiedKey::from_der(chain, key, &provider()).map_err(CertificateError::Unfit)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
