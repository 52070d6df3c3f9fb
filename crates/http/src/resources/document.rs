//! What the OpenAPI document says of an entity: its schemas and operations.

use std::borrow::Cow;
use std::marker::PhantomData;

use byline_application::{SortKey, SortKind};
use byline_domain::Relation;
use serde_json::Value;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{
    Components, Content, ObjectBuilder, Ref, RefOr, Required, ResponsesBuilder, Schema, Type,
};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

use crate::openapi::parameters::{
    self, Conditional, Guard, Repeated, cursor, from, if_none_match, limit, one_of, parameter,
    prefer, sort, starts, until,
};
use crate::openapi::refusals::{
    AuthErrors, BadBody, CommonErrors, Conflict, IdempotencyErrors, NotFound, ReadPrecondition,
    WritePrecondition,
};
use crate::openapi::responses::{self, Deleted, ResponseLink, Responses};
use crate::openapi::{headers, schemas};
use crate::resource::{Embed, NestedIn, ParentVisitor, RestResource, body};
use crate::resources::for_each_entity;

/// The schema of a row as it is answered.
pub(crate) struct RowSchema<E>(PhantomData<E>);

impl<E: RestResource> ToSchema for RowSchema<E> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(capitalized(E::NAME))
    }
}

impl<E: RestResource> PartialSchema for RowSchema<E> {
    fn schema() -> RefOr<Schema> {
        let description = format!("A {}, as the service answers it.", E::NAME);
        let mut row = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(description))
            .property("id", schemas::id())
            .required("id");
        for field in E::FIELDS {
            row = row
                .property(field.name, (field.schema)())
                .required(field.name);
        }
        row = row
            .property("created_at", schemas::created_at())
            .required("created_at")
            .property("updated_at", schemas::updated_at())
            .required("updated_at");
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

/// Adds the schemas of `E` and the headers that only its answers have.
pub(crate) fn add_components<E: RestResource>(components: &mut Components) {
    let name = capitalized(E::NAME);
    let all = |_: &str| true;
    let example = example_of::<E>(all);
    let mut replacement = example.clone();
    merge(&mut replacement, E::example_change());
    let create = format!("A {} to create.", E::NAME);
    let replace = format!("All that a client can set of a {}.", E::NAME);
    let update = format!("What to change of a {} (RFC 7396).", E::NAME);
    let schemas = [
        (name.clone(), RowSchema::<E>::schema()),
        (
            format!("Create{name}"),
            body_schema::<E>(all, true, false, &create, example),
        ),
        (
            format!("Replace{name}"),
            body_schema::<E>(all, true, true, &replace, replacement),
        ),
        (
            format!("Update{name}"),
            body_schema::<E>(all, false, true, &update, E::example_change()),
        ),
    ];
    components.schemas.extend(schemas);
    E::visit_parents(&mut NestedBodies(components));
    if !E::EMBEDS.is_empty() {
        let roles: Vec<_> = E::EMBEDS.iter().map(|embed| embed.role).collect();
        let (name, header) = headers::tag_of_embedding(E::NAME, &roles.join(" or "));
        components.headers.insert(name, header);
    }
}

/// Adds the bodies of creations among the rows of a parent.
struct NestedBodies<'a>(&'a mut Components);

impl ParentVisitor for NestedBodies<'_> {
    fn parent<P: RestResource, E: NestedIn<P>>(&mut self) {
        let own = |name: &str| name != E::RELATION.field;
        let role = E::EMBEDS
            .iter()
            .find(|embed| embed.relation == E::RELATION)
            .map_or(P::NAME, |embed| embed.role);
        let description = format!("A {} to create; the path names its {role}.", E::NAME);
        let schema = body_schema::<E>(own, true, false, &description, example_of::<E>(own));
        let name = format!("Create{}{}", capitalized(P::NAME), capitalized(E::NAME));
        self.0.schemas.insert(name, schema);
    }
}

