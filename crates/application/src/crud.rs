//! The use cases that every entity has. [`Resource`] has what differs between entities.

use std::collections::BTreeMap;

use byline_domain::policy::{self, Action, Principal};
use byline_domain::{Entity, Id, Relation, Stored, Timestamp};

use crate::{
    AppError, Conflict, EntityRef, ListQuery, Listed, Page, Precondition, Repository,
    RepositoryError, Session, UniqueKey,
};

/// An entity with use cases: its repository, the rights that they take, and its children.
pub trait Resource: Listed {
    /// The action of reading and listing rows.
    const READ: Action;

    /// The children that can be deleted together with a row.
    const CHILDREN: &'static [Children<Self>] = &[];

    /// The field that no two rows share, if there is one: see
    /// [`unique_value`](Self::unique_value).
    const UNIQUE_FIELD: Option<&'static str> = None;

    /// Returns the repository of the rows.
    fn repository(session: &mut dyn Session) -> &mut dyn Repository<Self>;

    /// Returns the action of creating a row with these fields.
    fn create_action(&self) -> Action;

    /// Returns the action of changing or deleting the row with this id, as far as it is known
    /// before the row is read.
    fn write_action(id: Id<Self>) -> Action;

    /// Returns the action of changing or deleting this row.
    fn write_row_action(row: &Stored<Self>) -> Action;

    /// Returns the value of the [unique field](Self::UNIQUE_FIELD), in a form that is equal for
    /// two values that are the same.
    fn unique_value(&self) -> Option<String> {
        None
    }

    /// Returns whether [`after_create`](Self::after_create) has something to do for this caller.
    fn has_after_create(_: &Principal) -> bool {
        false
    }

    /// Completes the creation of a row that was stored.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn after_create(
        _: &mut dyn Session,
        _: &Principal,
        _: &Stored<Self>,
        _: Timestamp,
    ) -> Result<(), AppError> {
        Ok(())
    }
}

/// Children that can be deleted together with their parent of kind `P`.
pub struct Children<P: Entity> {
    /// The relation in which they are the children.
    pub relation: Relation,
    /// Their name, which is a parameter of the deletion of the parent.
    pub name: &'static str,
    /// Returns the action of deleting the children of this parent.
    pub action: fn(Id<P>) -> Action,
    /// Deletes the children of this parent.
    pub delete: fn(&mut dyn Session, Id<P>) -> Result<(), RepositoryError>,
}

/// Returns one page of rows.
///
/// # Errors
///
/// [`AppError::Forbidden`], and those of the store.
pub fn list<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    query: &ListQuery<E>,
) -> Result<Page<Stored<E>>, AppError> {
    policy::check(principal, E::READ)?;
    Ok(E::repository(session).list(query)?)
}

/// Returns one page of the rows of `parent`, which must exist. The filter of `query` is that
/// parent.
///
/// # Errors
///
/// [`AppError::NotFound`] for the parent, and those of [`list`].
pub fn list_of<P: Resource, E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    parent: Id<P>,
    query: &ListQuery<E>,
) -> Result<Page<Stored<E>>, AppError> {
    let page = list(session, principal, query)?;
    // A row proves that its parent exists; an empty page does not.
    if page.items.is_empty() {
        find(session, parent)?;
    }
    Ok(page)
}

/// Returns the number of rows on all pages of `query`.
///
/// # Errors
///
/// As [`list`].
pub fn count<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    query: &ListQuery<E>,
) -> Result<u64, AppError> {
    policy::check(principal, E::READ)?;
    Ok(E::repository(session).count(query)?)
}

/// Returns the parents in `relation` of `rows`, by their ids. The rows must have been read in
/// the same session. One statement, however many rows there are.
///
/// # Errors
///
/// [`AppError::Forbidden`] without the right to read the parents, and those of the store.
pub fn parents<P: Resource, E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    relation: Relation,
    rows: &[Stored<E>],
) -> Result<BTreeMap<Id<P>, Stored<P>>, AppError> {
    policy::check(principal, P::READ)?;
    let ids = rows
        .iter()
        .filter_map(|row| Id::try_from(row.fields.parent(relation)?).ok())
        .collect();
    let parents = P::repository(session).find_all(&ids)?;
    match ids.iter().find(|id| !parents.contains_key(id)) {
        None => Ok(parents),
        // A bug: in one snapshot, every row has its parents.
        Some(id) => {
            let (child, parent) = (E::PLURAL, P::NAME);
            Err(AppError::internal(format!("{child} of no {parent} {id}")))
        }
    }
}

/// Returns the row with this id.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`], and those of the store.
pub fn read<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    id: Id<E>,
) -> Result<Stored<E>, AppError> {
    policy::check(principal, E::READ)?;
    find(session, id)
}

/// Creates a row.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`Conflict::EmailTaken`], [`Conflict::ParentMissing`], and those of
/// the store.
pub fn create<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    new: &E,
    now: Timestamp,
) -> Result<Stored<E>, AppError> {
    policy::check(principal, new.create_action())?;
    let row = E::repository(session)
        .insert(new, now)
        .map_err(|error| conflict(error, new))?;
    E::after_create(session, principal, &row, now)?;
    Ok(row)
}

