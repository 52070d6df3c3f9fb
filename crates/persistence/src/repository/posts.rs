use byline_application::{Page, PostOrder, PostQuery, PostRepository, RepositoryError, Span};
use byline_domain::{NewPost, Post, PostId, Timestamp, UserId, Version};
use diesel::prelude::*;

use super::lists::{along, along_id, micros, micros_range, number, within};
use super::{Backend, DieselSession, dialect};
use crate::rows::{NewPostRow, PostRow, Rule};
use crate::schema::posts;
use crate::walk::{self, Walk};

/// A page of posts, of all users or of one, along the index on a key.
macro_rules! keyed {
    ($connection:expr, $author:expr, $key:expr, $span:expr, $way:expr, $limit:expr) => {{
        let walk = Walk::of($span, $way);
        match $author {
            None => along!(
                $connection,
                posts::table,
                $key,
                posts::id,
                walk,
                $limit,
                PostRow
            ),
            Some(author) => {
                let rows = posts::table.filter(posts::user_id.eq(author.get()));
                along!($connection, rows, $key, posts::id, walk, $limit, PostRow)
            }
        }
    }};
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
                let walk = Walk::of(Span::from(*seek), way);
                match author {
                    None => along_id!(connection, posts::table, posts::id, walk, limit, PostRow),
                    Some(author) => {
                        let rows = posts::table.filter(posts::user_id.eq(author.get()));
                        along_id!(connection, rows, posts::id, walk, limit, PostRow)
                    }
                }
            }
            PostOrder::Title(span) => {
                keyed!(connection, author, posts::title, span.clone(), way, limit)
            }
            PostOrder::CreatedAt(span) => {
                keyed!(
                    connection,
                    author,
                    posts::created_at,
                    micros(span),
                    way,
                    limit
                )
            }
            PostOrder::UpdatedAt(span) => {
                keyed!(
                    connection,
                    author,
                    posts::updated_at,
                    micros(span),
                    way,
                    limit
                )
            }
        })?;
        walk::page(rows, limit, query.order.is_backwards())
    }

    fn count(&mut self, query: &PostQuery) -> Result<u64, RepositoryError> {
        let mut rows = posts::table.into_boxed::<Backend>();
        if let Some(author) = query.author {
            rows = rows.filter(posts::user_id.eq(author.get()));
        }
        let rows = match &query.order {
            PostOrder::Id(_) => rows,
            PostOrder::Title(span) => within!(rows, posts::title, span.range.clone()),
            PostOrder::CreatedAt(span) => {
                within!(rows, posts::created_at, micros_range(&span.range))
            }
            PostOrder::UpdatedAt(span) => {
                within!(rows, posts::updated_at, micros_range(&span.range))
            }
        };
        let count = self.run(|connection| rows.count().get_result(connection))?;
        Ok(number(count))
    }

    fn insert(&mut self, new: &NewPost, now: Timestamp) -> Result<Post, RepositoryError> {
        let row = NewPostRow::new(new, now);
        let id = self.insert(|connection| dialect::insert_post(connection, &row))?;
        let id = Rule::of("post", id).holds(PostId::try_from(id))?;
        Ok(new.clone().created(id, now))
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
