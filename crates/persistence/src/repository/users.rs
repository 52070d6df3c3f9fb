use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use byline_application::{
    KeysetWindow, Page, Reference, RepositoryError, UserOrder, UserQuery, UserRepository,
};
use byline_domain::{EmailAddress, NewUser, Timestamp, User, UserId, Version};
use diesel::prelude::*;

use super::lists::{along, along_id, along_unique, count_within, micros, micros_range, number};
use super::{Backend, DieselSession, dialect};
use crate::lists::index::{UsersByCreatedAt, UsersByEmail, UsersById, UsersByName};
use crate::lists::scan::{self, IndexScan};
use crate::rows::{NewUserRow, RowContext, UserRow};
use crate::schema::users;

/// A page of users along the index on a key.
macro_rules! keyed {
    ($connection:expr, $index:expr, $key:expr, $span:expr, $way:expr, $limit:expr) => {{
        let (rows, walk) = (dialect::along($index), IndexScan::of($span, $way));
        along!($connection, rows, $key, users::id, walk, $limit, UserRow)
    }};
}

impl UserRepository for DieselSession<'_> {
    fn find(&mut self, id: UserId) -> Result<Option<User>, RepositoryError> {
        let row = self.run(|connection| {
            users::table
                .find(id.get())
                .select(UserRow::as_select())
                .first(connection)
                .optional()
        })?;
        row.map(User::try_from).transpose()
    }

    fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, RepositoryError> {
        let row = self.change(|connection| dialect::user_for_update(connection, id.get()))?;
        row.map(User::try_from).transpose()
    }

    fn find_all(
        &mut self,
        ids: &BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, User>, RepositoryError> {
        let rows = self.run(|connection| {
            users::table
                .filter(users::id.eq_any(ids.iter().map(|id| id.get())))
                .select(UserRow::as_select())
                .load(connection)
        })?;
        let users = rows.into_iter().map(User::try_from);
        users.map(|user| user.map(|user| (user.id, user))).collect()
    }

    fn list(&mut self, query: &UserQuery) -> Result<Page<User>, RepositoryError> {
        if let Some(email) = &query.email {
            return self.page_of_one(email, query);
        }
        let (way, limit) = (query.direction, query.limit);
        let rows = self.run(|connection| match &query.order {
            UserOrder::Id(seek) => {
                let (rows, walk) = (
                    dialect::along(UsersById),
                    IndexScan::of(KeysetWindow::from(*seek), way),
                );
                along_id!(connection, rows, users::id, walk, limit, UserRow)
            }
            UserOrder::Name(span) => {
                let span = span.clone();
                keyed!(connection, UsersByName, users::name, span, way, limit)
            }
            UserOrder::Email(seek) => {
                let walk = IndexScan::of(KeysetWindow::from(seek.clone()), way);
                let rows = dialect::along(UsersByEmail);
                along_unique!(
                    connection,
                    rows,
                    users::email_key,
                    users::id,
                    walk,
                    limit,
                    UserRow
                )
            }
            UserOrder::CreatedAt(span) => {
                let (index, key) = (UsersByCreatedAt, users::created_at);
                keyed!(connection, index, key, micros(span), way, limit)
            }
        })?;
        scan::page(rows, limit, query.order.is_backwards())
    }

    fn count(&mut self, query: &UserQuery) -> Result<u64, RepositoryError> {
        if let Some(email) = &query.email {
            return self.count_one(email, &query.order);
        }
        let count = self.run(|connection| match &query.order {
            UserOrder::Id(_) | UserOrder::Email(_) => users::table.count().get_result(connection),
            UserOrder::Name(span) => {
                let (rows, range) = (dialect::along(UsersByName), span.range.clone());
                count_within!(connection, rows, users::name, range)
            }
            UserOrder::CreatedAt(span) => {
                let (rows, range) = (dialect::along(UsersByCreatedAt), micros_range(&span.range));
                count_within!(connection, rows, users::created_at, range)
            }
        })?;
        Ok(number(count))
    }

    fn insert(&mut self, new: &NewUser, now: Timestamp) -> Result<User, RepositoryError> {
        let row = NewUserRow::new(new, now);
        let id = self.insert(|connection| dialect::insert_user(connection, &row))?;
        let id = RowContext::of("user", id).check(UserId::try_from(id))?;
        Ok(new.clone().created(id, now))
    }

    fn insert_all(
        &mut self,
        new: &[NewUser],
        now: Timestamp,
    ) -> Result<Vec<User>, RepositoryError> {
        let rows: Vec<_> = new.iter().map(|new| NewUserRow::new(new, now)).collect();
        let ids = self.change(|connection| dialect::insert_users(connection, &rows))?;
        iter::zip(new, ids)
            .map(|(new, id)| {
                let id = RowContext::of("user", id).check(UserId::try_from(id))?;
                Ok(new.clone().created(id, now))
            })
            .collect()
    }

    fn update(&mut self, changed: &User, from: Version) -> Result<bool, RepositoryError> {
        let rows = self.change(|connection| {
            diesel::update(users::table.find(changed.id.get()))
                .filter(users::version.eq(from.get()))
                .set((
                    users::name.eq(changed.name.as_str()),
                    users::email.eq(changed.email.as_str()),
                    users::email_key.eq(changed.email.key()),
                    users::updated_at.eq(changed.updated_at.as_micros()),
                    users::version.eq(changed.version.get()),
                ))
                .execute(connection)
        })?;
        Ok(rows == 1)
    }

    fn delete(&mut self, id: UserId, from: Version) -> Result<bool, RepositoryError> {
        let rows = self.change(|connection| {
            diesel::delete(users::table.find(id.get()))
                .filter(users::version.eq(from.get()))
                .execute(connection)
        });
        match rows {
            Ok(rows) => Ok(rows == 1),
            // Only a deletion breaks a reference from the other end.
            Err(RepositoryError::MissingReference(_)) => {
                Err(RepositoryError::StillReferenced(Reference::PostAuthor))
            }
            Err(other) => Err(other),
        }
    }
}

