use std::hash::Hasher;

use byline_domain::{User, Version};
use fnv::FnvHasher;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::schemas;
use crate::response::representation::Representation;
use crate::response::time::Time;

/// A user, as the service answers it.
#[derive(Serialize, ToSchema)]
#[schema(as = User, examples(super::schemas::ada))]
pub(crate) struct UserResponse<'a> {
    #[schema(schema_with = schemas::id)]
    id: i64,
    #[schema(schema_with = super::schemas::name)]
    name: &'a str,
    #[schema(schema_with = super::schemas::email)]
    email: &'a str,
    #[schema(schema_with = schemas::created_at)]
    created_at: Time,
    #[schema(schema_with = schemas::updated_at)]
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

    fn identify(&self, hasher: &mut FnvHasher) {
        for part in [self.id, self.version.get(), self.updated_at.0.as_micros()] {
            hasher.write(&part.to_be_bytes());
        }
    }
}