/// Returns the members of the example that clients write.
fn example_of<E: RestResource>(has: impl Fn(&str) -> bool) -> Value {
    let mut example = E::example();
    if let Some(members) = example.as_object_mut() {
        members.retain(|name, _| !body::GIVEN.contains(&name.as_str()) && has(name));
    }
    example
}

fn merge(example: &mut Value, change: Value) {
    if let (Some(members), Value::Object(change)) = (example.as_object_mut(), change) {
        members.extend(change);
    }
}

/// Describes a body: the fields that it has, whether they must be there, and whether what the
/// server gives may be sent back.
fn body_schema<E: RestResource>(
    has: impl Fn(&str) -> bool,
    required: bool,
    sent_back: bool,
    description: &str,
    example: Value,
) -> RefOr<Schema> {
    let object = members::<E>(has, required, sent_back);
    object
        .description(Some(description))
        .examples([example])
        .into()
}

/// Describes an object with the fields that `has` selects.
pub(crate) fn members<E: RestResource>(
    has: impl Fn(&str) -> bool,
    required: bool,
    sent_back: bool,
) -> ObjectBuilder {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for field in E::FIELDS.iter().filter(|field| has(field.name)) {
        object = object.property(field.name, (field.schema)());
        if required {
            object = object.required(field.name);
        }
    }
    if sent_back {
        for name in body::GIVEN {
            object = object.property(*name, schemas::ignored());
        }
    }
    object
}

pub(crate) fn list<E: RestResource>() -> Operation {
    let plural = E::PLURAL;
    let description = format!("A page of all {plural}.{}", filter_example::<E>());
    operation::<E>(
        "list",
        &capitalized(plural),
        &format!("List {plural}"),
        &description,
    )
    .parameters(Some(list_parameters::<E>(true)))
    .responses(together([
        responses::list::<RowSchema<E>>(&format!("A page of {plural}."), &E::example()),
        CommonErrors::responses(),
        AuthErrors::responses(),
    ]))
    .build()
}

pub(crate) fn list_of<P: RestResource, E: NestedIn<P>>() -> Operation {
    let (parent, plural) = (P::NAME, E::PLURAL);
    let id = format!("{}{}", capitalized(parent), capitalized(plural));
    let summary = format!("List the {plural} of a {parent}");
    let description = format!(
        "A page of the {plural} of one {parent}.{}",
        filter_example::<E>()
    );
    operation::<E>("list", &id, &summary, &description)
        .parameters(Some([id_parameter::<P>()]))
        .parameters(Some(list_parameters::<E>(false)))
        .responses(together([
            responses::list::<RowSchema<E>>(&format!("A page of {plural}."), &E::example()),
            CommonErrors::responses(),
            AuthErrors::responses(),
            NotFound::responses(),
        ]))
        .build()
}

pub(crate) fn create<E: RestResource>() -> Operation {
    let name = capitalized(E::NAME);
    operation::<E>(
        "create",
        &name,
        &format!("Create a {}", E::NAME),
        E::CREATION,
    )
    .parameters(Some(grouped::<Repeated>()))
    .request_body(Some(request_body(
        &format!("Create{name}"),
        &["application/json"],
    )))
    .responses(together([
        created::<E>(),
        CommonErrors::responses(),
        AuthErrors::responses(),
        BadBody::responses(),
        Conflict::responses(),
        IdempotencyErrors::responses(),
    ]))
    .build()
}

pub(crate) fn create_of<P: RestResource, E: NestedIn<P>>() -> Operation {
    let id = format!("{}{}", capitalized(P::NAME), capitalized(E::NAME));
    let summary = format!("Create a {} of a {}", E::NAME, P::NAME);
    let description = format!("The path names the {}.", P::NAME);
    operation::<E>("create", &id, &summary, &description)
        .parameters(Some([id_parameter::<P>()]))
        .parameters(Some(grouped::<Repeated>()))
        .request_body(Some(request_body(
            &format!("Create{id}"),
            &["application/json"],
        )))
        .responses(together([
            created::<E>(),
            CommonErrors::responses(),
            AuthErrors::responses(),
            NotFound::responses(),
            BadBody::responses(),
            IdempotencyErrors::responses(),
        ]))
        .build()
}

