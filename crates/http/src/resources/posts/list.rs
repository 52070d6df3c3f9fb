//! The grammar of `GET /posts` and `GET /users/{user_id}/posts`.

use byline_application::{KeysetPosition, KeysetWindow, PostOrder, PostQuery};
use byline_domain::{Post, Title, UserId};

use crate::list::cursor::KeyValue;
use crate::list::filter::{Filters, user_id};
use crate::list::page_links::Paging;
use crate::list::sort::SortKey;
use crate::problem::Problem;
use crate::request::query::Query;

/// The parameters that the list of all posts has.
pub(crate) const PARAMETERS: &[&str] = &[
    "limit",
    "cursor",
    "sort",
    "user_id",
    "title.starts",
    "created_at.gte",
    "created_at.lt",
    "updated_at.gte",
    "updated_at.lt",
    "embed",
];

/// The parameters that the list of the posts of one user has.
pub(crate) const PARAMETERS_OF: &[&str] = &[
    "limit",
    "cursor",
    "sort",
    "title.starts",
    "created_at.gte",
    "created_at.lt",
    "updated_at.gte",
    "updated_at.lt",
    "embed",
];

/// What posts can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PostSortKey {
    #[default]
    Id,
    Title,
    CreatedAt,
    UpdatedAt,
}

impl SortKey for PostSortKey {
    const ALL: &'static [Self] = &[Self::Id, Self::Title, Self::CreatedAt, Self::UpdatedAt];

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }
}

/// What was asked for.
pub(crate) struct PostListRequest {
    pub(in crate::resources::posts) query: PostQuery,
    pub(in crate::resources::posts) paging: Paging,
    /// Whether the authors are wanted with the posts.
    pub(in crate::resources::posts) embed_user: bool,
    key: PostSortKey,
}

impl PostListRequest {
    /// The list of all posts.
    pub(crate) fn of(query: &Query) -> Result<Self, Problem> {
        Self::parse("/posts".to_owned(), query, None)
    }

    /// The list of the posts of `author`.
    pub(in crate::resources::posts) fn of_author(
        author: UserId,
        query: &Query,
    ) -> Result<Self, Problem> {
        Self::parse(format!("/users/{author}/posts"), query, Some(author))
    }

    fn parse(path: String, query: &Query, author: Option<UserId>) -> Result<Self, Problem> {
        let mut filters = Filters::new(query);
        let sort = filters.sort::<PostSortKey>();
        let limit = filters.limit();
        let author = filters.read("user_id", user_id).or(author);
        let titles = filters.starting("title.starts", Title::parse);
        let created_at = filters.between("created_at.gte", "created_at.lt");
        let updated_at = filters.between("updated_at.gte", "updated_at.lt");
        let embed_user = filters.embed_user();
        filters.finish()?;
        let paging = Paging::of(path, query, sort)?;
        let order = match sort.key {
            PostSortKey::Id => PostOrder::Id(paging.seek()?),
            PostSortKey::Title => PostOrder::Title(KeysetWindow {
                range: titles,
                seek: paging.seek()?,
            }),
            PostSortKey::CreatedAt => PostOrder::CreatedAt(KeysetWindow {
                range: created_at,
                seek: paging.seek()?,
            }),
            PostSortKey::UpdatedAt => PostOrder::UpdatedAt(KeysetWindow {
                range: updated_at,
                seek: paging.seek()?,
            }),
        };
        let query = PostQuery {
            author,
            order,
            direction: sort.direction,
            limit,
        };
        Ok(Self {
            query,
            paging,
            embed_user,
            key: sort.key,
        })
    }

    /// Where a post stands in the list.
    pub(in crate::resources::posts) fn position(&self, post: &Post) -> KeysetPosition<KeyValue> {
        let key = match self.key {
            PostSortKey::Id => KeyValue::None,
            PostSortKey::Title => KeyValue::Text(post.title.as_str().to_owned()),
            PostSortKey::CreatedAt => KeyValue::Time(post.created_at),
            PostSortKey::UpdatedAt => KeyValue::Time(post.updated_at),
        };
        let id = post.id.get();
        KeysetPosition { key, id }
    }
}
