//! TLS 1.2 and 1.3 in the process itself, with a certificate that can be replaced
//! while it runs.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::settings::CertificateFiles;

/// How often the files are read.
const INTERVAL: Duration = Duration::from_secs(5);

/// The certificate of new connections. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Certificate(Arc<Current>);

#[derive(Debug)]
struct Current {
    files: CertificateFiles,
    /// Wakes the task that reads the files.
    reload: Notify,
    key: watch::Sender<Arc<CertifiedKey>>,
}

/// Why a certificate cannot be used. `Display` does not repeat the source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}", path = .path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// A file does not have the expected content.
    #[error("{path} holds no {what} in PEM", path = .path.display())]
    Pem {
        path: PathBuf,
        /// A certificate or a private key.
        what: &'static str,
        #[source]
        cause: pem::Error,
    },
    /// Certificate and key do not match, or rustls does not support them.
    #[error("certificate and private key cannot be used")]
    Unfit(#[source] rustls::Error),
}

impl Certificate {
    /// Loads the certificate from the files.
    ///
    /// # Errors
    ///
    /// It cannot be read, or certificate and key do not match.
    pub(crate) fn load(files: CertificateFiles) -> Result<Self, CertificateError> {
        let key = read(&files)?;
        Ok(Self(Arc::new(Current {
            files,
            reload: Notify::new(),
            key: watch::Sender::new(Arc::new(key)),
        })))
    }

    /// Returns the TLS configuration of the listener.
    ///
    /// # Errors
    ///
    /// None with this provider.
    pub(crate) fn server_config(&self) -> Result<ServerConfig, CertificateError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Unfit)?
            .with_no_client_auth()
            .with_cert_resolver(self.0.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Has the files read now.
    pub(crate) fn reload(&self) {
        self.0.reload.notify_one();
    }

    /// Replaces the certificate when the files change; never ends. Logs unusable
    /// files, and keeps the last good certificate: two files cannot be replaced at
    /// once.
    pub(crate) async fn follow_files(self) {
        let mut last_failure = None;
        loop {
            // The result does not matter: both mean to read the files.
            drop(timeout(INTERVAL, self.0.reload.notified()).await);
            let failure = read(&self.0.files).map(|key| self.0.replace(key)).err();
            let failure = failure.map(|error| {
                let cause = error.source().map(ToString::to_string);
                (error.to_string(), cause)
            });
            // Once, and not at each interval.
            if failure != last_failure
                && let Some((error, cause)) = &failure
            {
                warn!(%error, cause, "the new certificate is unusable; serving the last one");
            }
            last_failure = failure;
        }
    }
}

impl Current {
    fn replace(&self, key: CertifiedKey) {
        if key.cert != self.key.borrow().cert {
            self.key.send_replace(Arc::new(key));
            info!("serving a new certificate");
        }
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.borrow().clone())
    }
}

fn read(files: &CertificateFiles) -> Result<CertifiedKey, CertificateError> {
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|cause| unreadable(&files.key, "private key", cause))?;
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .and_then(|chain| match chain.is_empty() {
            true => Err(pem::Error::NoItemsFound),
            false => Ok(chain),
        })
        .map_err(|cause| unreadable(&files.certificate, "certificate", cause))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(CertificateError::Unfit)
}

fn unreadable(path: &Path, what: &'static str, cause: pem::Error) -> CertificateError {
    let path = path.to_owned();
    match cause {
        pem::Error::Io(cause) => CertificateError::Read { path, cause },
        cause => CertificateError::Pem { path, what, cause },
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
