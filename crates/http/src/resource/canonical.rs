//! What a body means, in one way of writing only.
//!
//! Equal for bodies that mean the same, in this release and in later ones: a request may be
//! repeated after an update of the service.

use serde_json::{Map, Value, json};

use crate::resource::RestResource;

/// Returns what a body that creates or replaces a row means.
pub(crate) fn canonical<E: RestResource>(fields: &E) -> Value {
    let members = E::FIELDS.iter();
    let members = members.map(|field| (field.name.to_owned(), json!((field.value)(fields))));
    Value::Object(members.collect())
}

/// Returns what a body that changes a row means. A member is null where nothing changes: no
/// member may be null in a request.
pub(crate) fn canonical_change<E: RestResource>(change: &E::Change) -> Value {
    let members = E::FIELDS.iter().map(|field| {
        let value = (field.changed_value)(change);
        (field.name.to_owned(), json!(value))
    });
    Value::Object(members.collect::<Map<_, _>>())
}
