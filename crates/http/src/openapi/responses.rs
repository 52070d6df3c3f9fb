//! What operations answer when they succeed.

use std::collections::BTreeMap;

use byline_application::Limit;
use byline_application::batch::MAX_OPERATIONS;
use serde_json::json;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::{
    ArrayBuilder, Content, ContentBuilder, Object, ObjectBuilder, Ref, RefOr, Response,
    ResponseBuilder, Schema, Type,
};
use utoipa::{IntoResponses, ToSchema};

use super::schemas::BatchResult;
use super::{headers, schemas};
use crate::problem::Explanation;
use crate::request::accept::{HTML, JSON, TEXT};
use crate::resources::me::Me;
use crate::resources::posts::PostResponse;
use crate::resources::users::UserResponse;
use crate::service::document::ServiceDocument;
use crate::service::health::Status;

pub(super) type Responses = BTreeMap<String, RefOr<Response>>;

/// Declares groups of responses by the functions that describe them.
macro_rules! groups {
    ($($name:ident: $responses:expr;)+) => {
        $(
            #[doc = concat!("Responses: `", stringify!($responses), "`")]
            pub(crate) enum $name {}

            impl IntoResponses for $name {
                fn responses() -> super::responses::Responses {
                    $responses
                }
            }
        )+
    };
}
pub(super) use groups;

groups! {
    UserRead: read::<UserResponse<'_>>("The user.", TO_USER, "ETag");
    UserCreated: created::<UserResponse<'_>>("The new user.", TO_USER);
    UserChanged: changed::<UserResponse<'_>>("The user as it is now.", TO_USER);
    UserList: list::<UserResponse<'_>>("A page of users.", &schemas::ada());
    PostRead: read::<PostResponse<'_>>("The post.", TO_POST, "PostTag");
    PostCreated: created::<PostResponse<'_>>("The new post.", TO_POST);
    PostChanged: changed::<PostResponse<'_>>("The post as it is now.", TO_POST);
    PostList: list::<PostResponse<'_>>("A page of posts.", &schemas::notes());
    Deleted: one("204", response("It is deleted."), OF_WRITES);
    BatchDone: batch_done();
    StatusDocument: one("200", json_of::<Status>("It does."), &[]);
    MeDocument: one("200", json_of::<Me<'_>>("It is this."), &["Cache-Control"]);
    ServiceDescription: service_description();
    ProblemPage: problem_page();
    DocsPage: docs_page();
    OpenApiDocument: open_api_document();
}

/// Where a response leads: the operation, its parameter, where its value is.
type ResponseLinks = &'static [(&'static str, &'static str, &'static str)];

const TO_USER: ResponseLinks = &[
    ("getUser", "user_id", "$response.body#/id"),
    ("replaceUser", "user_id", "$response.body#/id"),
    ("updateUser", "user_id", "$response.body#/id"),
    ("deleteUser", "user_id", "$response.body#/id"),
    ("listUserPosts", "user_id", "$response.body#/id"),
    ("createUserPost", "user_id", "$response.body#/id"),
];

const TO_POST: ResponseLinks = &[
    ("getPost", "post_id", "$response.body#/id"),
    ("replacePost", "post_id", "$response.body#/id"),
    ("updatePost", "post_id", "$response.body#/id"),
    ("deletePost", "post_id", "$response.body#/id"),
    ("getUser", "user_id", "$response.body#/user_id"),
];

fn links(to: ResponseLinks) -> BTreeMap<String, RefOr<Link>> {
    to.iter()
        .map(|(operation, parameter, value)| {
            let link = LinkBuilder::new()
                .operation_id(*operation)
                .parameter(*parameter, *value)
                .build();
            ((*operation).to_owned(), RefOr::T(link))
        })
        .collect()
}

fn response(description: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(description)
}

fn json_of<T: ToSchema>(description: &str) -> ResponseBuilder {
    response(description).content(JSON, content_of::<T>())
}

