//! The grammar of `GET /users`.

use byline_application::{Position, Span, UserOrder, UserQuery};
use byline_domain::{User, UserName};

use crate::cursor::KeyValue;
use crate::filters::{Filters, email};
use crate::paging::Paging;
use crate::problem::Problem;
use crate::query::Query;
use crate::sort::SortKey;

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
pub(crate) enum Key {
    #[default]
    Id,
    Name,
    Email,
    CreatedAt,
}

impl SortKey for Key {
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
pub(crate) struct List {
    pub(super) query: UserQuery,
    pub(super) paging: Paging,
    key: Key,
}

impl List {
    pub(crate) fn of(query: &Query) -> Result<Self, Problem> {
        let mut filters = Filters::new(query);
        let sort = filters.sort::<Key>();
        let limit = filters.limit();
        let email = filters.read("email", email);
        let names = filters.starting("name.starts", UserName::parse);
        let created_at = filters.between("created_at.gte", "created_at.lt");
        filters.finish()?;
        let paging = Paging::of("/users", query, sort)?;
        let order = match sort.key {
            Key::Id => UserOrder::Id(paging.seek()?),
            Key::Name => UserOrder::Name(Span {
                range: names,
                seek: paging.seek()?,
            }),
            Key::Email => UserOrder::Email(paging.seek()?),
            Key::CreatedAt => UserOrder::CreatedAt(Span {
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
    pub(super) fn position(&self, user: &User) -> Position<KeyValue> {
        let key = match self.key {
            Key::Id => KeyValue::None,
            Key::Name => KeyValue::Text(user.name.as_str().to_owned()),
            Key::Email => KeyValue::Text(user.email.key()),
            Key::CreatedAt => KeyValue::Time(user.created_at),
        };
        let id = user.id.get();
        Position { key, id }
    }
}