impl DieselSession<'_> {
    /// The page that `query` asks for among all the users with this address,
    /// of whom there is at most one.
    fn page_of_one(
        &mut self,
        email: &EmailAddress,
        query: &UserQuery,
    ) -> Result<Page<User>, RepositoryError> {
        let row = self.run(|connection| {
            users::table
                .filter(users::email_key.eq(email.key()))
                .select(UserRow::as_select())
                .first(connection)
                .optional()
        })?;
        let user = row.map(User::try_from).transpose()?;
        let items = user.into_iter().filter(|user| is_passed(query, user));
        Ok(Page {
            items: items.collect(),
            more: false,
        })
    }

    /// How many of the users with this address the list has: one or none.
    fn count_one(
        &mut self,
        email: &EmailAddress,
        order: &UserOrder,
    ) -> Result<u64, RepositoryError> {
        let count = self.run(|connection| {
            let rows = users::table.filter(users::email_key.eq(email.key()));
            match order {
                UserOrder::Id(_) | UserOrder::Email(_) => rows.count().get_result(connection),
                UserOrder::Name(span) => {
                    count_within!(connection, rows, users::name, span.range.clone())
                }
                UserOrder::CreatedAt(span) => {
                    let range = micros_range(&span.range);
                    count_within!(connection, rows, users::created_at, range)
                }
            }
        })?;
        Ok(number(count))
    }
}

/// Whether the walk that gives the page of `query` passes this user.
fn is_passed(query: &UserQuery, user: &User) -> bool {
    let (way, id) = (query.direction, user.id.get());
    match &query.order {
        UserOrder::Id(seek) => IndexScan::of(KeysetWindow::from(*seek), way).passes((), id),
        UserOrder::Name(span) => {
            IndexScan::of(span.clone(), way).passes(user.name.as_str().to_owned(), id)
        }
        UserOrder::Email(seek) => {
            IndexScan::of(KeysetWindow::from(seek.clone()), way).passes(user.email.key(), id)
        }
        UserOrder::CreatedAt(span) => {
            IndexScan::of(micros(span), way).passes(user.created_at.as_micros(), id)
        }
    }
}
