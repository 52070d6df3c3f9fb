//! The schemas of posts: their members and bodies, with the limits of the domain.

use byline_domain::{Content, Title};
use serde_json::{Value, json};
use utoipa::openapi::ObjectBuilder;

use crate::openapi::schemas::{LINE, Members, TEXT, bodies, id, string};

const OF_POST: Members = &[
    ("user_id", author_id),
    ("title", title),
    ("content", content),
];

pub(crate) const OF_POST_OF_USER: Members = &[("title", title), ("content", content)];

bodies! {
    CreatePost OF_POST true false "A post to create."
        {"user_id": 1, "title": "Notes", "content": "On the Analytical Engine"}
    CreateUserPost OF_POST_OF_USER true false "A post to create; the path names its author."
        {"title": "Notes", "content": "On the Analytical Engine"}
    ReplacePost OF_POST true true "All that a client can set of a post."
        {"user_id": 1, "title": "Notes by the translator", "content": "On the Analytical Engine"}
    UpdatePost OF_POST false true "What to change of a post (RFC 7396)."
        {"title": "Notes by the translator"}
}

/// A post as it is answered, for examples.
pub(crate) fn notes() -> Value {
    json!({
        "id": 7, "user_id": 1, "title": "Notes", "content": "On the Analytical Engine",
        "created_at": "2026-11-22T10:00:00.123456Z", "updated_at": "2026-11-22T10:00:00.123456Z"
    })
}

pub(crate) fn author_id() -> ObjectBuilder {
    id().description(Some("The user who wrote the post."))
}

pub(crate) fn title() -> ObjectBuilder {
    string(1, Title::MAX_CHARS, LINE)
        .description(Some(
            "Not blank, no control characters. Stored and returned exactly as sent.",
        ))
        .examples([json!("Notes")])
}

pub(crate) fn content() -> ObjectBuilder {
    string(0, Content::MAX_CHARS, TEXT)
        .description(Some(
            "No control characters but tab, line feed and carriage return.",
        ))
        .examples([json!("On the Analytical Engine")])
}
