//! Many operations in one transaction.

use std::iter;

use byline_domain::policy::{self, Caller, Principal};
use byline_domain::{Id, PostFields, Relation, Stored, Timestamp, UserFields, Version};

use crate::crud::{self, Resource};
use crate::{AppError, EntityRef, Precondition, RepositoryError, Session};

/// The most operations that a batch may have.
pub const MAX_OPERATIONS: usize = 1000;

/// One change among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A change of a user.
    User(Write<UserFields>),
    /// A change of a post.
    Post(Write<PostFields>),
}

/// A change of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write<E: Resource> {
    /// Creates a row.
    Create {
        /// Its fields. The ids of parents that the batch creates stand for nothing.
        fields: E,
        /// The parents that the batch creates.
        parents: Vec<CreatedParent>,
    },
    /// Changes some fields of a row.
    Update {
        /// Which row.
        id: Id<E>,
        /// What shall change, as in [`Create`](Self::Create).
        change: E::Change,
        /// The parents that the batch creates.
        parents: Vec<CreatedParent>,
        /// In which versions the row may be.
        precondition: Precondition,
    },
    /// Deletes a row.
    Delete {
        /// Which row.
        id: Id<E>,
        /// The children that are deleted with it.
        with: Vec<Relation>,
        /// In which versions the row may be.
        precondition: Precondition,
    },
}

/// A parent that an earlier operation of the same batch creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedParent {
    /// In which relation it is the parent.
    pub relation: Relation,
    /// The index of the operation that creates it.
    pub operation: usize,
}

/// What an operation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationOutcome {
    /// What it did it to.
    pub subject: EntityRef,
    /// What it did.
    pub effect: Effect,
}

/// What an operation did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The row is new.
    Created(RowMeta),
    /// The row has changed.
    Updated(RowMeta),
    /// The row is gone.
    Deleted,
}

/// What the store gave a row that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowMeta {
    /// The version that the row is in now.
    pub version: Version,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
}

/// Carries out the operations as if one after the other, and returns what each
/// did. The first that fails is an error of the whole: nothing may be
/// committed then.
///
/// Creates that follow one another are handed to the store together.
///
/// # Errors
///
/// [`AppError::InOperation`] with what the use case of the operation fails
/// with, and those of the store.
pub fn run(
    session: &mut dyn Session,
    principal: &Principal,
    operations: &[Operation],
    now: Timestamp,
) -> Result<Vec<OperationOutcome>, AppError> {
    let mut batch = Batch {
        session,
        principal: *principal,
        now,
        outcomes: vec![None; operations.len()],
    };
    let mut index = 0;
    while let Some(rest @ [first, ..]) = operations.get(index..) {
        let creates = rest.iter().take_while(|one| one.write().is_create());
        match creates.count() {
            0 | 1 => {
                batch.run_one(index, first)?;
                index += 1;
            }
            count => {
                batch.create_together(index, rest.get(..count).unwrap_or_default())?;
                index += count;
            }
        }
    }
    batch
        .outcomes
        .into_iter()
        .map(|outcome| outcome.ok_or_else(too_few))
        .collect()
}

impl Operation {
    fn write(&self) -> &dyn AnyWrite {
        match self {
            Self::User(write) => write,
            Self::Post(write) => write,
        }
    }
}

/// A batch on its way.
struct Batch<'a> {
    session: &'a mut dyn Session,
    /// An unlinked identity is a user from the operation on that creates it.
    principal: Principal,
    now: Timestamp,
    /// By operation; none for those that are still to come.
    outcomes: Vec<Option<OperationOutcome>>,
}

