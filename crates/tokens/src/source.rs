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
use crate::verifier::Refresh;
use crate::{Algorithm, Rules, Verifier, quoted};

/// The source of an issuer's keys.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file with a JSON Web Key Set (RFC 7517 section 5).
    File(PathBuf),
    /// The address of such a set.
    Address(Url),
    /// A shared secret, for development.
    Secret(SecretString),
}

/// Why a text names no source of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The address uses http, so that keys could be replaced on the way.
    #[error("keys are fetched by https only, except from this machine")]
    NotSecure,
    /// It is not an address.
    #[error("is no address; name a file by its path")]
    NotAnAddress,
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysUnusable {
    /// The file cannot be read.
    #[error("cannot read the keys")]
    Unreadable(#[source] io::Error),
    /// The document is not a usable key set.
    #[error(transparent)]
    NotKeys(#[from] NotKeys),
    /// The issuer cannot be reached.
    #[error("cannot fetch the keys")]
    NotFetched(#[source] Box<ureq::Error>),
    /// The issuer answered with a redirect.
    #[error(
        "the address of the keys answers {status}, a redirect to {target}, and redirects are not \
         followed: set the address of the target"
    )]
    Redirected {
        /// The status.
        status: u16,
        /// The `Location`, quoted.
        target: String,
    },
    /// The issuer answered with a status other than 200.
    #[error("the address of the keys answers with status {0}")]
    Status(u16),
    /// The secret can be guessed.
    #[error(transparent)]
    Weak(#[from] WeakSecret),
    /// The system refuses a thread.
    #[error("cannot start the thread that fetches keys")]
    Thread(#[source] io::Error),
}

/// How often keys are fetched.
#[derive(Clone, Copy, Debug)]
pub struct RefreshPolicy {
    /// The regular interval.
    pub every: Duration,
    /// The minimum interval, when tokens need unknown keys.
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

/// How long a request to the issuer may take, from the DNS lookup to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);

impl KeySource {
    /// Parses the path of a file or an address.
    ///
    /// # Errors
    ///
    /// The address is wrong.
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

    /// Returns a verifier with these keys. An unreachable issuer is no error: the
    /// verifier refuses tokens until it has keys.
    ///
    /// # Errors
    ///
    /// The file or the secret cannot be used.
    pub fn verifier(&self, rules: Rules, policy: RefreshPolicy) -> Result<Verifier, KeysUnusable> {
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
        let (sender, requests) = sync_channel(1);
        verifier.refresh = Some(sender);
        let (source, keys) = (self.clone(), Arc::clone(&verifier.keys));
        thread::Builder::new()
            .name("byline-jwks".to_owned())
            .spawn(move || refresh(&source, &allowed, &keys, &requests, policy))
            .map_err(KeysUnusable::Thread)?;
        Ok(verifier)
    }

    fn fetch(&self, allowed: &[Algorithm]) -> Result<Keys, KeysUnusable> {
        let bytes = match self {
            Self::File(path) => read(path)?,
            Self::Address(url) => download(url)?,
            Self::Secret(secret) => return Ok(Keys::secret(secret)?),
        };
        Ok(published::read(&bytes, allowed)?)
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, KeysUnusable> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(published::MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(KeysUnusable::Unreadable)?;
    Ok(bytes)
}

/// Downloads a key set. Follows no redirect: operators set the address.
fn download(url: &Url) -> Result<Vec<u8>, KeysUnusable> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent("byline")
        .build()
        .into();
    let failed = |error| KeysUnusable::NotFetched(Box::new(error));
    let mut response = agent
        .get(url.as_str())
        .header("accept", "application/jwk-set+json, application/json")
        .call()
        .map_err(failed)?;
    match response.status().as_u16() {
        200 => {}
        status @ 300..=399 => {
            let target = response.headers().get("location");
            let target = target.map(|target| String::from_utf8_lossy(target.as_bytes()));
            let target = target.map_or_else(|| "nowhere".to_owned(), |url| quoted(&url));
            return Err(KeysUnusable::Redirected { status, target });
        }
        status => return Err(KeysUnusable::Status(status)),
    }
    let body = response.body_mut().with_config();
    match body.limit(published::MAX_BYTES).read_to_vec() {
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(NotKeys::TooLarge.into()),
        other => other.map_err(failed),
    }
}

/// Fetches keys until the verifier is dropped.
fn refresh(
    source: &KeySource,
    allowed: &[Algorithm],
    keys: &RwLock<Keys>,
    requests: &Receiver<Refresh>,
    policy: RefreshPolicy,
) {
    let mut last = Instant::now();
    loop {
        let pause = match keys.read().is_ok_and(|keys| keys.is_empty()) {
            true => policy.at_least,
            false => policy.every,
        };
        match requests.recv_timeout(pause) {
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(Refresh::UnknownKey) if last.elapsed() < policy.at_least => continue,
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
        }
        last = Instant::now();
        match source.fetch(allowed) {
            Ok(fetched) => {
                tracing::debug!(keys = fetched.len(), "fetched the keys of the issuer");
                if let Ok(mut keys) = keys.write() {
                    *keys = fetched;
                }
            }
            // The previous keys stay in use.
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
