//! What an entity is at the REST interface. Everything that handlers, bodies, responses, lists
//! and the OpenAPI document say about it follows from its [`RestResource`].

pub(crate) mod body;
pub(crate) mod canonical;
pub(crate) mod row;

use std::collections::BTreeMap;

use byline_application::batch::{Operation, Write};
use byline_application::{AppError, Listed, Resource, Session, crud};
use byline_domain::policy::{Principal, Scope};
use byline_domain::{Entity, Id, Relation, Stored};
use serde_json::Value;
use utoipa::openapi::ObjectBuilder;

use crate::request::json_object::FieldViolations;
use row::{AnyRow, FieldValue};

/// An entity at the REST interface, as `rest_resource!` declares it.
pub(crate) trait RestResource: Resource {
    /// The scope that reading takes.
    const READ_SCOPE: Scope;

    /// The scope that writing takes.
    const WRITE_SCOPE: Scope;

    /// What the OpenAPI document says of the rows.
    const DESCRIPTION: &'static str;

    /// What the OpenAPI document says of the creation of a row.
    const CREATION: &'static str;

    /// The path of all rows.
    const PATH: &'static str;

    /// The path of one row.
    const ITEM_PATH: &'static str;

    /// The name of the path parameter that holds the id of a row.
    const ID_PARAMETER: &'static str;

    /// The fields that clients write, in the order in which they are answered.
    const FIELDS: &'static [Field<Self>];

    /// The names of [`FIELDS`](Self::FIELDS).
    const FIELD_NAMES: &'static [&'static str];

    /// The filters of its lists, besides those on the sort key.
    const FILTERS: &'static [Filter<Self>];

    /// The parents that can be answered together with a row.
    const EMBEDS: &'static [Embed<Self>];

    /// Returns the query parameters of its list.
    fn list_parameters() -> &'static [&'static str];

    /// Returns the query parameters of the list of the rows of one parent.
    fn nested_list_parameters() -> &'static [&'static str];

    /// Returns the parameters of a deletion: the children that can go with a row.
    fn delete_parameters() -> &'static [&'static str];

    /// Returns a row as it is answered, for examples.
    fn example() -> Value;

    /// Returns an example of a change.
    fn example_change() -> Value;

    /// Returns the change of a row as an operation of a batch.
    fn operation(write: Write<Self>) -> Operation;

    /// Shows each parent to `visitor`.
    fn visit_parents(visitor: &mut impl ParentVisitor);
}

/// An entity whose rows have a list among the paths of their parent of kind `P`.
pub(crate) trait NestedIn<P: RestResource>: RestResource {
    /// How its rows refer to their parent.
    const RELATION: Relation;

    /// The path of the rows of one parent.
    const PATH: &'static str;

    /// Returns the filter for the rows of this parent.
    fn filter(parent: Id<P>) -> Self::Filter;
}

/// Is shown the parents of an entity, each with its type.
pub(crate) trait ParentVisitor {
    fn parent<P: RestResource, E: NestedIn<P>>(&mut self);
}

/// A field that clients write.
pub(crate) struct Field<E: Entity> {
    pub(crate) name: &'static str,
    /// The relation, if the field holds the id of a parent.
    pub(crate) relation: Option<Relation>,
    /// The most characters that the field takes, if it is a text.
    pub(crate) max_chars: Option<usize>,
    /// Describes the values of the field, with an example.
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

/// A parent that can be answered together with a row.
pub(crate) struct Embed<E: Entity> {
    pub(crate) relation: Relation,
    /// What the parent is to the row, such as `author`.
    pub(crate) role: &'static str,
    /// Reads the parents of these rows, by their ids.
    pub(crate) load: LoadParents<E>,
}

type LoadParents<E> = fn(&mut dyn Session, &Principal, &[Stored<E>]) -> Result<Parents, AppError>;

/// Rows of one kind by their ids, answered together with others.
pub(crate) type Parents = BTreeMap<i64, Box<dyn AnyRow>>;

/// Reads the parents in `E`'s relation to `P`.
pub(crate) fn load_parents<P: RestResource, E: NestedIn<P>>(
    session: &mut dyn Session,
    principal: &Principal,
    rows: &[Stored<E>],
) -> Result<Parents, AppError> {
    let parents = crud::parents::<P, E>(session, principal, E::RELATION, rows)?;
    Ok(parents
        .into_iter()
        .map(|(id, parent)| (id.get(), Box::new(parent) as Box<dyn AnyRow>))
        .collect())
}
