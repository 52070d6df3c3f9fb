//! The OpenAPI document of an entity: its schemas and operations.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use byline_application::{SortKey, SortKind};
use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::{
    Components, Content, ObjectBuilder, Ref, RefOr, Required, ResponsesBuilder, Schema,
};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

use crate::openapi::headers;
use crate::openapi::parameters::{
    self, Conditional, Guard, Repeated, cursor, from, if_none_match, limit, prefer, query, sort,
    starts, until,
};
use crate::openapi::refusals::{
    AUTH, BAD_BODY, COMMON, CONFLICT, IDEMPOTENCY, NOT_FOUND, READ_PRECONDITION,
    WRITE_PRECONDITION, refuse,
};
use crate::openapi::responses::{self, Deleted, Links, Responses, link};
use crate::openapi::schemas::{self, capitalized, one_of};
use crate::request::accept::{JSON, MediaType};
use crate::resource::for_each_entity;
use crate::resource::{Embed, NestedIn, ParentVisitor, RestResource, body};

/// The schema of a row in a response.
pub(crate) struct RowSchema<E>(PhantomData<E>);

impl<E: RestResource> ToSchema for RowSchema<E> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(capitalized(E::NAME))
    }
}

impl<E: RestResource> PartialSchema for RowSchema<E> {
    fn schema() -> RefOr<Schema> {
        let description = format!("A {}, as the service answers it.", E::NAME);
        let id = ("id", schemas::id());
        let fields = E::FIELDS.iter().map(|field| (field.name, (field.schema)()));
        let times = schemas::times();
        let mut row = schemas::object([id].into_iter().chain(fields).chain(times))
            .description(Some(description));
        for Embed { relation, role, .. } in E::EMBEDS {
            let parent = Ref::builder()
                .ref_location_from_schema_name(capitalized(relation.parent))
                .description(Some(format!("The {role}, if wanted.")))
                .build();
            row = row.property(relation.parent, parent);
        }
        row.examples([E::example()]).into()
    }
}

/// Adds the schemas of `E`, and the header that only its responses have.
pub(crate) fn add_components<E: RestResource>(components: &mut Components) {
    let name = capitalized(E::NAME);
    let all = |_: &str| true;
    let example = example_of::<E>(all);
    let mut replacement = example.clone();
    if let (Some(members), Value::Object(change)) =
        (replacement.as_object_mut(), E::example_change())
    {
        members.extend(change);
    }
    let create = format!("A {} to create.", E::NAME);
    let create = body_schema::<E>(all, true, false, &create, example);
    let replace = format!("All that a client can set of a {}.", E::NAME);
    let replace = body_schema::<E>(all, true, true, &replace, replacement);
    let update = format!("What to change of a {} (RFC 7396).", E::NAME);
    let update = body_schema::<E>(all, false, true, &update, E::example_change());
    components.schemas.extend([
        (format!("Create{name}"), create),
        (format!("Replace{name}"), replace),
        (format!("Update{name}"), update),
        (name, RowSchema::<E>::schema()),
    ]);
    E::visit_parents(&mut NestedBodies(components));
    if !E::EMBEDS.is_empty() {
        let roles: Vec<_> = E::EMBEDS.iter().map(|embed| embed.role).collect();
        let (name, header) = headers::tag_of_embedding(E::NAME, &roles.join(" or "));
        components.headers.insert(name, header);
    }
}

/// Adds the bodies that create rows of a parent.
struct NestedBodies<'a>(&'a mut Components);

impl ParentVisitor for NestedBodies<'_> {
    fn parent<P: RestResource, E: NestedIn<P>>(&mut self) {
        let own = |name: &str| name != E::RELATION.field;
        let mut embeds = E::EMBEDS.iter();
        let embed = embeds.find(|embed| embed.relation == E::RELATION);
        let role = embed.map_or(P::NAME, |embed| embed.role);
        let description = format!("A {} to create; the path names its {role}.", E::NAME);
        let schema = body_schema::<E>(own, true, false, &description, example_of::<E>(own));
        let name = format!("Create{}{}", capitalized(P::NAME), capitalized(E::NAME));
        self.0.schemas.insert(name, schema);
    }
}

