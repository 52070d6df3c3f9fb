use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;

use byline_application::{BulkRepository, LastIds, PostRecord, RepositoryError, UserRecord};
use byline_domain::{Post, PostId, User, UserId};
use diesel::prelude::*;

use super::{DieselSession, dialect};
use crate::rows::{NewPostRow, NewUserRow, PostRow, RowContext, UserRow};
use crate::schema::{posts, users};

/// The most values that one statement looks for.
const LARGEST_LIST: usize = 512;

impl BulkRepository for DieselSession<'_> {
    fn users_after(&mut self, after: i64, most: u32) -> Result<Vec<User>, RepositoryError> {
        let rows = self.run(|connection| {
            users::table
                .filter(users::id.gt(after))
                .order(users::id)
                .limit(i64::from(most))
                .select(UserRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(User::try_from).collect()
    }

    fn posts_after(&mut self, after: i64, most: u32) -> Result<Vec<Post>, RepositoryError> {
        let rows = self.run(|connection| {
            posts::table
                .filter(posts::id.gt(after))
                .order(posts::id)
                .limit(i64::from(most))
                .select(PostRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(Post::try_from).collect()
    }

    fn find_conflicting_users(
        &mut self,
        ids: &BTreeSet<UserId>,
        emails: &BTreeSet<String>,
    ) -> Result<Vec<User>, RepositoryError> {
        let mut found = BTreeMap::new();
        for list in lists(ids.iter().map(|id| id.get())) {
            let rows = self.run(|connection| {
                users::table
                    .filter(users::id.eq_any(list))
                    .select(UserRow::as_select())
                    .load(connection)
            })?;
            for row in rows {
                let user = User::try_from(row)?;
                found.insert(user.id, user);
            }
        }
        for list in lists(emails.iter().map(String::as_str)) {
            let rows = self.run(|connection| {
                users::table
                    .filter(users::email_key.eq_any(list))
                    .select(UserRow::as_select())
                    .load(connection)
            })?;
            for row in rows {
                let user = User::try_from(row)?;
                found.insert(user.id, user);
            }
        }
        Ok(found.into_values().collect())
    }

    fn find_conflicting_posts(
        &mut self,
        ids: &BTreeSet<PostId>,
    ) -> Result<Vec<Post>, RepositoryError> {
        let mut found = Vec::new();
        for list in lists(ids.iter().map(|id| id.get())) {
            let rows = self.run(|connection| {
                posts::table
                    .filter(posts::id.eq_any(list))
                    .select(PostRow::as_select())
                    .load(connection)
            })?;
            for row in rows {
                found.push(Post::try_from(row)?);
            }
        }
        Ok(found)
    }

    fn existing_users(
        &mut self,
        ids: &BTreeSet<UserId>,
    ) -> Result<BTreeSet<UserId>, RepositoryError> {
        let mut found = BTreeSet::new();
        for list in lists(ids.iter().map(|id| id.get())) {
            let rows: Vec<i64> = self.run(|connection| {
                users::table
                    .filter(users::id.eq_any(list))
                    .select(users::id)
                    .load(connection)
            })?;
            for id in rows {
                found.insert(RowContext::of("user", id).check(UserId::try_from(id))?);
            }
        }
        Ok(found)
    }

    fn insert_users(&mut self, users: &[User]) -> Result<(), RepositoryError> {
        let rows: Vec<_> = users.iter().map(NewUserRow::whole).collect();
        self.change(|connection| dialect::bulk::insert_users(connection, &rows))
    }

    fn insert_posts(&mut self, posts: &[Post]) -> Result<(), RepositoryError> {
        let rows: Vec<_> = posts.iter().map(NewPostRow::whole).collect();
        self.change(|connection| dialect::bulk::insert_posts(connection, &rows))
    }

    fn insert_users_with_new_ids(
        &mut self,
        users: &[UserRecord],
    ) -> Result<Vec<UserId>, RepositoryError> {
        let rows: Vec<_> = users.iter().map(NewUserRow::copied).collect();
        let ids =
            self.change(|connection| dialect::bulk::insert_users_with_new_ids(connection, &rows))?;
        if ids.len() != users.len() {
            return Err(OtherIds.into());
        }
        ids.into_iter()
            .map(|id| RowContext::of("user", id).check(UserId::try_from(id)))
            .collect()
    }

    fn insert_posts_with_new_ids(
        &mut self,
        posts: &[PostRecord],
    ) -> Result<Vec<PostId>, RepositoryError> {
        let rows: Vec<_> = posts.iter().map(NewPostRow::copied).collect();
        let ids =
            self.change(|connection| dialect::bulk::insert_posts_with_new_ids(connection, &rows))?;
        if ids.len() != posts.len() {
            return Err(OtherIds.into());
        }
        ids.into_iter()
            .map(|id| RowContext::of("post", id).check(PostId::try_from(id)))
            .collect()
    }

    fn last_ids(&mut self) -> Result<LastIds, RepositoryError> {
        let (user, post) = self.run(dialect::bulk::last_ids)?;
        Ok(LastIds { user, post })
    }

    fn advance_id_sequence(&mut self, last: LastIds) -> Result<(), RepositoryError> {
        self.change(|connection| {
            dialect::bulk::advance_id_sequence(connection, last.user, last.post)
        })
    }
}

/// The values in lists that one statement takes. A list is filled up to a power
/// of two by repeating its last value, so that there are few different
/// statements: a server keeps those that it has prepared.
pub(super) fn lists<T: Clone>(values: impl Iterator<Item = T>) -> Vec<Vec<T>> {
    let values: Vec<T> = values.collect();
    values
        .chunks(LARGEST_LIST)
        .map(|chunk| {
            let mut list = chunk.to_vec();
            if let Some(last) = chunk.last() {
                list.resize(chunk.len().next_power_of_two(), last.clone());
            }
            list
        })
        .collect()
}

/// The engine answered an insertion with more or fewer ids than there are rows.
#[derive(Debug, thiserror::Error)]
#[error("the database gave other ids than it was asked for")]
struct OtherIds;

impl From<OtherIds> for RepositoryError {
    fn from(error: OtherIds) -> Self {
        let cause: Box<dyn Error + Send + Sync> = error.into();
        Self::Fault(Arc::from(cause))
    }
}
