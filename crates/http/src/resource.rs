//! Entities at the REST interface. Handlers, bodies, responses, lists and the OpenAPI document
//! of an entity follow from its [`RestResource`].

pub(crate) mod body;
pub(crate) mod canonical;
pub(crate) mod parameters;
pub(crate) mod row;

use std::collections::BTreeMap;

use byline_application::batch::{Operation, Write};
use byline_application::{AppError, Listed, Resource, Session, crud};
use byline_domain::policy::{Principal, Scope};
use byline_domain::{Entity, Id, Relation, Stored};
use serde_json::Value;
use utoipa::openapi::ObjectBuilder;

use crate::request::json_object::FieldViolations;
use parameters::QueryParameters;
use row::{AnyRow, FieldValue};

/// An entity at the REST interface, as `rest_resource!` declares it.
pub(crate) trait RestResource: Resource {
    /// The scope that reading takes.
    const READ_SCOPE: Scope;

    /// The scope that writing takes.
    const WRITE_SCOPE: Scope;

    /// The description of the rows in the OpenAPI document.
    const DESCRIPTION: &'static str;

    /// The description of a creation in the OpenAPI document.
    const CREATION: &'static str;

    /// The path of all rows.
    const PATH: &'static str;

    /// The path of one row.
    const ITEM_PATH: &'static str;

    /// The name of the path parameter that holds the id of a row.
    const ID_PARAMETER: &'static str;

    /// The fields that clients set, in the order of responses.
    const FIELDS: &'static [Field<Self>];

    /// The names of [`FIELDS`](Self::FIELDS).
    const FIELD_NAMES: &'static [&'static str];

    /// The filters of its lists that go with every sort.
    const FILTERS: &'static [Filter<Self>];

    /// The parents that can be embedded in a row.
    const EMBEDS: &'static [Embed<Self>];

    /// Returns the query parameters of its operations.
    fn parameters() -> &'static QueryParameters;

    /// Returns an example of a row in a response.
    fn example() -> Value;

    /// Returns an example of a change.
    fn example_change() -> Value;

    /// Returns a write as an operation of a batch.
    fn operation(write: Write<Self>) -> Operation;

    /// Calls `visitor` with each parent.
    fn visit_parents(visitor: &mut impl ParentVisitor);
}

/// An entity whose rows have a path below that of their parent `P`.
pub(crate) trait NestedIn<P: RestResource>: RestResource {
    /// The relation of its rows to the parent.
    const RELATION: Relation;

    /// The path of the rows of one parent.
    const PATH: &'static str;

    /// Returns the filter for the rows of this parent.
    fn filter(parent: Id<P>) -> Self::Filter;
}

/// Visits the parents of an entity, each with its type.
pub(crate) trait ParentVisitor {
    fn parent<P: RestResource, E: NestedIn<P>>(&mut self);
}

/// A field that clients set.
pub(crate) struct Field<E: Entity> {
    pub(crate) name: &'static str,
    /// The relation, if the field holds the id of a parent.
    pub(crate) relation: Option<Relation>,
    /// The most characters that the field takes, if it is a text.
    pub(crate) max_chars: Option<usize>,
    /// Returns the schema of the field, with an example.
    pub(crate) schema: fn() -> ObjectBuilder,
    /// Reads the field from a member of a body.
    pub(crate) read: fn(Value, &mut E::Change) -> Result<(), FieldViolations>,
    pub(crate) value: fn(&E) -> FieldValue<'_>,
    /// Returns the new value, if the field is changed.
    pub(crate) changed_value: fn(&E::Change) -> Option<FieldValue<'_>>,
}

/// A filter of a list that goes with every sort.
pub(crate) struct Filter<E: Listed> {
    /// The query parameter.
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: fn() -> ObjectBuilder,
    pub(crate) read: fn(&str) -> Result<E::Filter, FieldViolations>,
}

/// A parent that can be embedded in a row.
pub(crate) struct Embed<E: Entity> {
    pub(crate) relation: Relation,
    /// The role of the parent, such as `author`.
    pub(crate) role: &'static str,
    /// Reads the parents of these rows, by their ids.
    pub(crate) load: LoadParents<E>,
}

type LoadParents<E> = fn(&mut dyn Session, &Principal, &[Stored<E>]) -> Result<Parents, AppError>;

/// Rows of one entity by their ids, to embed in others.
pub(crate) type Parents = BTreeMap<i64, Box<dyn AnyRow>>;

/// Reads the parents of these rows.
pub(crate) fn load_parents<P: RestResource, E: NestedIn<P>>(
    session: &mut dyn Session,
    principal: &Principal,
    rows: &[Stored<E>],
) -> Result<Parents, AppError> {
    let parents = crud::parents::<P, E>(session, principal, E::RELATION, rows)?;
    let erased = parents.into_iter().map(|(id, parent)| {
        let parent: Box<dyn AnyRow> = Box::new(parent);
        (id.get(), parent)
    });
    Ok(erased.collect())
}

/// Calls a generic function for each entity, parents before their children.
macro_rules! for_each_entity {
    (@ $function:ident $arguments:tt $($variant:ident $entity:ident,)+) => {{
        $($function::<byline_domain::$entity> $arguments;)+
    }};
    ($function:ident($($argument:expr),*)) => {
        byline_domain::entities!(for_each_entity! @ $function ($($argument),*))
    };
}
pub(crate) use for_each_entity;
