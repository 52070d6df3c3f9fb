//! `/users` and `/users/{user_id}`.

use byline_application::UserFilter;
use byline_domain::{EmailAddress, UserFields, UserName};
use serde_json::json;
use utoipa::openapi::ObjectBuilder;

use crate::list::filter;
use crate::openapi::schemas::{line, string};
use crate::resources::declare::rest_resource;
use crate::resources::document::RowSchema;

/// The schema of a user as it is answered.
pub(crate) type UserSchema = RowSchema<UserFields>;

rest_resource! {
    UserFields;
    scopes { UsersRead, UsersWrite }
    batch { User }
    description { "Those who write." }
    creation { "The e-mail address must not be that of another user." }
    example {"id": 1, "name": "Ada Lovelace", "email": "ada@example.org"}
    change {"name": "Countess of Lovelace"}
    paths { "/users", "/users/{user_id}", "user_id" }
    filters {
        "email": |text| Ok(UserFilter::Email(filter::text(text)?)),
            email().description::<String>(None),
            "The address, without regard to upper and lower case.";
    }
    parents {}
    fields {
        name: UserName, line::<UserName>("Ada Lovelace");
        email: EmailAddress, email();
    }
}

/// The pattern of the HTML living standard, with a dot in the domain.
const EMAIL: &str = "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@\
    [a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\
    (\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$";

fn email() -> ObjectBuilder {
    string(5, EmailAddress::MAX_CHARS, EMAIL)
        // No `format: email`: that is RFC 5321's, which differs in small ways.
        .description(Some(
            "Unique without regard to upper and lower case. Returned as it was sent.",
        ))
        .examples([json!("ada@example.org")])
}
