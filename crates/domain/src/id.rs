use std::fmt;

/// The number is below 1 or above 2^53-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is a whole number from 1 to {max}", max = MAX)]
pub struct IdOutOfRange;

/// The largest integer that every JSON reader holds exactly (RFC 8259,
/// section 6).
const MAX: i64 = (1 << 53) - 1;

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
