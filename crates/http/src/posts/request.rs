use byline_domain::{Content, NewPost, PostChange, Title, UserId};

use crate::fields::{Fields, ReadOnly, Schema, text_of, user_id};
use crate::problem::Problem;

const WRITABLE: &[&str] = &["user_id", "title", "content"];
const GIVEN: &[&str] = &["id", "created_at", "updated_at"];

/// The body of `POST /posts`.
pub(super) fn create(body: &[u8]) -> Result<NewPost, Problem> {
    whole(body, ReadOnly::Refused(GIVEN))
}

/// The body of `POST /users/{user_id}/posts`: the path names the author.
pub(super) fn create_of(author: UserId, body: &[u8]) -> Result<NewPost, Problem> {
    let schema = Schema {
        writable: &["title", "content"],
        read_only: ReadOnly::Refused(&["user_id", "id", "created_at", "updated_at"]),
    };
    texts(Fields::parse(body, schema)?, Some(author))
}

/// The body of `PUT /posts/{post_id}`.
pub(super) fn replace(body: &[u8]) -> Result<NewPost, Problem> {
    whole(body, ReadOnly::Ignored(GIVEN))
}

/// The body of `PATCH /posts/{post_id}`, a merge patch (RFC 7396).
pub(super) fn patch(body: &[u8]) -> Result<PostChange, Problem> {
    let read_only = ReadOnly::Ignored(GIVEN);
    let mut fields = Fields::parse(
        body,
        Schema {
            writable: WRITABLE,
            read_only,
        },
    )?;
    let change = PostChange {
        user_id: fields.optional("user_id", user_id),
        title: fields.optional("title", text_of(Title::parse)),
        content: fields.optional("content", text_of(Content::parse)),
    };
    fields.finish(Some(change))
}

fn whole(body: &[u8], read_only: ReadOnly) -> Result<NewPost, Problem> {
    let mut fields = Fields::parse(
        body,
        Schema {
            writable: WRITABLE,
            read_only,
        },
    )?;
    let author = fields.required("user_id", user_id);
    texts(fields, author)
}

fn texts(mut fields: Fields, author: Option<UserId>) -> Result<NewPost, Problem> {
    let title = fields.required("title", text_of(Title::parse));
    let content = fields.required("content", text_of(Content::parse));
    let texts = title.zip(content);
    fields.finish(
        author
            .zip(texts)
            .map(|(user_id, (title, content))| NewPost {
                user_id,
                title,
                content,
            }),
    )
}
