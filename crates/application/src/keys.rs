//! The use cases of API keys. They are for operators: no policy is asked, and no request can
//! create or revoke keys.

mod repository;
mod secret;
mod usage;

use byline_domain::{ApiKey, KeyId, NewApiKey, Relation, Timestamp};

use crate::{AppError, RepositoryError, Session};

#[cfg(any(test, feature = "testing"))]
pub use repository::MockKeyRepository;
pub use repository::{Found, KeyRepository, ListedKey};
pub use secret::Secret;
pub use usage::KeyUsage;

/// From a key to the user who acts with it.
pub const USER: Relation = Relation {
    child: "key",
    children: "keys",
    field: "user_id",
    parent: "user",
};

/// The most keys that are listed.
pub const MAX_LISTED: u16 = 10_000;

/// The most keys whose last use is stored in one session, for which others wait.
pub const USES_AT_ONCE: usize = 100;

/// Stores a key. Only the digest of its secret is kept: the secret cannot be read later.
///
/// # Errors
///
/// [`AppError::NotFound`] if there is no such user, and those of the store.
pub fn create(
    session: &mut dyn Session,
    grant: &NewApiKey,
    secret: &Secret,
    now: Timestamp,
) -> Result<ApiKey, AppError> {
    let created = session
        .keys()
        .insert(grant, &secret.digest(), secret.hint(), now);
    created.map_err(|error| match (error, grant.user) {
        (RepositoryError::MissingReference(USER), Some(user)) => AppError::NotFound(user.into()),
        (other, _) => other.into(),
    })
}

/// Returns the keys, the oldest first; at most [`MAX_LISTED`].
///
/// # Errors
///
/// Those of the store.
pub fn list(session: &mut dyn Session) -> Result<Vec<ListedKey>, AppError> {
    Ok(session.keys().list(MAX_LISTED)?)
}

/// Revokes a key. Returns whether it was not revoked before, or `None` if there is no such
/// key.
///
/// # Errors
///
/// Those of the store.
pub fn revoke(
    session: &mut dyn Session,
    id: KeyId,
    now: Timestamp,
) -> Result<Option<bool>, AppError> {
    Ok(session.keys().revoke(id, now)?)
}

/// Stores when keys were last used.
///
/// # Errors
///
/// Those of the store.
pub fn store_uses(session: &mut dyn Session, uses: &[(KeyId, Timestamp)]) -> Result<(), AppError> {
    for (id, at) in uses {
        session.keys().note_use(*id, *at)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
