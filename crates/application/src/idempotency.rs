//! Requests that may come more than once and shall have one effect.
//!
//! A request names itself by a key of its sender's choice. The first one that
//! succeeds leaves its answer beside its effect, in the same transaction;
//! whoever sends the same request with the same key again is given that answer.
//! What fails leaves nothing behind, so that it can be tried again, and no
//! crash can leave a key that is "in progress".

mod digest;
mod repository;

use byline_domain::Timestamp;

use crate::{AppError, Conflict, Credential, RepositoryError, Session, UniqueKey};

pub use digest::Digest;
#[cfg(any(test, feature = "testing"))]
pub use repository::MockIdempotencyRepository;
pub use repository::{IdempotencyRepository, Recorded};

/// For how long an answer is kept, at least, in microseconds: 24 hours.
pub const RETENTION_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// The most answers that one [`sweep`] removes: a transaction that is over
/// before anybody has waited for it.
pub const SWEPT_AT_ONCE: u16 = 500;

/// What a request claims: a key, for itself alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    key: Digest,
    fingerprint: Digest,
}

impl IdempotentRequest {
    /// The claim to `key` among the keys of whoever holds the credential. The
    /// fingerprint tells this request from others: equal for requests that mean
    /// the same.
    #[must_use]
    pub fn new(credential: &Credential, key: &str, fingerprint: Digest) -> Self {
        let [kind, holder] = credential.holder();
        Self {
            key: Digest::of(&[kind, holder, key.as_bytes()]),
            fingerprint,
        }
    }
}

/// An answer, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request was carried out just now.
    First(Vec<u8>),
    /// It was carried out before; this is what was answered then.
    Replayed(Vec<u8>),
}

/// Carries out a request unless that was done before. `work` gives the answer,
/// in whatever form its sender can be told it again.
///
/// Before anything else the key is claimed, so that of several such sessions
/// one goes ahead and the others wait for its end.
///
/// # Errors
///
/// [`Conflict::KeyReused`], [`Conflict::KeyInUse`], those of `work`, and
/// whatever the store fails with.
pub fn once(
    session: &mut dyn Session,
    claim: &IdempotentRequest,
    now: Timestamp,
    work: impl FnOnce(&mut dyn Session) -> Result<Vec<u8>, AppError>,
) -> Result<Answer, AppError> {
    let claimed = session
        .idempotency()
        .insert(&claim.key, &claim.fingerprint, now);
    match claimed {
        Ok(()) => {}
        Err(RepositoryError::Duplicate(UniqueKey::IdempotencyKey)) => {
            return replay(session, claim);
        }
        Err(RepositoryError::LockTimeout(_)) => return Err(Conflict::KeyInUse.into()),
        Err(other) => return Err(other.into()),
    }
    let answer = work(session)?;
    session.idempotency().record(&claim.key, &answer)?;
    Ok(Answer::First(answer))
}

fn replay(session: &mut dyn Session, claim: &IdempotentRequest) -> Result<Answer, AppError> {
    let Some(recorded) = session.idempotency().find(&claim.key)? else {
        // Swept in between.
        return Err(AppError::Contention(None));
    };
    if recorded.fingerprint != claim.fingerprint {
        return Err(Conflict::KeyReused.into());
    }
    match recorded.answer {
        Some(answer) => Ok(Answer::Replayed(answer)),
        None => Err(Conflict::KeyInUse.into()),
    }
}

/// Removes some of the answers that were kept long enough, and tells how many:
/// fewer than [`SWEPT_AT_ONCE`] when there are no more.
///
/// # Errors
///
/// Whatever the store fails with.
pub fn sweep(session: &mut dyn Session, now: Timestamp) -> Result<u16, AppError> {
    let Ok(before) = Timestamp::from_micros(now.as_micros() - RETENTION_MICROS) else {
        return Ok(0);
    };
    Ok(session.idempotency().sweep(before, SWEPT_AT_ONCE)?)
}

#[cfg(test)]
mod tests;