/// Returns those members of the example that clients write and `has` selects.
fn example_of<E: RestResource>(has: impl Fn(&str) -> bool) -> Value {
    let mut example = E::example();
    if let Some(members) = example.as_object_mut() {
        members.retain(|name, _| !body::GIVEN.contains(&name.as_str()) && has(name));
    }
    example
}

/// Describes a body with the fields that `has` selects; see [`members`].
fn body_schema<E: RestResource>(
    has: impl Fn(&str) -> bool,
    required: bool,
    sent_back: bool,
    description: &str,
    example: Value,
) -> RefOr<Schema> {
    let object = members::<E>(has, required, sent_back).description(Some(description));
    object.examples([example]).into()
}

/// Describes an object with the fields that `has` selects. If it may be `sent_back`, it may also
/// have the members that the server gives.
pub(crate) fn members<E: RestResource>(
    has: impl Fn(&str) -> bool,
    required: bool,
    sent_back: bool,
) -> ObjectBuilder {
    let mut object = schemas::closed_object([]);
    for field in E::FIELDS.iter().filter(|field| has(field.name)) {
        object = object.property(field.name, (field.schema)());
        if required {
            object = object.required(field.name);
        }
    }
    let given = body::GIVEN.iter().filter(|_| sent_back);
    given.fold(object, |object, name| {
        object.property(*name, schemas::ignored())
    })
}

pub(crate) fn list<E: RestResource>() -> Operation {
    let plural = E::PLURAL;
    let (id, summary) = (
        format!("list{}", capitalized(plural)),
        format!("List {plural}"),
    );
    let description = format!("A page of all {plural}.{}", filter_example::<E>());
    operation::<E>(id, summary, description)
        .parameters(Some(list_parameters::<E>(true)))
        .responses(answers(page::<E>(), &[]))
        .build()
}

pub(crate) fn list_of<P: RestResource, E: NestedIn<P>>() -> Operation {
    let (parent, plural) = (P::NAME, E::PLURAL);
    let id = format!("list{}{}", capitalized(parent), capitalized(plural));
    let summary = format!("List the {plural} of a {parent}");
    let filter = filter_example::<E>();
    let description = format!("A page of the {plural} of one {parent}.{filter}");
    operation::<E>(id, summary, description)
        .parameters(Some([id_parameter::<P>()]))
        .parameters(Some(list_parameters::<E>(false)))
        .responses(answers(page::<E>(), &[NOT_FOUND]))
        .build()
}

fn page<E: RestResource>() -> Responses {
    responses::list::<RowSchema<E>>(&format!("A page of {}.", E::PLURAL), &E::example())
}

pub(crate) fn create<E: RestResource>() -> Operation {
    let summary = format!("Create a {}", E::NAME);
    creation::<E>(&capitalized(E::NAME), summary, E::CREATION, None, CONFLICT)
}

pub(crate) fn create_of<P: RestResource, E: NestedIn<P>>() -> Operation {
    let name = format!("{}{}", capitalized(P::NAME), capitalized(E::NAME));
    let summary = format!("Create a {} of a {}", E::NAME, P::NAME);
    let description = format!("The path names the {}.", P::NAME);
    creation::<E>(
        &name,
        summary,
        &description,
        Some(id_parameter::<P>()),
        NOT_FOUND,
    )
}

fn creation<E: RestResource>(
    name: &str,
    summary: String,
    description: &str,
    parent: Option<Parameter>,
    refusals: &[u16],
) -> Operation {
    let answer = format!("The new {}.", E::NAME);
    let created = responses::created::<RowSchema<E>>(&answer, &links::<E>());
    operation::<E>(format!("create{name}"), summary, description)
        .parameters(Some(parent))
        .parameters(Some(grouped::<Repeated>()))
        .request_body(Some(request_body(&format!("Create{name}"), &[JSON])))
        .responses(answers(created, &[refusals, BAD_BODY, IDEMPOTENCY]))
        .build()
}

