use std::collections::{BTreeMap, BTreeSet};

use byline_domain::{Id, Relation, Stored, Timestamp, Version};

use crate::{Cause, ImportedRow, ListQuery, Listed, Page};

/// The rows of one entity, as a [`Session`](crate::Session) sees them.
///
/// Every method may fail with [`RepositoryError::Contention`],
/// [`LockTimeout`](RepositoryError::LockTimeout),
/// [`Unavailable`](RepositoryError::Unavailable),
/// [`OutcomeUnknown`](RepositoryError::OutcomeUnknown),
/// [`Corrupt`](RepositoryError::Corrupt) or [`Fault`](RepositoryError::Fault);
/// further errors are named at the method. After an error the session may go
/// on only if that error is [`Duplicate`](RepositoryError::Duplicate),
/// [`MissingReference`](RepositoryError::MissingReference) or
/// [`StillReferenced`](RepositoryError::StillReferenced): these undo their own
/// statement and nothing else.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Repository<E: Listed>: Send {
    /// Returns the row with this id, if there is one.
    fn find(&mut self, id: Id<E>) -> Result<Option<Stored<E>>, RepositoryError>;

    /// Returns the row as [`find`](Self::find) does, and locks it until the session ends: other
    /// sessions that change it, delete it or store rows that refer to it wait.
    fn find_for_update(&mut self, id: Id<E>) -> Result<Option<Stored<E>>, RepositoryError>;

    /// Returns the existing rows among those with these ids. One statement.
    fn find_all(
        &mut self,
        ids: &BTreeSet<Id<E>>,
    ) -> Result<BTreeMap<Id<E>, Stored<E>>, RepositoryError>;

    /// Returns the page that `query` asks for. The time depends neither on the number of rows
    /// nor on how many have the same sort key.
    fn list(&mut self, query: &ListQuery<E>) -> Result<Page<Stored<E>>, RepositoryError>;

    /// Returns the number of rows on all pages of `query`. The time grows with that number.
    fn count(&mut self, query: &ListQuery<E>) -> Result<u64, RepositoryError>;

    /// Stores a new row under an id that no row had before, created and updated at `now`, in
    /// its first version.
    ///
    /// Fails with [`RepositoryError::Duplicate`] if another row has a value that must be unique
    /// ([`UniqueKey::UserEmail`]: an address that differs at most in ASCII case), with
    /// [`RepositoryError::MissingReference`] if a parent does not exist, and with
    /// [`RepositoryError::NoIdLeft`] if every id was given.
    fn insert(&mut self, new: &E, now: Timestamp) -> Result<Stored<E>, RepositoryError>;

    /// Stores all of these rows or none, as [`insert`](Self::insert) would store one after the
    /// other, under ascending ids. Returns them in the same order. One statement, however many
    /// rows there are.
    fn insert_all(&mut self, new: &[E], now: Timestamp) -> Result<Vec<Stored<E>>, RepositoryError>;

    /// Writes every field of `changed` over the row with its id, if that row is in version
    /// `from`. Returns whether it was; nothing is written if not. Check and change are one
    /// statement.
    ///
    /// Fails with [`RepositoryError::Duplicate`] and [`RepositoryError::MissingReference`] as
    /// [`insert`](Self::insert) does.
    fn update(&mut self, changed: &Stored<E>, from: Version) -> Result<bool, RepositoryError>;

    /// Removes the row with this id, if it is in version `from`. Returns whether it was. Check
    /// and change are one statement.
    ///
    /// Fails with [`RepositoryError::StillReferenced`] while there are rows that refer to it and
    /// are not deleted with it.
    fn delete(&mut self, id: Id<E>, from: Version) -> Result<bool, RepositoryError>;

    /// Removes every row that `filter` selects.
    ///
    /// Fails with [`RepositoryError::StillReferenced`] as [`delete`](Self::delete) does.
    fn delete_all(&mut self, filter: &E::Filter) -> Result<(), RepositoryError>;

    /// Returns the first `most` rows with ids greater than `after`, in the order of their ids.
    /// The time does not depend on the number of rows.
    fn rows_after(&mut self, after: i64, most: u32) -> Result<Vec<Stored<E>>, RepositoryError>;

    /// Returns the rows that have one of these ids or one of these
    /// [unique values](crate::Resource::unique_value), each once.
    fn find_conflicting(
        &mut self,
        ids: &BTreeSet<Id<E>>,
        unique_values: &BTreeSet<String>,
    ) -> Result<Vec<Stored<E>>, RepositoryError>;

    /// Returns those of these ids that a row has.
    fn existing(&mut self, ids: &BTreeSet<i64>) -> Result<BTreeSet<i64>, RepositoryError>;

    /// Stores these rows exactly as they are. The caller ensures that no id is taken. Several
    /// statements: after an error, some rows may be stored.
    ///
    /// Fails with [`RepositoryError::Duplicate`] and [`RepositoryError::MissingReference`] as
    /// [`insert`](Self::insert) does.
    fn insert_rows(&mut self, rows: &[Stored<E>]) -> Result<(), RepositoryError>;

    /// Stores these rows under ascending ids that no row had before, and returns the ids in the
    /// order of the rows. Errors as in [`insert_rows`](Self::insert_rows).
    fn insert_with_new_ids(
        &mut self,
        rows: &[ImportedRow<E>],
    ) -> Result<Vec<Id<E>>, RepositoryError>;

    /// Returns the greatest id that was ever given; 0 if none was.
    fn last_id(&mut self) -> Result<i64, RepositoryError>;

    /// Ensures that no id up to `last` is given from now on, whether or not rows have it.
    fn advance_id_sequence(&mut self, last: i64) -> Result<(), RepositoryError>;
}

/// An error of a repository. `Display` never repeats the source.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RepositoryError {
    /// Another row has this unique key.
    #[error("the unique key {0:?} is taken")]
    Duplicate(UniqueKey),
    /// The row that this one refers to does not exist.
    #[error("the row that {0:?} refers to is missing")]
    MissingReference(Relation),
    /// Other rows refer to this one.
    #[error("other rows refer to this one by {0:?}")]
    StillReferenced(Relation),
    /// Every possible id was given; nothing was inserted.
    #[error("there is no id left for another row")]
    NoIdLeft,
    /// The transaction lost a conflict with another one and is undone. It may succeed if it is
    /// run again.
    #[error("lost a conflict with another transaction")]
    Contention(#[source] Cause),
    /// The transaction waited longer than the store allows for a lock of another one.
    #[error("waited too long for another transaction")]
    LockTimeout(#[source] Cause),
    /// The store cannot be reached or refuses the work; nothing was changed.
    #[error("the store cannot do this at present")]
    Unavailable(#[source] Cause),
    /// The store failed at a commit without saying whether it took place.
    #[error("the store did not say whether the change was committed")]
    OutcomeUnknown(#[source] Cause),
    /// A stored row breaks the rules of the domain.
    #[error("the stored {entity} {id} breaks a rule")]
    Corrupt {
        /// The name of its entity.
        entity: &'static str,
        /// Its primary key.
        id: i64,
        /// The rule that it breaks.
        #[source]
        cause: Cause,
    },
    /// Anything else: a bug.
    #[error("the store failed")]
    Fault(#[source] Cause),
}

/// The unique keys that can reject a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniqueKey {
    /// The e-mail address of a user, without regard to ASCII case.
    UserEmail,
    /// The idempotency key of a request.
    IdempotencyKey,
    /// An identity, or the user to which it is linked.
    Identity,
}