/// Creates a row among the children of its parent in `relation`, which the request addresses.
///
/// # Errors
///
/// As [`create`], but [`AppError::NotFound`] if that parent is missing.
pub fn create_of<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    relation: Relation,
    new: &E,
    now: Timestamp,
) -> Result<Stored<E>, AppError> {
    create(session, principal, new, now).map_err(|error| match error {
        AppError::Conflict(Conflict::ParentMissing(missing, id)) if missing == relation => {
            let entity = relation.parent;
            AppError::NotFound(EntityRef { entity, id })
        }
        other => other,
    })
}

/// Replaces every field of a row.
///
/// # Errors
///
/// As [`patch`].
pub fn replace<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    id: Id<E>,
    new: &E,
    precondition: &Precondition,
    now: Timestamp,
) -> Result<Stored<E>, AppError> {
    let change = E::Change::from(new.clone());
    patch(session, principal, id, &change, precondition, now)
}

/// Changes some fields of a row. The caller must have the right to write the row both before
/// and after the change: giving a post to another author takes the right to write posts of
/// both.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`], [`AppError::PreconditionFailed`],
/// [`Conflict::EmailTaken`], [`Conflict::ParentMissing`], [`Conflict::LastVersion`], and those
/// of the store.
pub fn patch<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    id: Id<E>,
    change: &E::Change,
    precondition: &Precondition,
    now: Timestamp,
) -> Result<Stored<E>, AppError> {
    policy::check(principal, E::write_action(id))?;
    let row = E::repository(session).find(id)?;
    let row = writable(principal, id, row)?;
    precondition.check(id.into(), row.version)?;
    let from = row.version;
    let changed = row
        .changed(change.clone(), now)
        .map_err(|_| Conflict::LastVersion(id.into()))?;
    policy::check(principal, E::write_row_action(&changed))?;
    let updated = E::repository(session)
        .update(&changed, from)
        .map_err(|error| conflict(error, &changed.fields))?;
    if updated {
        Ok(changed)
    } else {
        Err(AppError::Contention(None))
    }
}

/// Deletes a row together with its [children](Resource::CHILDREN) in the relations `with`. A row
/// with other children is not deleted.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`], [`AppError::PreconditionFailed`],
/// [`Conflict::StillReferenced`], and those of the store.
pub fn delete<E: Resource>(
    session: &mut dyn Session,
    principal: &Principal,
    id: Id<E>,
    with: &[Relation],
    precondition: &Precondition,
) -> Result<(), AppError> {
    policy::check(principal, E::write_action(id))?;
    let chosen = || {
        let children = E::CHILDREN.iter();
        children.filter(|children| with.contains(&children.relation))
    };
    for children in chosen() {
        policy::check(principal, (children.action)(id))?;
    }
    let rows = E::repository(session);
    let row = if E::CHILDREN.is_empty() {
        rows.find(id)?
    } else {
        // Without the lock, children that are stored meanwhile could prevent the deletion
        // again and again.
        rows.find_for_update(id)?
    };
    let row = writable(principal, id, row)?;
    precondition.check(id.into(), row.version)?;
    let still_referenced = |error| match error {
        // Stored on another node of a cluster, whose locks are not visible here.
        RepositoryError::StillReferenced(relation) if with.contains(&relation) => {
            AppError::Contention(None)
        }
        RepositoryError::StillReferenced(relation) => {
            Conflict::StillReferenced(relation, id.into()).into()
        }
        other => AppError::from(other),
    };
    for children in chosen() {
        (children.delete)(session, id).map_err(still_referenced)?;
    }
    let deleted = E::repository(session).delete(id, row.version);
    if deleted.map_err(still_referenced)? {
        Ok(())
    } else {
        Err(AppError::Contention(None))
    }
}

/// Returns the row with this id, without asking the policy.
pub(crate) fn find<E: Resource>(
    session: &mut dyn Session,
    id: Id<E>,
) -> Result<Stored<E>, AppError> {
    E::repository(session)
        .find(id)?
        .ok_or(AppError::NotFound(id.into()))
}

/// Returns `row` if it exists and the caller may write it. A caller that may not read such rows
/// is not told which exist: rows of others are reported as missing.
fn writable<E: Resource>(
    principal: &Principal,
    id: Id<E>,
    row: Option<Stored<E>>,
) -> Result<Stored<E>, AppError> {
    let row = row.ok_or(AppError::NotFound(id.into()))?;
    let Err(denial) = policy::check(principal, E::write_row_action(&row)) else {
        return Ok(row);
    };
    Err(match policy::check(principal, E::READ) {
        Ok(()) => denial.into(),
        Err(_) => AppError::NotFound(id.into()),
    })
}

/// Returns the meaning of an error of the repository that stores these fields.
pub(crate) fn conflict<E: Entity>(error: RepositoryError, fields: &E) -> AppError {
    match error {
        RepositoryError::Duplicate(UniqueKey::UserEmail) => Conflict::EmailTaken.into(),
        RepositoryError::MissingReference(relation) => match fields.parent(relation) {
            Some(id) => Conflict::ParentMissing(relation, id).into(),
            None => RepositoryError::MissingReference(relation).into(),
        },
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
