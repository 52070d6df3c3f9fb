use std::fmt;

/// The number is below 1 or above 2^53-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is a whole number from 1 to {max}", max = MAX)]
pub struct IdOutOfRange;

/// The largest integer that every JSON reader holds exactly (RFC 8259,
/// section 6).
pub(crate) const MAX: i64 = (1 << 53) - 1;

/// Leaves 2^40 numbers behind it, so that what comes from elsewhere cannot use up
/// the numbers that the database gives: at a thousand a second they last for 34
/// years.
pub(crate) const MAX_IMPORTED: i64 = MAX - (1 << 40);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A whole number from 1 to 2^53-1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// The largest id there can be.
            pub const MAX: Self = Self(MAX);

            /// The largest id that a row may bring with it from elsewhere: the
            /// database gives those behind it.
            pub const MAX_IMPORTED: Self = Self(MAX_IMPORTED);

            /// The id as the stores keep it.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = IdOutOfRange;

            fn try_from(value: i64) -> Result<Self, IdOutOfRange> {
                if (1..=MAX).contains(&value) {
                    Ok(Self(value))
                } else {
                    Err(IdOutOfRange)
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// Names a user.
    UserId
}
id! {
    /// Names a post.
    PostId
}
id! {
    /// Names a key of the API.
    KeyId
}