fn content_of<T: ToSchema>() -> Content {
    Content::new(Some(Ref::from_schema_name(T::name())))
}

fn one(status: &str, response: ResponseBuilder, more: &[&str]) -> Responses {
    let mut response = response.build();
    response.headers = headers::named(more);
    Responses::from([(status.to_owned(), RefOr::T(response))])
}

fn read<T: ToSchema>(description: &str, to: ResponseLinks, tag: &str) -> Responses {
    let mut responses = one("200", json_of::<T>(description), &[tag]);
    responses.append(&mut not_modified(&[tag]));
    linked(responses, to)
}

fn not_modified(headers: &[&str]) -> Responses {
    one(
        "304",
        response("It is what `If-None-Match` names."),
        headers,
    )
}

/// What the answer to any write may have.
const OF_WRITES: &[&str] = &["Idempotency-Replayed", "Preference-Applied"];

fn changed<T: ToSchema>(description: &str, to: ResponseLinks) -> Responses {
    let headers = &[OF_WRITES, &["ETag"]].concat();
    let mut responses = linked(one("200", json_of::<T>(description), headers), to);
    responses.append(&mut minimal(headers));
    responses
}

fn minimal(headers: &[&str]) -> Responses {
    let description = "It is done; `Prefer: return=minimal` spared the body.";
    one("204", response(description), headers)
}

fn batch_done() -> Responses {
    let results = ArrayBuilder::new()
        .items(Ref::from_schema_name(BatchResult::name()))
        .max_items(Some(MAX_OPERATIONS));
    let content = ContentBuilder::new()
        .schema(Some(Schema::from(results)))
        .example(Some(json!([schemas::done()])))
        .build();
    let done = response("What became of each operation, in their order.").content(JSON, content);
    let mut responses = one("200", done, OF_WRITES);
    responses.append(&mut minimal(OF_WRITES));
    responses
}

fn created<T: ToSchema>(description: &str, to: ResponseLinks) -> Responses {
    linked(
        one(
            "201",
            json_of::<T>(description),
            &[OF_WRITES, &["ETag", "Location"]].concat(),
        ),
        to,
    )
}

fn linked(mut responses: Responses, to: ResponseLinks) -> Responses {
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            response.links = links(to);
        }
    }
    responses
}

fn list<T: ToSchema>(description: &str, example: &serde_json::Value) -> Responses {
    let rows = ArrayBuilder::new()
        .items(Ref::from_schema_name(T::name()))
        .max_items(Some(Limit::MAX.get().into()));
    let content = ContentBuilder::new()
        .schema(Some(Schema::from(rows)))
        .example(Some(json!([example])))
        .build();
    let headers = &[
        "WeakTag",
        "Vary",
        "Link",
        "X-Total-Count",
        "Preference-Applied",
    ];
    kept(response(description).content(JSON, content), headers)
}

fn service_description() -> Responses {
    let response = json_of::<ServiceDocument<'_>>("What this is.").content(HTML, text());
    kept(response, &["WeakTag", "Vary"])
}

fn problem_page() -> Responses {
    let response = response("What the code means.")
        .content(TEXT, text())
        .content(HTML, text())
        .content(JSON, content_of::<Explanation>());
    kept(response, &["WeakTag", "Vary"])
}

fn open_api_document() -> Responses {
    let content = Content::new(Some(Object::with_type(Type::Object)));
    kept(
        response("The document.").content(JSON, content),
        &["WeakTag"],
    )
}

fn docs_page() -> Responses {
    let page = response("The page.").content(HTML, text());
    kept(page, &["WeakTag", "Vary"])
}

/// An answer that may be kept and validated.
fn kept(response: ResponseBuilder, headers: &[&str]) -> Responses {
    let mut responses = one("200", response, headers);
    responses.append(&mut not_modified(headers));
    responses
}

fn text() -> Content {
    let schema: ObjectBuilder = schemas::prose();
    Content::new(Some(schema))
}
