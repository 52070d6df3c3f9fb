use byline_domain::{User, Version};
use serde::Serialize;

use crate::answer::Representation;
use crate::time::Time;

/// A user on the wire.
#[derive(Serialize)]
pub(crate) struct UserResponse<'a> {
    id: i64,
    name: &'a str,
    email: &'a str,
    created_at: Time,
    updated_at: Time,
    #[serde(skip)]
    version: Version,
}

impl<'a> From<&'a User> for UserResponse<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.get(),
            name: user.name.as_str(),
            email: user.email.as_str(),
            created_at: Time(user.created_at),
            updated_at: Time(user.updated_at),
            version: user.version,
        }
    }
}

impl Representation for UserResponse<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn size_hint(&self) -> usize {
        128 + 16 + self.name.len() + self.email.len()
    }
}
