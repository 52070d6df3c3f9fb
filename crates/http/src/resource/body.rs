//! Bodies of requests that write a row.

use byline_domain::Relation;
use serde_json::Value;

use crate::problem::Problem;
use crate::request::json_object::{FieldViolations, Fields, ObjectSchema, ReadOnly};
use crate::resource::RestResource;

/// The members that the server gives.
pub(crate) const GIVEN: &[&str] = &["id", "created_at", "updated_at"];

/// Reads the body of a creation.
pub(crate) fn create<E: RestResource>(body: &[u8]) -> Result<E, Problem> {
    whole(body, ReadOnly::Refused(GIVEN))
}

/// Reads the body of a creation among the rows of the parent with this id: the path names it,
/// and the body must not.
pub(crate) fn create_of<E: RestResource>(
    body: &[u8],
    relation: Relation,
    parent: i64,
) -> Result<E, Problem> {
    let names = |name: &&&'static str| **name != relation.field;
    let writable: Vec<_> = E::FIELD_NAMES.iter().filter(names).copied().collect();
    let refused = [&[relation.field], GIVEN].concat();
    let schema = ObjectSchema {
        writable: &writable,
        read_only: ReadOnly::Refused(&refused),
    };
    let mut fields = Fields::parse(body, schema)?;
    let mut change = E::Change::default();
    E::change_parent(&mut change, relation, parent);
    for field in E::FIELDS {
        if field.relation != Some(relation) {
            fields.required(field.name, |value| (field.read)(value, &mut change));
        }
    }
    fields.finish(E::complete(change))
}

/// Reads the body of a replacement.
pub(crate) fn replace<E: RestResource>(body: &[u8]) -> Result<E, Problem> {
    whole(body, ReadOnly::Ignored(GIVEN))
}

/// Reads a merge patch (RFC 7396).
pub(crate) fn patch<E: RestResource>(body: &[u8]) -> Result<E::Change, Problem> {
    patch_with::<E>(body, |_, _| None)
}

/// As [`create`], of an operation of a batch: `read_parent` reads references to parents that
/// the batch creates. Their ids stand for nothing.
pub(crate) fn create_with<E: RestResource>(
    body: &[u8],
    read_parent: impl FnMut(Relation, &Value) -> Option<Result<(), FieldViolations>>,
) -> Result<E, Problem> {
    read::<E>(body, ReadOnly::Refused(GIVEN), true, read_parent)
        .and_then(|(fields, change)| fields.finish(E::complete(change)))
}

/// As [`patch`], of an operation of a batch; see [`create_with`].
pub(crate) fn patch_with<E: RestResource>(
    body: &[u8],
    read_parent: impl FnMut(Relation, &Value) -> Option<Result<(), FieldViolations>>,
) -> Result<E::Change, Problem> {
    read::<E>(body, ReadOnly::Ignored(GIVEN), false, read_parent)
        .and_then(|(fields, change)| fields.finish(Some(change)))
}

fn whole<E: RestResource>(body: &[u8], read_only: ReadOnly<'_>) -> Result<E, Problem> {
    read::<E>(body, read_only, true, |_, _| None)
        .and_then(|(fields, change)| fields.finish(E::complete(change)))
}

/// Reads all fields of `E`, of which each must be there if they are `required`.
fn read<E: RestResource>(
    body: &[u8],
    read_only: ReadOnly<'_>,
    required: bool,
    mut read_parent: impl FnMut(Relation, &Value) -> Option<Result<(), FieldViolations>>,
) -> Result<(Fields, E::Change), Problem> {
    let schema = ObjectSchema {
        writable: E::FIELD_NAMES,
        read_only,
    };
    let mut fields = Fields::parse(body, schema)?;
    let mut change = E::Change::default();
    for field in E::FIELDS {
        let read = |value: Value| {
            let relation = field.relation;
            if let Some(relation) = relation
                && let Some(read) = read_parent(relation, &value)
            {
                E::change_parent(&mut change, relation, STANDS_FOR_NOTHING);
                return read;
            }
            (field.read)(value, &mut change)
        };
        if required {
            fields.required(field.name, read);
        } else {
            fields.optional(field.name, read);
        }
    }
    Ok((fields, change))
}

/// The id of a parent that the batch is yet to create.
const STANDS_FOR_NOTHING: i64 = 1;
