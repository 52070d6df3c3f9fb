//! The use cases that every entity has. What an entity is asked for differs: that is its
//! [`Resource`].

use std::collections::BTreeMap;

use byline_domain::policy::{self, Action, Principal};
use byline_domain::{Entity, Id, Relation, Stored, Timestamp};

use crate::{
    AppError, Conflict, EntityRef, ListQuery, Listed, Page, Precondition, Repository,
    RepositoryError, Session, UniqueKey,
};

/// An entity that callers work with: where its rows are, who may do what with them, and what
/// becomes of their children.
pub trait Resource: Listed {
    /// The action of reading and listing rows.
    const READ: Action;

    /// The children that can be deleted together with a row.
    const CHILDREN: &'static [Children<Self>] = &[];

    /// The field that no two rows share, if there is one: see
    /// [`unique_value`](Self::unique_value).
    const UNIQUE_FIELD: Option<&'static str> = None;

    /// Returns the rows, as `session` sees them.
    fn repository(session: &mut dyn Session) -> &mut dyn Repository<Self>;

    /// Returns the action of creating a row with these fields.
    fn create_action(&self) -> Action;

    /// Returns the action of changing or deleting the row with this id, as far as that is
    /// known before the row is.
    fn write_action(id: Id<Self>) -> Action;

    /// Returns the action of changing or deleting this row.
    fn write_row_action(row: &Stored<Self>) -> Action;

    /// Returns the value of the [unique field](Self::UNIQUE_FIELD), in the form that tells
    /// whether two values are the same.
    fn unique_value(&self) -> Option<String> {
        None
    }

    /// Returns whether creating a row does more than store it.
    fn has_after_create(_: &Principal) -> bool {
        false
    }

    /// Does what belongs to the creation of a row besides storing it.
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
    /// How they refer to their parent.
    pub relation: Relation,
    /// What they are called: the parameter of a deletion.
    pub name: &'static str,
    /// Returns the action of deleting those of this parent.
    pub action: fn(Id<P>) -> Action,
    /// Deletes those of this parent.
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
    // A row proves its parent; only the lack of any leaves the question open.
    if page.items.is_empty() {
        find(session, parent)?;
    }
    Ok(page)
}

/// Returns how many rows there are on all pages of `query` together.
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

/// Returns the parents in `relation` of `rows`, which were read in the same session, by their
/// ids. One statement, however many there are.
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
        // In one snapshot every row has its parents.
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

/// Creates a row among those of its parent in `relation`, which is therefore what the request
/// is about.
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

/// Gives every field of a row a new value.
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

/// Changes some fields of a row. The caller must have the right to write the row as it was and
/// as it becomes: to give a post to another author takes the right to write posts of both.
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

/// Deletes a row, and those of its [children](Resource::CHILDREN) that `with` names. As long
/// as there are other children, it stays.
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
        // Or children that are stored meanwhile would keep it, again and again.
        rows.find_for_update(id)?
    };
    let row = writable(principal, id, row)?;
    precondition.check(id.into(), row.version)?;
    let still_referenced = |error| match error {
        // By rows of another node of a cluster, whose locks do not reach here.
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

/// Returns `row` if there is one and the caller may write it. A caller that may not read such
/// rows does not learn which exist: those of others are reported as missing.
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

/// Returns what an error of the repository means to whoever stores these fields.
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