pub(crate) fn read<E: RestResource>() -> Operation {
    let name = capitalized(E::NAME);
    let (embed, tag) = if E::EMBEDS.is_empty() {
        ("", "ETag".to_owned())
    } else {
        let text = "; `embed` sets conditions aside, and the answer has a weak `ETag`";
        (text, format!("{name}Tag"))
    };
    let (id, summary) = (format!("get{name}"), format!("Get a {}", E::NAME));
    let description = format!("With `If-None-Match`, only if it has changed{embed}.");
    let answer = format!("The {}.", E::NAME);
    let read = responses::read::<RowSchema<E>>(&answer, &links::<E>(), &tag);
    operation::<E>(id, summary, description)
        .parameters(Some([id_parameter::<E>()]))
        .parameters(Some(embed_parameter::<E>()))
        .parameters(Some(grouped::<Conditional>()))
        .responses(answers(read, &[NOT_FOUND, READ_PRECONDITION]))
        .build()
}

pub(crate) fn replace<E: RestResource>() -> Operation {
    let description = "What `GET` returned can be changed and sent back as it is.";
    change::<E>(
        "replace",
        format!("Replace a {}", E::NAME),
        description,
        &[JSON],
    )
}

pub(crate) fn patch<E: RestResource>() -> Operation {
    let summary = format!("Change members of a {}", E::NAME);
    let description = "A merge patch (RFC 7396): what is left out stays as it is.";
    let media = &["application/merge-patch+json", JSON];
    change::<E>("update", summary, description, media)
}

fn change<E: RestResource>(
    verb: &str,
    summary: String,
    description: &str,
    media: &[MediaType],
) -> Operation {
    let name = capitalized(E::NAME);
    let schema = format!("{}{name}", capitalized(verb));
    let answer = format!("The {} as it is now.", E::NAME);
    let changed = responses::changed::<RowSchema<E>>(&answer, &links::<E>());
    let refusals = &[
        NOT_FOUND,
        BAD_BODY,
        CONFLICT,
        WRITE_PRECONDITION,
        IDEMPOTENCY,
    ];
    operation::<E>(format!("{verb}{name}"), summary, description)
        .parameters(Some([id_parameter::<E>()]))
        .parameters(Some(grouped::<Guard>()))
        .parameters(Some(grouped::<Repeated>()))
        .request_body(Some(request_body(&schema, media)))
        .responses(answers(changed, refusals))
        .build()
}

pub(crate) fn delete<E: RestResource>() -> Operation {
    let name = E::NAME;
    let (id, summary) = (
        format!("delete{}", capitalized(name)),
        format!("Delete a {name}"),
    );
    let children: Vec<_> = E::CHILDREN.iter().map(|children| children.name).collect();
    let description = if children.is_empty() {
        "With `If-Match`, only if it has not changed since.".to_owned()
    } else {
        let (names, choices) = (children.join(" or "), children.join("=delete&"));
        format!("A {name} that has {names} is deleted only with them: `{choices}=delete`.")
    };
    let choices = children.into_iter().map(|children| {
        let description = format!(
            "What becomes of the {name}'s {children}. Without it, a {name} that has {children} is kept."
        );
        let schema = one_of(["delete".to_owned()]);
        query(children, &description, schema)
    });
    let refusals = &[NOT_FOUND, CONFLICT, WRITE_PRECONDITION, IDEMPOTENCY];
    operation::<E>(id, summary, description)
        .parameters(Some([id_parameter::<E>()]))
        .parameters(Some(choices))
        .parameters(Some(grouped::<Guard>()))
        .parameters(Some(grouped::<Repeated>()))
        .responses(answers(Deleted::responses(), refusals))
        .build()
}

fn operation<E: RestResource>(
    id: String,
    summary: String,
    description: impl Into<String>,
) -> OperationBuilder {
    OperationBuilder::new()
        .tag(E::PLURAL)
        .operation_id(Some(id))
        .summary(Some(summary))
        .description(Some(description))
}

