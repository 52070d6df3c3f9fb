use std::{fmt, slice};

/// One rule that a value breaks. `Display` is a sentence for a person that
/// completes "the e-mail address …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Nothing but white space, or nothing at all.
    #[error("must not be blank")]
    Blank,
    /// More characters (Unicode code points) than allowed.
    #[error("must have at most {max} characters, has {actual}")]
    TooLong {
        /// How many are allowed.
        max: usize,
        /// How many there are.
        actual: usize,
    },
    /// A control character (Unicode category Cc) where none may stand.
    #[error("must not contain control characters, has U+{:04X} at character {}", u32::from(*.found), .position + 1)]
    ControlCharacter {
        /// The first one found.
        found: char,
        /// How many characters stand before it.
        position: usize,
    },
    /// Against the e-mail pattern of the HTML living standard.
    #[error("must be an e-mail address such as ada@example.org")]
    NotAnEmailAddress,
    /// An address whose domain has a single label, such as `ada@localhost`.
    #[error("must have a dot in the domain, as in ada@example.org")]
    DomainWithoutDot,
}

impl Violation {
    /// The stable name of the broken rule, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::TooLong { .. } => "too-long",
            Self::ControlCharacter { .. } => "control-character",
            Self::NotAnEmailAddress => "not-an-email-address",
            Self::DomainWithoutDot => "domain-without-dot",
        }
    }
}

/// Every rule that a value breaks; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// `value` if it breaks no rule, else all that it breaks.
    pub(crate) fn none_or<T>(
        found: impl IntoIterator<Item = Violation>,
        value: impl FnOnce() -> T,
    ) -> Result<T, Self> {
        let found: Vec<_> = found.into_iter().collect();
        if found.is_empty() {
            Ok(value())
        } else {
            Err(Self(found))
        }
    }

    /// The broken rules, in the order in which the value's type names them.
    pub fn iter(&self) -> slice::Iter<'_, Violation> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            violation.fmt(f)?;
        }
        Ok(())
    }
}
