use std::{fmt, slice};

/// A rule that a value breaks. `Display` is text for a person and completes "the e-mail address
/// …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The text is empty, or white space only.
    #[error("must not be blank")]
    Blank,
    /// The text has more characters (Unicode code points) than allowed.
    #[error("must have at most {max} characters, has {actual}")]
    TooLong {
        /// The allowed number of characters.
        max: usize,
        /// The number of characters of the text.
        actual: usize,
    },
    /// The text has a control character (Unicode category Cc) that is not allowed.
    #[error("must not contain control characters, has U+{:04X} at character {}", u32::from(*.found), .position + 1)]
    ControlCharacter {
        /// The first one.
        found: char,
        /// The number of characters before it.
        position: usize,
    },
    /// The text does not match the e-mail pattern of the HTML living standard.
    #[error("must be an e-mail address such as ada@example.org")]
    NotAnEmailAddress,
    /// The domain of the address has a single label, as in `ada@localhost`.
    #[error("must have a dot in the domain, as in ada@example.org")]
    DomainWithoutDot,
}

impl Violation {
    /// Returns the stable name of the broken rule, for programs.
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
    /// Returns `value`, or an error if there are violations.
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

    /// Returns the broken rules, in the order in which the type of the value has them.
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
