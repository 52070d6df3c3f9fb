use byline_application::{Page, PostQuery, PostRepository, RepositoryError, Seek};
use byline_domain::{NewPost, Post, PostId, Timestamp, UserId, Version};
use diesel::prelude::*;

use super::{DieselSession, dialect};
use crate::page;
use crate::rows::{NewPostRow, PostRow, Rule};
use crate::schema::posts;

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

    // Four statements rather than one put together at run time: a statement of
    // a fixed type is found in the cache without rendering its SQL again.
    fn list(&mut self, query: &PostQuery) -> Result<Page<Post>, RepositoryError> {
        let lower = page::lower_bound(query.seek.map(PostId::get));
        let fetch = page::fetch(query.limit);
        let rows = self.run(|connection| match (query.author, query.seek) {
            (None, Seek::First | Seek::After(_)) => posts::table
                .filter(posts::id.gt(lower))
                .order(posts::id.asc())
                .limit(fetch)
                .select(PostRow::as_select())
                .load(connection),
            (None, Seek::Before(position)) => posts::table
                .filter(posts::id.lt(position.get()))
                .order(posts::id.desc())
                .limit(fetch)
                .select(PostRow::as_select())
                .load(connection),
            (Some(author), Seek::First | Seek::After(_)) => posts::table
                .filter(posts::user_id.eq(author.get()))
                .filter(posts::id.gt(lower))
                .order(posts::id.asc())
                .limit(fetch)
                .select(PostRow::as_select())
                .load(connection),
            (Some(author), Seek::Before(position)) => posts::table
                .filter(posts::user_id.eq(author.get()))
                .filter(posts::id.lt(position.get()))
                .order(posts::id.desc())
                .limit(fetch)
                .select(PostRow::as_select())
                .load(connection),
        })?;
        page::from_rows(rows, query.limit, &query.seek)
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
