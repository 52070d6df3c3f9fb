//! Users in the OpenAPI document: their parameters and responses.

use utoipa::openapi::path::{Parameter, ParameterIn};

use super::list::UserSortKey;
use super::response::UserResponse;
use super::schemas;
use crate::openapi::parameters::{
    self, cursor, from, id, if_none_match, limit, one_of, parameter, prefer, sort, starts, until,
};
use crate::openapi::responses::{self, ResponseLinks, changed, created, list, read};

parameters::groups! {
    UserPath: id("user_id", "The user.");
    UserLists: limit(), cursor(), sort::<UserSortKey>(), email(), starts("name"),
        from("created_at"), until("created_at"), prefer(), if_none_match();
    WithPosts: posts();
}

responses::groups! {
    UserRead: read::<UserResponse<'_>>("The user.", TO_USER, "ETag");
    UserCreated: created::<UserResponse<'_>>("The new user.", TO_USER);
    UserChanged: changed::<UserResponse<'_>>("The user as it is now.", TO_USER);
    UserList: list::<UserResponse<'_>>("A page of users.", &schemas::ada());
}

const TO_USER: ResponseLinks = &[
    ("getUser", "user_id", "$response.body#/id"),
    ("replaceUser", "user_id", "$response.body#/id"),
    ("updateUser", "user_id", "$response.body#/id"),
    ("deleteUser", "user_id", "$response.body#/id"),
    ("listUserPosts", "user_id", "$response.body#/id"),
    ("createUserPost", "user_id", "$response.body#/id"),
];

fn email() -> Parameter {
    let schema = schemas::email().description::<String>(None);
    let description = "The address, without regard to upper and lower case.";
    parameter(ParameterIn::Query, "email", description, schema)
}

fn posts() -> Parameter {
    let schema = one_of(["delete".to_owned()]);
    let description = "What becomes of the user's posts. Without it, a user who has posts is kept.";
    parameter(ParameterIn::Query, "posts", description, schema)
}