pub(crate) fn read<E: RestResource>() -> Operation {
    let name = capitalized(E::NAME);
    let (embed, tag) = if E::EMBEDS.is_empty() {
        (String::new(), "ETag".to_owned())
    } else {
        let text = "; `embed` sets conditions aside, and the answer has a weak `ETag`".to_owned();
        (text, format!("{name}Tag"))
    };
    let description = format!("With `If-None-Match`, only if it has changed{embed}.");
    let answer = format!("The {}.", E::NAME);
    operation::<E>("get", &name, &format!("Get a {}", E::NAME), &description)
        .parameters(Some([id_parameter::<E>()]))
        .parameters(Some(embed_parameter::<E>()))
        .parameters(Some(grouped::<Conditional>()))
        .responses(together([
            responses::read::<RowSchema<E>>(&answer, &links::<E>(), &tag),
            CommonErrors::responses(),
            AuthErrors::responses(),
            NotFound::responses(),
            ReadPrecondition::responses(),
        ]))
        .build()
}

pub(crate) fn replace<E: RestResource>() -> Operation {
    let name = capitalized(E::NAME);
    let description = "What `GET` returned can be changed and sent back as it is.";
    operation::<E>(
        "replace",
        &name,
        &format!("Replace a {}", E::NAME),
        description,
    )
    .parameters(Some(write_parameters::<E>()))
    .request_body(Some(request_body(
        &format!("Replace{name}"),
        &["application/json"],
    )))
    .responses(changed::<E>())
    .build()
}

pub(crate) fn patch<E: RestResource>() -> Operation {
    let name = capitalized(E::NAME);
    let description = "A merge patch (RFC 7396): what is left out stays as it is.";
    let media = &["application/merge-patch+json", "application/json"];
    operation::<E>(
        "update",
        &name,
        &format!("Change members of a {}", E::NAME),
        description,
    )
    .parameters(Some(write_parameters::<E>()))
    .request_body(Some(request_body(&format!("Update{name}"), media)))
    .responses(changed::<E>())
    .build()
}

pub(crate) fn delete<E: RestResource>() -> Operation {
    let name = E::NAME;
    let description = match E::CHILDREN {
        [] => "With `If-Match`, only if it has not changed since.".to_owned(),
        children => {
            let names: Vec<_> = children.iter().map(|children| children.name).collect();
            format!(
                "A {name} that has {} is deleted only with them: `{}=delete`.",
                names.join(" or "),
                names.join("=delete&")
            )
        }
    };
    operation::<E>("delete", &capitalized(name), &format!("Delete a {name}"), &description)
        .parameters(Some([id_parameter::<E>()]))
        .parameters(Some(E::CHILDREN.iter().map(|children| {
            let children = children.name;
            let description = format!(
                "What becomes of the {name}'s {children}. Without it, a {name} that has {children} is kept."
            );
            let schema = one_of(["delete".to_owned()]);
            parameter(ParameterIn::Query, children, &description, schema)
        })))
        .parameters(Some(grouped::<Guard>()))
        .parameters(Some(grouped::<Repeated>()))
        .responses(together([
            Deleted::responses(),
            CommonErrors::responses(),
            AuthErrors::responses(),
            NotFound::responses(),
            Conflict::responses(),
            WritePrecondition::responses(),
            IdempotencyErrors::responses(),
        ]))
        .build()
}

fn operation<E: RestResource>(
    verb: &str,
    object: &str,
    summary: &str,
    description: &str,
) -> OperationBuilder {
    OperationBuilder::new()
        .tag(E::PLURAL)
        .operation_id(Some(format!("{verb}{object}")))
        .summary(Some(summary))
        .description(Some(description))
}

/// Explains that a range goes with its sort, by a filter that the list has.
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
            parameter(ParameterIn::Query, filter.name, filter.description, schema)
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
    Some(parameter(
        ParameterIn::Query,
        "embed",
        &description,
        one_of(names),
    ))
}

