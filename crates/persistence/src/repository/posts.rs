use std::iter;

use byline_application::{
    KeysetWindow, Page, PostOrder, PostQuery, PostRepository, RepositoryError,
};
use byline_domain::{NewPost, Post, PostId, Timestamp, UserId, Version};
use diesel::prelude::*;

use super::lists::{along, along_id, count_within, micros, micros_range, number};
use super::{Backend, DieselSession, dialect};
use crate::lists::index::{
    PostsByCreatedAt, PostsById, PostsByTitle, PostsByUpdatedAt, PostsByUser,
    PostsByUserAndCreatedAt, PostsByUserAndTitle, PostsByUserAndUpdatedAt,
};
use crate::lists::scan::{self, IndexScan};
use crate::rows::{NewPostRow, PostRow, RowContext};
use crate::schema::posts;

/// A page of posts, of all users or of one, along the index on a key.
macro_rules! keyed {
    ($connection:expr, $author:expr, $indexes:expr, $key:expr, $span:expr, $way:expr, $limit:expr) => {{
        let (id, walk) = (posts::id, IndexScan::of($span, $way));
        match $author {
            None => {
                let rows = dialect::along($indexes.0);
                along!($connection, rows, $key, id, walk, $limit, PostRow)
            }
            Some(author) => {
                let rows = dialect::along($indexes.1).filter(posts::user_id.eq(author.get()));
                along!($connection, rows, $key, id, walk, $limit, PostRow)
            }
        }
    }};
}

/// How many posts there are, of all users or of one, within a range of a key.
macro_rules! counted {
    ($connection:expr, $author:expr, $indexes:expr, $key:expr, $range:expr) => {
        match $author {
            None => count_within!($connection, dialect::along($indexes.0), $key, $range),
            Some(author) => {
                let rows = dialect::along($indexes.1).filter(posts::user_id.eq(author.get()));
                count_within!($connection, rows, $key, $range)
            }
        }
    };
}

impl PostRepository for DieselSession<'_> {
    fn find(&mut self, id: PostId) -> Result<Option<Post>, RepositoryError> {
        let row = self.run(|connection| {
            posts::table
                .find(id.get())
                .select(PostRow::as_select())
                .first(connection)
                .optional()
        })?;
        row.map(Post::try_from).transpose()
    }

    fn list(&mut self, query: &PostQuery) -> Result<Page<Post>, RepositoryError> {
        let (author, way, limit) = (query.author, query.direction, query.limit);
        let rows = self.run(|connection| match &query.order {
            PostOrder::Id(seek) => {
                let (id, walk) = (posts::id, IndexScan::of(KeysetWindow::from(*seek), way));
                match author {
                    None => {
                        let rows = dialect::along(PostsById);
                        along_id!(connection, rows, id, walk, limit, PostRow)
                    }
                    Some(author) => {
                        let rows = dialect::along(PostsByUser);
                        let rows = rows.filter(posts::user_id.eq(author.get()));
                        along_id!(connection, rows, id, walk, limit, PostRow)
                    }
                }
            }
            PostOrder::Title(span) => {
                let (key, span) = (posts::title, span.clone());
                let indexes = (PostsByTitle, PostsByUserAndTitle);
                keyed!(connection, author, indexes, key, span, way, limit)
            }
            PostOrder::CreatedAt(span) => {
                let (key, span) = (posts::created_at, micros(span));
                let indexes = (PostsByCreatedAt, PostsByUserAndCreatedAt);
                keyed!(connection, author, indexes, key, span, way, limit)
            }
            PostOrder::UpdatedAt(span) => {
                let (key, span) = (posts::updated_at, micros(span));
                let indexes = (PostsByUpdatedAt, PostsByUserAndUpdatedAt);
                keyed!(connection, author, indexes, key, span, way, limit)
            }
        })?;
        scan::page(rows, limit, query.order.is_backwards())
    }

    fn count(&mut self, query: &PostQuery) -> Result<u64, RepositoryError> {
        let author = query.author;
        let count = self.run(|connection| match &query.order {
            PostOrder::Id(_) => match author {
                None => posts::table.count().get_result(connection),
                Some(author) => dialect::along(PostsByUser)
                    .filter(posts::user_id.eq(author.get()))
                    .count()
                    .get_result(connection),
            },
            PostOrder::Title(span) => {
                let (key, range) = (posts::title, span.range.clone());
                let indexes = (PostsByTitle, PostsByUserAndTitle);
                counted!(connection, author, indexes, key, range)
            }
            PostOrder::CreatedAt(span) => {
                let (key, range) = (posts::created_at, micros_range(&span.range));
                let indexes = (PostsByCreatedAt, PostsByUserAndCreatedAt);
                counted!(connection, author, indexes, key, range)
            }
            PostOrder::UpdatedAt(span) => {
                let (key, range) = (posts::updated_at, micros_range(&span.range));
                let indexes = (PostsByUpdatedAt, PostsByUserAndUpdatedAt);
                counted!(connection, author, indexes, key, range)
            }
        })?;
        Ok(number(count))
    }

    fn insert(&mut self, new: &NewPost, now: Timestamp) -> Result<Post, RepositoryError> {
        let row = NewPostRow::new(new, now);
        let id = self.insert(|connection| dialect::insert_post(connection, &row))?;
        let id = RowContext::of("post", id).check(PostId::try_from(id))?;
        Ok(new.clone().created(id, now))
    }

    fn insert_all(
        &mut self,
        new: &[NewPost],
        now: Timestamp,
    ) -> Result<Vec<Post>, RepositoryError> {
        let rows: Vec<_> = new.iter().map(|new| NewPostRow::new(new, now)).collect();
        let ids = self.change(|connection| dialect::insert_posts(connection, &rows))?;
        iter::zip(new, ids)
            .map(|(new, id)| {
                let id = RowContext::of("post", id).check(PostId::try_from(id))?;
                Ok(new.clone().created(id, now))
            })
            .collect()
    }

    fn update(&mut self, changed: &Post, from: Version) -> Result<bool, RepositoryError> {
        let rows = self.change(|connection| {
            diesel::update(posts::table.find(changed.id.get()))
                .filter(posts::version.eq(from.get()))
                .set((
                    posts::user_id.eq(changed.user_id.get()),
                    posts::title.eq(changed.title.as_str()),
                    posts::content.eq(changed.content.as_str()),
                    posts::updated_at.eq(changed.updated_at.as_micros()),
                    posts::version.eq(changed.version.get()),
                ))
                .execute(connection)
        })?;
        Ok(rows == 1)
    }

    fn delete(&mut self, id: PostId, from: Version) -> Result<bool, RepositoryError> {
        let rows = self.change(|connection| {
            diesel::delete(posts::table.find(id.get()))
                .filter(posts::version.eq(from.get()))
                .execute(connection)
        })?;
        Ok(rows == 1)
    }

    fn delete_of(&mut self, author: UserId) -> Result<(), RepositoryError> {
        self.change(|connection| {
            diesel::delete(posts::table.filter(posts::user_id.eq(author.get()))).execute(connection)
        })?;
        Ok(())
    }
}
