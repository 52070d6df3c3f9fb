use byline_domain::{Content, NewPost, PostChange, Title, UserId};

use serde_json::Value;

use crate::problem::Problem;
use crate::request::json_object::{FieldViolations, Fields, ObjectSchema, ReadOnly, id, text_of};

const WRITABLE: &[&str] = &["user_id", "title", "content"];
const GIVEN: &[&str] = &["id", "created_at", "updated_at"];

/// Author, title and content, as far as they shall change.
type Patch<A> = (Option<A>, Option<Title>, Option<Content>);

/// The body of `POST /posts`.
pub(in crate::resources::posts) fn create(body: &[u8]) -> Result<NewPost, Problem> {
    whole(body, ReadOnly::Refused(GIVEN), id).map(new_post)
}

/// The same, with authors of whatever kind `author` reads.
pub(crate) fn create_by<A>(
    body: &[u8],
    author: impl FnOnce(Value) -> Result<A, FieldViolations>,
) -> Result<(A, Title, Content), Problem> {
    whole(body, ReadOnly::Refused(GIVEN), author)
}

/// The body of `POST /users/{user_id}/posts`: the path names the author.
pub(in crate::resources::posts) fn create_of(
    author: UserId,
    body: &[u8],
) -> Result<NewPost, Problem> {
    let schema = ObjectSchema {
        writable: &["title", "content"],
        read_only: ReadOnly::Refused(&["user_id", "id", "created_at", "updated_at"]),
    };
    texts(Fields::parse(body, schema)?, Some(author)).map(new_post)
}

/// The body of `PUT /posts/{post_id}`.
pub(in crate::resources::posts) fn replace(body: &[u8]) -> Result<NewPost, Problem> {
    whole(body, ReadOnly::Ignored(GIVEN), id).map(new_post)
}

/// The body of `PATCH /posts/{post_id}`, a merge patch (RFC 7396).
pub(in crate::resources::posts) fn patch(body: &[u8]) -> Result<PostChange, Problem> {
    let (user_id, title, content) = patch_by(body, id)?;
    Ok(PostChange {
        user_id,
        title,
        content,
    })
}

/// The same, with authors of whatever kind `author` reads.
pub(crate) fn patch_by<A>(
    body: &[u8],
    author: impl FnOnce(Value) -> Result<A, FieldViolations>,
) -> Result<Patch<A>, Problem> {
    let read_only = ReadOnly::Ignored(GIVEN);
    let mut fields = Fields::parse(
        body,
        ObjectSchema {
            writable: WRITABLE,
            read_only,
        },
    )?;
    let change = (
        fields.optional("user_id", author),
        fields.optional("title", text_of(Title::parse)),
        fields.optional("content", text_of(Content::parse)),
    );
    fields.finish(Some(change))
}

fn whole<A>(
    body: &[u8],
    read_only: ReadOnly,
    author: impl FnOnce(Value) -> Result<A, FieldViolations>,
) -> Result<(A, Title, Content), Problem> {
    let mut fields = Fields::parse(
        body,
        ObjectSchema {
            writable: WRITABLE,
            read_only,
        },
    )?;
    let author = fields.required("user_id", author);
    texts(fields, author)
}

fn texts<A>(mut fields: Fields, author: Option<A>) -> Result<(A, Title, Content), Problem> {
    let title = fields.required("title", text_of(Title::parse));
    let content = fields.required("content", text_of(Content::parse));
    let texts = title.zip(content);
    fields.finish(
        author
            .zip(texts)
            .map(|(author, (title, content))| (author, title, content)),
    )
}

fn new_post((user_id, title, content): (UserId, Title, Content)) -> NewPost {
    NewPost {
        user_id,
        title,
        content,
    }
}
