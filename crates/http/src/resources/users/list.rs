//! The grammar of `GET /users`.

use byline_application::{KeysetPosition, KeysetWindow, UserOrder, UserQuery};
use byline_domain::{User, UserName};

use crate::list::cursor::KeyValue;
use crate::list::filter::{Filters, email};
use crate::list::page_links::Paging;
use crate::list::sort::SortKey;
use crate::problem::Problem;
use crate::request::query::Query;

/// The parameters that the list has.
pub(crate) const PARAMETERS: &[&str] = &[
    "limit",
    "cursor",
    "sort",
    "email",
    "name.starts",
    "created_at.gte",
    "created_at.lt",
];

/// What users can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UserSortKey {
    #[default]
    Id,
    Name,
    Email,
    CreatedAt,
}

impl SortKey for UserSortKey {
    const ALL: &'static [Self] = &[Self::Id, Self::Name, Self::Email, Self::CreatedAt];

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Email => "email",
            Self::CreatedAt => "created_at",
        }
    }
}

/// What was asked for.
pub(crate) struct UserListRequest {
    pub(in crate::resources::users) query: UserQuery,
    pub(in crate::resources::users) paging: Paging,
    key: UserSortKey,
}

impl UserListRequest {
    pub(crate) fn of(query: &Query) -> Result<Self, Problem> {
        let mut filters = Filters::new(query);
        let sort = filters.sort::<UserSortKey>();
        let limit = filters.limit();
        let email = filters.read("email", email);
        let names = filters.starting("name.starts", UserName::parse);
        let created_at = filters.between("created_at.gte", "created_at.lt");
        filters.finish()?;
        let paging = Paging::of("/users", query, sort)?;
        let order = match sort.key {
            UserSortKey::Id => UserOrder::Id(paging.seek()?),
            UserSortKey::Name => UserOrder::Name(KeysetWindow {
                range: names,
                seek: paging.seek()?,
            }),
            UserSortKey::Email => UserOrder::Email(paging.seek()?),
            UserSortKey::CreatedAt => UserOrder::CreatedAt(KeysetWindow {
                range: created_at,
                seek: paging.seek()?,
            }),
        };
        let query = UserQuery {
            email,
            order,
            direction: sort.direction,
            limit,
        };
        Ok(Self {
            query,
            paging,
            key: sort.key,
        })
    }

    /// Where a user stands in the list.
    pub(in crate::resources::users) fn position(&self, user: &User) -> KeysetPosition<KeyValue> {
        let key = match self.key {
            UserSortKey::Id => KeyValue::None,
            UserSortKey::Name => KeyValue::Text(user.name.as_str().to_owned()),
            UserSortKey::Email => KeyValue::Text(user.email.key()),
            UserSortKey::CreatedAt => KeyValue::Time(user.created_at),
        };
        let id = user.id.get();
        KeysetPosition { key, id }
    }
}
