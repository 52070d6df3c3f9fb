//! Requests that may be sent more than once and take effect once.
//!
//! The client chooses a key for each request. The first request that succeeds stores its
//! answer in the same transaction as its effect; the same request with the same key is given
//! that answer again. A request that fails stores nothing and can be retried, and no crash
//! leaves a key "in progress".

mod digest;
mod repository;

use byline_domain::Timestamp;

use crate::{AppError, Conflict, Credential, RepositoryError, Session, UniqueKey};

pub use digest::Digest;
#[cfg(any(test, feature = "testing"))]
pub use repository::MockIdempotencyRepository;
pub use repository::{IdempotencyRepository, Recorded};

/// The time for which an answer is kept at least, in microseconds: 24 hours.
pub const RETENTION_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// The most answers that one [`sweep`] removes, so that its transaction stays short.
pub const SWEPT_AT_ONCE: u16 = 500;

/// A request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    key: Digest,
    fingerprint: Digest,
}

impl IdempotentRequest {
    /// Returns the request with this key, which belongs to the holder of the credential. Equal
    /// requests have the same fingerprint, others have not.
    #[must_use]
    pub fn new(credential: &Credential, key: &str, fingerprint: Digest) -> Self {
        let [kind, holder] = credential.holder();
        Self {
            key: Digest::of(&[kind, holder, key.as_bytes()]),
            fingerprint,
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request was carried out just now.
    First(Vec<u8>),
    /// It was carried out before; this is the answer of that time.
    Replayed(Vec<u8>),
}

/// Carries out a request unless it was carried out before. `work` returns the answer in a form
/// that can be replayed.
///
/// The key is stored first, so that of several sessions with the same key one runs `work`, and
/// the others wait for its end.
///
/// # Errors
///
/// [`Conflict::KeyReused`], [`Conflict::KeyInUse`], those of `work`, and those of the store.
pub fn once(
    session: &mut dyn Session,
    request: &IdempotentRequest,
    now: Timestamp,
    work: impl FnOnce(&mut dyn Session) -> Result<Vec<u8>, AppError>,
) -> Result<Answer, AppError> {
    let inserted = session
        .idempotency()
        .insert(&request.key, &request.fingerprint, now);
    match inserted {
        Ok(()) => {}
        Err(RepositoryError::Duplicate(UniqueKey::IdempotencyKey)) => {
            return replay(session, request);
        }
        Err(RepositoryError::LockTimeout(_)) => return Err(Conflict::KeyInUse.into()),
        Err(other) => return Err(other.into()),
    }
    let answer = work(session)?;
    session.idempotency().record(&request.key, &answer)?;
    Ok(Answer::First(answer))
}

fn replay(session: &mut dyn Session, request: &IdempotentRequest) -> Result<Answer, AppError> {
    let Some(recorded) = session.idempotency().find(&request.key)? else {
        // Removed by a sweep meanwhile.
        return Err(AppError::Contention(None));
    };
    if recorded.fingerprint != request.fingerprint {
        return Err(Conflict::KeyReused.into());
    }
    match recorded.answer {
        Some(answer) => Ok(Answer::Replayed(answer)),
        None => Err(Conflict::KeyInUse.into()),
    }
}

/// Removes some of the answers that are older than [`RETENTION_MICROS`], and returns how many:
/// fewer than [`SWEPT_AT_ONCE`] if there are no more.
///
/// # Errors
///
/// Those of the store.
pub fn sweep(session: &mut dyn Session, now: Timestamp) -> Result<u16, AppError> {
    let Ok(before) = Timestamp::from_micros(now.as_micros() - RETENTION_MICROS) else {
        return Ok(0);
    };
    Ok(session.idempotency().sweep(before, SWEPT_AT_ONCE)?)
}

#[cfg(test)]
mod tests;