impl Batch<'_> {
    fn run_one(&mut self, index: usize, operation: &Operation) -> Result<(), AppError> {
        let outcome = operation
            .write()
            .run(self)
            .map_err(|error| located(index, error))?;
        if let (Operation::User(_), Effect::Created(_)) = (operation, outcome.effect)
            && UserFields::has_after_create(&self.principal)
            && let Ok(id) = Id::try_from(outcome.subject.id)
        {
            self.principal.caller = Caller::User(id);
        }
        self.note(index, outcome);
        Ok(())
    }

    fn note(&mut self, index: usize, outcome: OperationOutcome) {
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    /// Runs creates of which the first is operation `first`: parents before their children.
    /// Where a kind of rows cannot be created together, they are created one after the other,
    /// which finds the first operation that fails.
    fn create_together(&mut self, first: usize, creates: &[Operation]) -> Result<(), AppError> {
        let mut left: Vec<_> = (first..).zip(creates).collect();
        let _ = self.create_kind(&mut left, |operation| match operation {
            Operation::User(Write::Create { fields, parents }) => Some((fields, parents)),
            _ => None,
        })? && self.create_kind(&mut left, |operation| match operation {
            Operation::Post(Write::Create { fields, parents }) => Some((fields, parents)),
            _ => None,
        })?;
        left.into_iter()
            .try_for_each(|(index, operation)| self.run_one(index, operation))
    }

    /// Creates together those that `select` selects, if they can be, and takes them from
    /// `left`. Returns whether none of them is left.
    fn create_kind<E: Resource>(
        &mut self,
        left: &mut Vec<(usize, &Operation)>,
        select: impl for<'o> Fn(&'o Operation) -> Option<(&'o E, &'o Vec<CreatedParent>)>,
    ) -> Result<bool, AppError> {
        let mut indexes = Vec::new();
        let mut new = Vec::new();
        for (index, operation) in left.iter() {
            if let Some((fields, parents)) = select(operation) {
                indexes.push(*index);
                new.push(self.with_parents(fields.clone(), parents)?);
            }
        }
        let is_allowed = |new: &E| policy::check(&self.principal, new.create_action()).is_ok();
        if new.is_empty() {
            return Ok(true);
        }
        if E::has_after_create(&self.principal) || !new.iter().all(is_allowed) {
            return Ok(false);
        }
        match E::repository(self.session).insert_all(&new, self.now) {
            Ok(rows) => {
                for (index, row) in iter::zip(indexes, &rows) {
                    self.note(index, OperationOutcome::created(row));
                }
                left.retain(|(_, operation)| select(operation).is_none());
                Ok(true)
            }
            Err(RepositoryError::Duplicate(_) | RepositoryError::MissingReference(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Returns `fields` with the ids of the parents that the batch has created.
    fn with_parents<E: Resource>(
        &self,
        mut fields: E,
        parents: &[CreatedParent],
    ) -> Result<E, AppError> {
        for parent in parents {
            fields.set_parent(parent.relation, self.created(parent)?);
        }
        Ok(fields)
    }

    /// Returns the id of a parent that the batch has created.
    fn created(&self, parent: &CreatedParent) -> Result<i64, AppError> {
        match self.outcomes.get(parent.operation) {
            Some(Some(outcome)) if outcome.subject.entity == parent.relation.parent => {
                Ok(outcome.subject.id)
            }
            _ => Err(AppError::internal(format!(
                "operation {} of the batch created no {}",
                parent.operation, parent.relation.parent
            ))),
        }
    }
}

/// A change of a row of any entity.
trait AnyWrite {
    fn is_create(&self) -> bool;

    fn run(&self, batch: &mut Batch<'_>) -> Result<OperationOutcome, AppError>;
}

impl<E: Resource> AnyWrite for Write<E> {
    fn is_create(&self) -> bool {
        matches!(self, Self::Create { .. })
    }

    fn run(&self, batch: &mut Batch<'_>) -> Result<OperationOutcome, AppError> {
        let (principal, now) = (batch.principal, batch.now);
        match self {
            Self::Create { fields, parents } => {
                let new = batch.with_parents(fields.clone(), parents)?;
                let row = crud::create(batch.session, &principal, &new, now)?;
                Ok(OperationOutcome::created(&row))
            }
            Self::Update {
                id,
                change,
                parents,
                precondition,
            } => {
                let mut change = change.clone();
                for parent in parents {
                    E::change_parent(&mut change, parent.relation, batch.created(parent)?);
                }
                let row = crud::patch(batch.session, &principal, *id, &change, precondition, now)?;
                Ok(OperationOutcome {
                    subject: row.id.into(),
                    effect: Effect::Updated(RowMeta::of(&row)),
                })
            }
            Self::Delete {
                id,
                with,
                precondition,
            } => {
                crud::delete(batch.session, &principal, *id, with, precondition)?;
                Ok(OperationOutcome {
                    subject: (*id).into(),
                    effect: Effect::Deleted,
                })
            }
        }
    }
}

fn too_few() -> AppError {
    AppError::internal("the store created fewer rows than it was given")
}

/// Adds the index of the operation to what is wrong with it.
fn located(index: usize, error: AppError) -> AppError {
    match error {
        AppError::NotFound(_)
        | AppError::Conflict(_)
        | AppError::Forbidden(_)
        | AppError::PreconditionFailed(_) => AppError::InOperation {
            index,
            error: Box::new(error),
        },
        other => other,
    }
}

impl OperationOutcome {
    fn created<E: Resource>(row: &Stored<E>) -> Self {
        Self {
            subject: row.id.into(),
            effect: Effect::Created(RowMeta::of(row)),
        }
    }
}

impl RowMeta {
    fn of<E: Resource>(row: &Stored<E>) -> Self {
        Self {
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[cfg(test)]
mod tests;
