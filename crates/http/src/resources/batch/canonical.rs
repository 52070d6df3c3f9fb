//! The canonical form of a batch; see [`resource::canonical`](crate::resource::canonical).

use byline_application::Precondition;
use byline_application::batch::{CreatedParent, Operation, Write};
use serde_json::{Value, json};

use crate::resource::RestResource;
use crate::resource::canonical::{canonical as canonical_row, canonical_change};

/// Returns the canonical form of the operations of a batch.
pub(super) fn canonical(operations: &[Operation]) -> Value {
    operations.iter().map(canonical_operation).collect()
}

macro_rules! by_entity {
    ($operation:ident $($variant:ident $entity:ident,)+) => {
        match $operation {
            $(Operation::$variant(write) => of(write),)+
        }
    };
}

fn canonical_operation(operation: &Operation) -> Value {
    byline_domain::entities!(by_entity! operation)
}

fn of<E: RestResource>(write: &Write<E>) -> Value {
    match write {
        Write::Create { fields, parents } => json!({
            "create": E::NAME,
            "data": with_parents(canonical_row(fields), parents),
        }),
        Write::Update {
            id,
            change,
            parents,
            precondition,
        } => json!({
            "update": E::NAME,
            "id": id.get(),
            "data": with_parents(canonical_change::<E>(change), parents),
            "if_match": versions(precondition),
        }),
        Write::Delete {
            id,
            with,
            precondition,
        } => {
            let chosen = E::CHILDREN
                .iter()
                .filter(|children| with.contains(&children.relation));
            let with: Vec<_> = chosen.map(|children| children.name).collect();
            json!({
                "delete": E::NAME,
                "id": id.get(),
                "with": with,
                "if_match": versions(precondition),
            })
        }
    }
}

/// Replaces the ids of parents by references to the operations that create them.
fn with_parents(mut data: Value, parents: &[CreatedParent]) -> Value {
    if let Some(members) = data.as_object_mut() {
        for parent in parents {
            let reference = json!({"$ref": parent.operation});
            members.insert(parent.relation.field.to_owned(), reference);
        }
    }
    data
}

fn versions(precondition: &Precondition) -> Value {
    match precondition {
        Precondition::None => Value::Null,
        Precondition::OneOf(versions) => versions
            .iter()
            .map(|version| json!(version.get()))
            .collect(),
    }
}
