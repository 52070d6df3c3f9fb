//! The schemas of users: their members and bodies, with the limits of the domain.

use byline_domain::{EmailAddress, UserName};
use serde_json::{Value, json};
use utoipa::openapi::ObjectBuilder;

use crate::openapi::schemas::{LINE, Members, bodies, string};

pub(crate) const OF_USER: Members = &[("name", name), ("email", email)];

bodies! {
    CreateUser OF_USER true false "A user to create."
        {"name": "Ada Lovelace", "email": "ada@example.org"}
    ReplaceUser OF_USER true true "All that a client can set of a user."
        {"name": "Countess of Lovelace", "email": "ada@example.org"}
    UpdateUser OF_USER false true "What to change of a user (RFC 7396)."
        {"name": "Countess of Lovelace"}
}

/// A user as it is answered, for examples.
pub(crate) fn ada() -> Value {
    json!({
        "id": 1, "name": "Ada Lovelace", "email": "ada@example.org",
        "created_at": "2026-11-22T10:00:00.123456Z", "updated_at": "2026-11-22T10:00:00.123456Z"
    })
}

pub(crate) fn name() -> ObjectBuilder {
    string(1, UserName::MAX_CHARS, LINE)
        .description(Some(
            "Not blank, no control characters. Stored and returned exactly as sent.",
        ))
        .examples([json!("Ada Lovelace")])
}

/// The pattern of the HTML living standard, with a dot in the domain.
const EMAIL: &str = "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@\
    [a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\
    (\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$";

pub(crate) fn email() -> ObjectBuilder {
    string(5, EmailAddress::MAX_CHARS, EMAIL)
        // No `format: email`: that is RFC 5321's, which differs in small ways.
        .description(Some(
            "Unique without regard to upper and lower case. Returned as it was sent.",
        ))
        .examples([json!("ada@example.org")])
}
