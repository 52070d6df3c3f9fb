//! Where the keys of an issuer come from.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use url::{Host, Url};

use crate::keys::{Keys, WeakSecret};
use crate::published::{self, NotKeys};
use crate::quoted::quoted;
use crate::verifier::Wanted;
use crate::{Algorithm, Rules, Verifier};

/// Where the keys of an issuer come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file with a JSON Web Key Set (RFC 7517 section 5).
    File(PathBuf),
    /// The address of one.
    Address(Url),
    /// A secret that the issuer shares, for development.
    Secret(SecretString),
}

/// Why there is no such source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Whoever sits in between could exchange the keys.
    #[error("keys are fetched by https only, except from this machine")]
    NotSecure,
    /// Not an address at all.
    #[error("is no address; a file is named by its path")]
    NotAnAddress,
}

/// Why the service cannot begin with a source.
#[derive(Debug, thiserror::Error)]
pub enum KeysUnusable {
    /// The file cannot be read.
    #[error("cannot read the keys")]
    Unreadable(#[source] io::Error),
    /// What was read is not a key set that is of use.
    #[error(transparent)]
    NotKeys(#[from] NotKeys),
    /// A provider cannot be reached.
    #[error("cannot fetch the keys")]
    NotFetched(#[source] Box<ureq::Error>),
    /// A provider says that the keys are elsewhere.
    #[error(
        "the address of the keys answers {status}, a redirect to {target}, and redirects are not \
         followed: set the address that it leads to"
    )]
    Redirected {
        /// The status.
        status: u16,
        /// The `Location`, as it may be shown.
        target: String,
    },
    /// A provider answered something else than 200.
    #[error("the address of the keys answers with status {0}")]
    Status(u16),
    /// The secret is weak.
    #[error(transparent)]
    Weak(#[from] WeakSecret),
    /// The system gives no thread.
    #[error("cannot start the thread that fetches keys")]
    Thread(#[source] io::Error),
}

/// How often keys are fetched.
#[derive(Clone, Copy, Debug)]
pub struct RefreshPolicy {
    /// Again after this time, whatever happens.
    pub every: Duration,
    /// Never sooner than this after the last time.
    pub at_least: Duration,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(600),
            at_least: Duration::from_secs(60),
        }
    }
}

/// How long a provider may take, from the look-up of its name to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

impl KeySource {
    /// The file or the address that is named so.
    ///
    /// # Errors
    ///
    /// What is wrong with an address.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if !text.contains("://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let url = Url::parse(text).map_err(|_| SourceError::NotAnAddress)?;
        let is_local = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" => Ok(Self::Address(url)),
            "http" if is_local => Ok(Self::Address(url)),
            "http" => Err(SourceError::NotSecure),
            _ => Err(SourceError::NotAnAddress),
        }
    }

    /// A verifier by these keys. A provider that is away is no error: tokens are
    /// refused until it comes.
    ///
    /// # Errors
    ///
    /// What is wrong with a file or a secret.
    pub fn verifier(&self, rules: Rules, rhythm: RefreshPolicy) -> Result<Verifier, KeysUnusable> {
        if let Self::Secret(secret) = self {
            let rules = Rules {
                algorithms: vec![Algorithm::HS256],
                ..rules
            };
            return Ok(Verifier::new(rules, Keys::secret(secret)?));
        }
        let allowed = rules.algorithms.clone();
        let keys = match (self.fetch(&allowed), self) {
            (Ok(keys), _) => keys,
            (Err(error), Self::Address(_)) => {
                warn(&error);
                Keys::default()
            }
            (Err(error), _) => return Err(error),
        };
        let mut verifier = Verifier::new(rules, keys);
        let (asking, wanted) = sync_channel(1);
        verifier.wanted = Some(asking);
        let (source, held) = (self.clone(), Arc::clone(&verifier.keys));
        thread::Builder::new()
            .name("byline-jwks".to_owned())
            .spawn(move || refresh(&source, &allowed, &held, &wanted, rhythm))
            .map_err(KeysUnusable::Thread)?;
        Ok(verifier)
    }

    fn fetch(&self, allowed: &[Algorithm]) -> Result<Keys, KeysUnusable> {
        let bytes = match self {
            Self::File(path) => read(path)?,
            Self::Address(url) => download(url)?,
            Self::Secret(secret) => return Ok(Keys::secret(secret)?),
        };
        Ok(published::keys(&bytes, allowed)?)
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, KeysUnusable> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(published::MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(KeysUnusable::Unreadable)?;
    Ok(bytes)
}

/// Follows no redirect: the address of the settings is the only one.
fn download(url: &Url) -> Result<Vec<u8>, KeysUnusable> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent("byline")
        .build()
        .into();
    let failed = |error| KeysUnusable::NotFetched(Box::new(error));
    let mut answer = agent
        .get(url.as_str())
        .header("accept", "application/jwk-set+json, application/json")
        .call()
        .map_err(failed)?;
    match answer.status().as_u16() {
        200 => {}
        status @ 300..=399 => {
            let target = answer.headers().get("location");
            let target = target.map(|target| String::from_utf8_lossy(target.as_bytes()));
            let target = target.map_or_else(|| "nowhere".to_owned(), |url| quoted(&url));
            return Err(KeysUnusable::Redirected { status, target });
        }
        status => return Err(KeysUnusable::Status(status)),
    }
    let body = answer.body_mut().with_config();
    match body.limit(published::MAX_BYTES).read_to_vec() {
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(NotKeys::TooLarge.into()),
        other => other.map_err(failed),
    }
}

/// Fetches keys until the verifier is gone.
fn refresh(
    source: &KeySource,
    allowed: &[Algorithm],
    held: &RwLock<Keys>,
    wanted: &Receiver<Wanted>,
    rhythm: RefreshPolicy,
) {
    let mut last = Instant::now();
    loop {
        let nothing_yet = held.read().is_ok_and(|keys| keys.is_empty());
        let pause = if nothing_yet {
            rhythm.at_least
        } else {
            rhythm.every
        };
        match wanted.recv_timeout(pause) {
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(Wanted::Missing) if last.elapsed() < rhythm.at_least => continue,
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
        last = Instant::now();
        match source.fetch(allowed) {
            Ok(fetched) => {
                tracing::debug!(keys = fetched.len(), "fetched the keys of the issuer");
                if let Ok(mut keys) = held.write() {
                    *keys = fetched;
                }
            }
            // Those of the last time are kept.
            Err(error) => warn(&error),
        }
    }
}

fn warn(error: &KeysUnusable) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, "the keys of the issuer were not fetched; trying again later");
}

#[cfg(test)]
mod tests;
