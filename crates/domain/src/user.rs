use crate::{EmailAddress, Id, Stored, UserName};

crate::entity! {
    /// The fields of a user, who writes posts.
    UserFields, UserChange, "user", "users";
    parents {}
    fields {
        /// The name of the user.
        name: UserName,
        /// Unique among all users, without regard to ASCII case.
        email: EmailAddress,
    }
}

/// A stored user.
pub type User = Stored<UserFields>;

/// The id of a user.
pub type UserId = Id<UserFields>;
