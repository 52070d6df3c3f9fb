//! A canonical form of bodies: equal for bodies with the same meaning.
//!
//! It must not change between releases, because a request may be repeated after an update of the
//! service.

use serde_json::{Value, json};

use crate::resource::RestResource;

/// Returns the canonical form of a body that creates or replaces a row.
pub(crate) fn canonical<E: RestResource>(fields: &E) -> Value {
    let members = E::FIELDS.iter();
    let members = members.map(|field| (field.name, json!((field.value)(fields))));
    members.collect()
}

/// Returns the canonical form of a body that changes a row. Null stands for a member that does
/// not change; in a request, no member may be null.
pub(crate) fn canonical_change<E: RestResource>(change: &E::Change) -> Value {
    let members = E::FIELDS.iter();
    let members = members.map(|field| (field.name, json!((field.changed_value)(change))));
    members.collect()
}
