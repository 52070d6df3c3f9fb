//! Bodies of requests that write a row.

use byline_domain::Relation;
use serde_json::Value;

use crate::problem::Problem;
use crate::request::json_object::{FieldViolations, Fields, ObjectSchema, ReadOnly};
use crate::resource::RestResource;

/// The members that the server sets.
pub(crate) const GIVEN: &[&str] = &["id", "created_at", "updated_at"];

/// Reads the body of a creation.
pub(crate) fn create<E: RestResource>(body: &[u8]) -> Result<E, Problem> {
    create_with(body, |_, _| None)
}

/// Reads the body of a creation whose path names the parent. The body must not name it.
pub(crate) fn create_of<E: RestResource>(
    body: &[u8],
    relation: Relation,
    parent: i64,
) -> Result<E, Problem> {
    let mut writable = E::FIELD_NAMES.to_vec();
    writable.retain(|name| *name != relation.field);
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
    whole(body, ReadOnly::Ignored(GIVEN), |_, _| None)
}

/// Reads a merge patch (RFC 7396).
pub(crate) fn patch<E: RestResource>(body: &[u8]) -> Result<E::Change, Problem> {
    patch_with::<E>(body, |_, _| None)
}

/// Reads the data of an operation that creates a row. `read_parent` reads references to parents
/// that the batch creates; these parents get a placeholder as their id.
pub(crate) fn create_with<E: RestResource>(
    body: &[u8],
    read_parent: impl FnMut(Relation, &Value) -> Option<Result<(), FieldViolations>>,
) -> Result<E, Problem> {
    whole(body, ReadOnly::Refused(GIVEN), read_parent)
}

/// Reads the data of an operation that changes a row; see [`create_with`].
pub(crate) fn patch_with<E: RestResource>(
    body: &[u8],
    read_parent: impl FnMut(Relation, &Value) -> Option<Result<(), FieldViolations>>,
) -> Result<E::Change, Problem> {
    read::<E>(body, ReadOnly::Ignored(GIVEN), false, read_parent)
        .and_then(|(fields, change)| fields.finish(Some(change)))
}

fn whole<E: RestResource>(
    body: &[u8],
    read_only: ReadOnly<'_>,
    read_parent: impl FnMut(Relation, &Value) -> Option<Result<(), FieldViolations>>,
) -> Result<E, Problem> {
    read::<E>(body, read_only, true, read_parent)
        .and_then(|(fields, change)| fields.finish(E::complete(change)))
}

/// Reads all fields of `E`. If they are `required`, none may be missing.
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
            if let Some(relation) = field.relation
                && let Some(read) = read_parent(relation, &value)
            {
                E::change_parent(&mut change, relation, PLACEHOLDER);
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
const PLACEHOLDER: i64 = 1;
