//! Posts in the OpenAPI document: their parameters and responses.

use utoipa::openapi::path::{Parameter, ParameterIn};

use super::list::PostSortKey;
use super::response::PostResponse;
use crate::openapi::parameters::{
    self, cursor, from, id, if_none_match, limit, one_of, parameter, prefer, sort, starts, until,
};
use crate::openapi::responses::{self, ResponseLinks, changed, created, list, read};
use crate::openapi::schemas;

parameters::groups! {
    PostPath: id("post_id", "The post.");
    PostLists: limit(), cursor(), sort::<PostSortKey>(), author(), starts("title"),
        from("created_at"), until("created_at"), from("updated_at"), until("updated_at"),
        embed(), prefer(), if_none_match();
    UserPostLists: limit(), cursor(), sort::<PostSortKey>(), starts("title"),
        from("created_at"), until("created_at"), from("updated_at"), until("updated_at"),
        embed(), prefer(), if_none_match();
    Embed: embed();
}

responses::groups! {
    PostRead: read::<PostResponse<'_>>("The post.", TO_POST, "PostTag");
    PostCreated: created::<PostResponse<'_>>("The new post.", TO_POST);
    PostChanged: changed::<PostResponse<'_>>("The post as it is now.", TO_POST);
    PostList: list::<PostResponse<'_>>("A page of posts.", &super::schemas::notes());
}

const TO_POST: ResponseLinks = &[
    ("getPost", "post_id", "$response.body#/id"),
    ("replacePost", "post_id", "$response.body#/id"),
    ("updatePost", "post_id", "$response.body#/id"),
    ("deletePost", "post_id", "$response.body#/id"),
    ("getUser", "user_id", "$response.body#/user_id"),
];

fn author() -> Parameter {
    let schema = schemas::id().description::<String>(None);
    parameter(ParameterIn::Query, "user_id", "The author.", schema)
}

fn embed() -> Parameter {
    let schema = one_of(["user".to_owned()]);
    let description = "Adds the author to each post, as `user`.";
    parameter(ParameterIn::Query, "embed", description, schema)
}
