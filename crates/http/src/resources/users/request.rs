use byline_domain::{EmailAddress, NewUser, UserChange, UserName};

use crate::problem::Problem;
use crate::request::json_object::{Fields, ObjectSchema, ReadOnly, text_of};

const WRITABLE: &[&str] = &["name", "email"];
const GIVEN: &[&str] = &["id", "created_at", "updated_at"];

/// The body of `POST /users`.
pub(crate) fn create(body: &[u8]) -> Result<NewUser, Problem> {
    whole(body, ReadOnly::Refused(GIVEN))
}

/// The body of `PUT /users/{user_id}`.
pub(in crate::resources::users) fn replace(body: &[u8]) -> Result<NewUser, Problem> {
    whole(body, ReadOnly::Ignored(GIVEN))
}

/// The body of `PATCH /users/{user_id}`, a merge patch (RFC 7396).
pub(crate) fn patch(body: &[u8]) -> Result<UserChange, Problem> {
    let read_only = ReadOnly::Ignored(GIVEN);
    let mut fields = Fields::parse(
        body,
        ObjectSchema {
            writable: WRITABLE,
            read_only,
        },
    )?;
    let change = UserChange {
        name: fields.optional("name", text_of(UserName::parse)),
        email: fields.optional("email", text_of(EmailAddress::parse)),
    };
    fields.finish(Some(change))
}

fn whole(body: &[u8], read_only: ReadOnly) -> Result<NewUser, Problem> {
    let mut fields = Fields::parse(
        body,
        ObjectSchema {
            writable: WRITABLE,
            read_only,
        },
    )?;
    let name = fields.required("name", text_of(UserName::parse));
    let email = fields.required("email", text_of(EmailAddress::parse));
    fields.finish(name.zip(email).map(|(name, email)| NewUser { name, email }))
}
