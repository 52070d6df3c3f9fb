//! What sets users apart in the use cases of [`crud`](crate::crud).

use byline_domain::policy::{Action, Caller, Identity, Principal, Scope};
use byline_domain::{EmailAddress, PostFields, Timestamp, User, UserFields, UserId};

use crate::crud::{Children, Resource};
use crate::posts::PostFilter;
use crate::{AppError, Listed, Repository, RepositoryError, Session, UniqueKey};

crate::sort_keys! {
    /// The keys by which users can be sorted.
    UserSortKey of UserFields;
    Id "id" Id |_| ();
    Name "name" Text |user| user.fields.name.as_str();
    Email "email" UniqueText |user| user.fields.email.key();
    CreatedAt "created_at" Time |user| user.created_at;
}

/// The filters of lists of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserFilter {
    /// Only the user with this address, without regard to ASCII case.
    Email(EmailAddress),
}

impl Listed for UserFields {
    type SortKey = UserSortKey;
    type Filter = UserFilter;
}

impl Resource for UserFields {
    const READ: Action = Action::Read(Scope::UsersRead);
    const CHILDREN: &'static [Children<Self>] = &[Children {
        relation: PostFields::AUTHOR,
        name: "posts",
        action: |id| Action::Write(Scope::PostsWrite, id),
        delete: |session, id| session.posts().delete_all(&PostFilter::Author(id)),
    }];
    const UNIQUE_FIELD: Option<&'static str> = Some("email");

    fn repository(session: &mut dyn Session) -> &mut dyn Repository<Self> {
        session.users()
    }

    fn create_action(&self) -> Action {
        Action::CreateUser
    }

    fn write_action(id: UserId) -> Action {
        Action::ChangeUser(id)
    }

    fn write_row_action(user: &User) -> Action {
        Action::ChangeUser(user.id)
    }

    fn unique_value(&self) -> Option<String> {
        Some(self.email.key())
    }

    fn has_after_create(principal: &Principal) -> bool {
        identity_to_link(principal).is_some()
    }

    /// Links the identity of a caller that is not linked yet to this user.
    fn after_create(
        session: &mut dyn Session,
        principal: &Principal,
        user: &User,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let Some(identity) = identity_to_link(principal) else {
            return Ok(());
        };
        let linked = session.identities().insert(&identity, user.id, now);
        linked.map_err(|error| match error {
            // The same caller has created a user at the same time and is linked now.
            RepositoryError::Duplicate(UniqueKey::Identity) => AppError::Contention(None),
            other => other.into(),
        })
    }
}

/// Returns the identity that is linked to a user whom `principal` creates. A caller that may
/// create any user is linked to none.
pub(crate) fn identity_to_link(principal: &Principal) -> Option<Identity> {
    match principal.caller {
        Caller::UnlinkedIdentity(identity) if !principal.scopes.contain(Scope::Admin) => {
            Some(identity)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
