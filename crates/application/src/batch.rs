//! Batches: many operations in one transaction.

use std::iter;

use byline_domain::policy::{self, Caller, Principal};
use byline_domain::{Id, Relation, Stored, Timestamp, UserFields, Version};

use crate::crud::{self, Resource};
use crate::{AppError, EntityRef, Precondition, RepositoryError, Session};

/// The most operations that a batch may have.
pub const MAX_OPERATIONS: usize = 1000;

/// Declares the operations, and what is done with them by their entities.
macro_rules! operations {
    ($($variant:ident $entity:ident,)+) => {
        /// An operation of a batch: a change of a row of one entity.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Operation {
            $(
                #[doc = concat!("A change of [`", stringify!($entity), "`](byline_domain::", stringify!($entity), ").")]
                $variant(Write<byline_domain::$entity>),
            )+
        }

        impl Operation {
            fn write(&self) -> &dyn AnyWrite {
                match self {
                    $(Self::$variant(write) => write,)+
                }
            }
        }

        impl Batch<'_> {
            /// Runs creates of which the first is operation `first`: parents before their
            /// children. Where a kind of rows cannot be created together, they are created one
            /// after the other, which finds the first operation that fails.
            fn create_together(
                &mut self,
                first: usize,
                creates: &[Operation],
            ) -> Result<(), AppError> {
                let mut left: Vec<_> = (first..).zip(creates).collect();
                let _ = $(self.create_kind(&mut left, |operation| match operation {
                    Operation::$variant(Write::Create { fields, parents }) => {
                        Some((fields, parents))
                    }
                    _ => None,
                })? &&)+ true;
                left.into_iter()
                    .try_for_each(|(index, operation)| self.run_one(index, operation))
            }
        }
    };
}
byline_domain::entities!(operations!);

/// A change of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write<E: Resource> {
    /// Creates a row.
    Create {
        /// Its fields. The ids of `parents` are replaced.
        fields: E,
        /// The parents that the batch creates.
        parents: Vec<CreatedParent>,
    },
    /// Changes some fields of a row.
    Update {
        /// The row.
        id: Id<E>,
        /// The change. The ids of `parents` are replaced.
        change: E::Change,
        /// The parents that the batch creates.
        parents: Vec<CreatedParent>,
        /// The versions in which the row may be.
        precondition: Precondition,
    },
    /// Deletes a row.
    Delete {
        /// The row.
        id: Id<E>,
        /// The relations of the children that are deleted with it.
        with: Vec<Relation>,
        /// The versions in which the row may be.
        precondition: Precondition,
    },
}

/// A parent that an earlier operation of the same batch creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedParent {
    /// The relation in which it is the parent.
    pub relation: Relation,
    /// The index of the operation that creates it.
    pub operation: usize,
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationOutcome {
    /// The row that it wrote.
    pub subject: EntityRef,
    /// What it did to the row.
    pub effect: Effect,
}

/// The effect of an operation on its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The row was created.
    Created(RowMeta),
    /// The row was changed.
    Updated(RowMeta),
    /// The row was deleted.
    Deleted,
}

/// The version and the times of a row that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowMeta {
    /// The version of the row after the operation.
    pub version: Version,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
}

/// Carries out the operations as if one after the other, and returns their outcomes. If one
/// fails, the batch fails, and nothing may be committed.
///
/// Consecutive creates are passed to the store together.
///
/// # Errors
///
/// [`AppError::InOperation`] with the error of the use case of the operation, and those of the
/// store.
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
    let outcomes: Option<Vec<_>> = batch.outcomes.into_iter().collect();
    outcomes.ok_or_else(|| AppError::internal("the store created fewer rows than it was given"))
}

/// A batch that is being carried out.
struct Batch<'a> {
    session: &'a mut dyn Session,
    /// The caller. An unlinked identity becomes the user that its first operation creates.
    principal: Principal,
    now: Timestamp,
    /// The outcomes by operation; `None` for those that have not run yet.
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

    /// Creates the rows that `select` selects together, if possible, and removes them from
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

/// Adds the index of the operation to its error.
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
