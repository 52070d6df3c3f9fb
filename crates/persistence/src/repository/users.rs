use byline_application::{Page, Reference, RepositoryError, Seek, UserQuery, UserRepository};
use byline_domain::{NewUser, Timestamp, User, UserId, Version};
use diesel::prelude::*;

use super::{DieselSession, dialect};
use crate::page;
use crate::rows::{NewUserRow, Rule, UserRow};
use crate::schema::users;

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

    fn list(&mut self, query: &UserQuery) -> Result<Page<User>, RepositoryError> {
        let rows = self.run(|connection| match query.seek {
            Seek::First | Seek::After(_) => users::table
                .filter(users::id.gt(page::lower_bound(query.seek.map(UserId::get))))
                .order(users::id.asc())
                .limit(page::fetch(query.limit))
                .select(UserRow::as_select())
                .load(connection),
            Seek::Before(position) => users::table
                .filter(users::id.lt(position.get()))
                .order(users::id.desc())
                .limit(page::fetch(query.limit))
                .select(UserRow::as_select())
                .load(connection),
        })?;
        page::from_rows(rows, query.limit, &query.seek)
    }

    fn insert(&mut self, new: &NewUser, now: Timestamp) -> Result<User, RepositoryError> {
        let row = NewUserRow::new(new, now);
        let id = self.insert(|connection| dialect::insert_user(connection, &row))?;
        let id = Rule::of("user", id).holds(UserId::try_from(id))?;
        Ok(new.clone().created(id, now))
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