fn id_parameter<E: RestResource>() -> Parameter {
    parameters::id(E::ID_PARAMETER, &format!("The {}.", E::NAME))
}

fn write_parameters<E: RestResource>() -> Vec<Parameter> {
    let mut parameters = vec![id_parameter::<E>()];
    parameters.extend(grouped::<Guard>());
    parameters.extend(grouped::<Repeated>());
    parameters
}

fn grouped<G: IntoParams>() -> Vec<Parameter> {
    G::into_params(|| None)
}

fn request_body(schema: &str, media: &[&str]) -> utoipa::openapi::request_body::RequestBody {
    let content = || Content::new(Some(Ref::from_schema_name(schema)));
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    let body = media
        .iter()
        .fold(body, |body, media| body.content(*media, content()));
    body.build()
}

fn created<E: RestResource>() -> Responses {
    responses::created::<RowSchema<E>>(&format!("The new {}.", E::NAME), &links::<E>())
}

fn changed<E: RestResource>() -> utoipa::openapi::Responses {
    let description = format!("The {} as it is now.", E::NAME);
    together([
        responses::changed::<RowSchema<E>>(&description, &links::<E>()),
        CommonErrors::responses(),
        AuthErrors::responses(),
        NotFound::responses(),
        BadBody::responses(),
        Conflict::responses(),
        WritePrecondition::responses(),
        IdempotencyErrors::responses(),
    ])
}

fn together<const N: usize>(groups: [Responses; N]) -> utoipa::openapi::Responses {
    let responses = groups.into_iter().flatten();
    ResponsesBuilder::new()
        .responses_from_iter(responses)
        .build()
}

/// Returns where an answer with a row of `E` leads: to its own operations, to those of its
/// children, and to its parents.
fn links<E: RestResource>() -> Vec<ResponseLink> {
    let mut links: Vec<_> = ["get", "replace", "update", "delete"]
        .map(|verb| ResponseLink {
            operation: format!("{verb}{}", capitalized(E::NAME)),
            parameter: E::ID_PARAMETER,
            value: "$response.body#/id".to_owned(),
        })
        .into();
    let mut children = ChildLinks::<E>(Vec::new(), PhantomData);
    let visitor = &mut children;
    for_each_entity!(visit_parents_of(visitor));
    links.extend(children.0);
    let mut parents = ParentLinks(Vec::new());
    E::visit_parents(&mut parents);
    links.extend(parents.0);
    links
}

fn visit_parents_of<E: RestResource>(visitor: &mut impl ParentVisitor) {
    E::visit_parents(visitor);
}

/// Collects the links to the children of `E`.
struct ChildLinks<E>(Vec<ResponseLink>, PhantomData<E>);

impl<E: RestResource> ParentVisitor for ChildLinks<E> {
    fn parent<P: RestResource, C: NestedIn<P>>(&mut self) {
        if P::NAME != E::NAME {
            return;
        }
        let parent = capitalized(P::NAME);
        for operation in [
            format!("list{parent}{}", capitalized(C::PLURAL)),
            format!("create{parent}{}", capitalized(C::NAME)),
        ] {
            self.0.push(ResponseLink {
                operation,
                parameter: P::ID_PARAMETER,
                value: "$response.body#/id".to_owned(),
            });
        }
    }
}

/// Collects the links to the parents of an entity.
struct ParentLinks(Vec<ResponseLink>);

impl ParentVisitor for ParentLinks {
    fn parent<P: RestResource, E: NestedIn<P>>(&mut self) {
        let Relation { field, .. } = E::RELATION;
        self.0.push(ResponseLink {
            operation: format!("get{}", capitalized(P::NAME)),
            parameter: P::ID_PARAMETER,
            value: format!("$response.body#/{field}"),
        });
    }
}

/// Returns `name` as part of a name in camel case.
pub(crate) fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().into_iter();
    first
        .flat_map(char::to_uppercase)
        .chain(characters)
        .collect()
}
