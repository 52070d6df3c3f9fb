use crate::{EmailAddress, Id, Stored, UserName};

crate::entity! {
    /// The fields of a user, who writes posts.
    UserFields, UserChange, "user", "users";
    parents {}
    fields {
        /// What the user is called.
        name: UserName,
        /// Unique among all users, without regard to ASCII case.
        email: EmailAddress,
    }
}

/// A user who is stored.
pub type User = Stored<UserFields>;

/// The id of a user.
pub type UserId = Id<UserFields>;