/// Explains by an example that a range needs the sort on its key.
fn filter_example<E: RestResource>() -> String {
    let mut keys = E::SortKey::ALL.iter();
    let example = keys.find_map(|key| match key.kind() {
        SortKind::Text => Some(format!("{}.starts", key.name())),
        SortKind::Time => Some(format!("{}.gte", key.name())),
        SortKind::Id | SortKind::UniqueText => None,
    });
    example.map_or_else(String::new, |example| {
        format!(" A filter on a key, such as `{example}`, goes with the\nsort on that key only.")
    })
}

fn list_parameters<E: RestResource>(filters: bool) -> Vec<Parameter> {
    let mut parameters = vec![limit(), cursor(), sort::<E>()];
    if filters {
        parameters.extend(E::FILTERS.iter().map(|filter| {
            let schema = (filter.schema)();
            query(filter.name, filter.description, schema)
        }));
    }
    for key in E::SortKey::ALL {
        match key.kind() {
            SortKind::Id | SortKind::UniqueText => {}
            SortKind::Text => parameters.push(starts(key.name())),
            SortKind::Time => parameters.extend([from(key.name()), until(key.name())]),
        }
    }
    parameters.extend(embed_parameter::<E>());
    parameters.extend([prefer(), if_none_match()]);
    parameters
}

fn embed_parameter<E: RestResource>() -> Option<Parameter> {
    let (first, others) = E::EMBEDS.split_first()?;
    let names = E::EMBEDS
        .iter()
        .map(|embed| embed.relation.parent.to_owned());
    let (role, name, parent) = (first.role, E::NAME, first.relation.parent);
    let others = others.iter().map(|embed| {
        let (role, parent) = (embed.role, embed.relation.parent);
        format!("; or the {role}, as `{parent}`")
    });
    let others: String = others.collect();
    let description = format!("Adds the {role} to each {name}, as `{parent}`{others}.");
    Some(query("embed", &description, one_of(names)))
}

fn id_parameter<E: RestResource>() -> Parameter {
    parameters::id(E::ID_PARAMETER, &format!("The {}.", E::NAME))
}

fn grouped<G: IntoParams>() -> Vec<Parameter> {
    G::into_params(|| None)
}

fn request_body(schema: &str, media: &[MediaType]) -> RequestBody {
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    let content = || Content::new(Some(Ref::from_schema_name(schema)));
    let body = media
        .iter()
        .fold(body, |body, media| body.content(*media, content()));
    body.build()
}

/// Returns the responses of an operation: on success, those that all operations have, and
/// these refusals.
fn answers(success: Responses, refusals: &[&[u16]]) -> utoipa::openapi::Responses {
    let statuses = [&[COMMON, AUTH], refusals].concat().concat();
    ResponsesBuilder::new()
        .responses_from_iter(success)
        .responses_from_iter(refuse(&statuses))
        .build()
}

/// Returns the links in a response with a row of `E`: to its own operations, to those of its
/// children, and to its parents.
fn links<E: RestResource>() -> Links {
    let name = capitalized(E::NAME);
    let own = ["get", "replace", "update", "delete"].map(|verb| {
        let operation = format!("{verb}{name}");
        link(operation, E::ID_PARAMETER, "id")
    });
    let mut links = RowLinks::<E>(BTreeMap::from(own), PhantomData);
    for_each_entity!(visit_parents_of(&mut links));
    links.0
}

fn visit_parents_of<E: RestResource>(visitor: &mut impl ParentVisitor) {
    E::visit_parents(visitor);
}

/// Collects the links between `E` and its children and parents.
struct RowLinks<E>(Links, PhantomData<E>);

impl<E: RestResource> ParentVisitor for RowLinks<E> {
    fn parent<P: RestResource, C: NestedIn<P>>(&mut self) {
        let parent = capitalized(P::NAME);
        if P::NAME == E::NAME {
            let list = format!("list{parent}{}", capitalized(C::PLURAL));
            let create = format!("create{parent}{}", capitalized(C::NAME));
            let links = [list, create].map(|operation| link(operation, P::ID_PARAMETER, "id"));
            self.0.extend(links);
        }
        if C::NAME == E::NAME {
            let field = C::RELATION.field;
            self.0
                .extend([link(format!("get{parent}"), P::ID_PARAMETER, field)]);
        }
    }
}
