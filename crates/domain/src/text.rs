use crate::{Violation, Violations};

/// A text that follows the rules of its type. It is kept exactly as it was given.
pub trait Text: Sized {
    /// The maximum number of characters (Unicode code points).
    const MAX_CHARS: usize;

    /// Returns `text`, unchanged, if it follows the rules.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks.
    fn parse(text: String) -> Result<Self, Violations>;

    /// Returns the text as it was given.
    fn as_str(&self) -> &str;
}

/// Declares types of texts, each with its name, its maximum number of characters, and the
/// function that finds the rules which a text breaks.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $max:literal, $violations:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The maximum number of characters (Unicode code points).
            pub const MAX_CHARS: usize = $max;

            /// Returns `text`, unchanged, if it follows the rules.
            ///
            /// # Errors
            ///
            /// Every rule that it breaks.
            pub fn parse(text: impl Into<String>) -> Result<Self, $crate::Violations> {
                let text = text.into();
                $crate::Violations::none_or($violations(&text, $max), || Self(text))
            }

            /// Returns the text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::Text for $name {
            const MAX_CHARS: usize = $max;

            fn parse(text: String) -> Result<Self, $crate::Violations> {
                Self::parse(text)
            }

            fn as_str(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Violations;

            fn from_str(text: &str) -> Result<Self, $crate::Violations> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Violations;

            fn try_from(text: String) -> Result<Self, $crate::Violations> {
                Self::parse(text)
            }
        }
    )+};
}
pub(crate) use texts;

texts! {
    /// The name of a user: 1 to 255 characters, not blank, no control characters.
    UserName, 255, line;
    /// The title of a post: 1 to 255 characters, not blank, no control characters.
    Title, 255, line;
    /// The text of a post: 0 to 100,000 characters, no control characters other than tab,
    /// carriage return and line feed.
    Content, 100_000, lines;
}

/// Returns the rules of a single line that `text` breaks.
pub(crate) fn line(text: &str, max: usize) -> impl Iterator<Item = Violation> + use<> {
    let found = [
        too_long(text, max),
        text.trim().is_empty().then_some(Violation::Blank),
        control_character(text, |_| false),
    ];
    found.into_iter().flatten()
}

/// Returns the rules of a text of any number of lines that `text` breaks.
pub(crate) fn lines(text: &str, max: usize) -> impl Iterator<Item = Violation> + use<> {
    let found = [
        too_long(text, max),
        control_character(text, |byte| matches!(byte, b'\t' | b'\r' | b'\n')),
    ];
    found.into_iter().flatten()
}

/// Returns the violation of a text with more than `max` code points, which is how MySQL's
/// `VARCHAR(n)` counts.
pub(crate) fn too_long(text: &str, max: usize) -> Option<Violation> {
    // Most texts are short. A code point takes at least a byte.
    if text.len() <= max {
        return None;
    }
    let actual = text.chars().count();
    (actual > max).then_some(Violation::TooLong { max, actual })
}

/// Returns the violation by the first control character that is not `allowed`. Those outside
/// ASCII never are.
fn control_character(text: &str, allowed: impl Fn(u8) -> bool) -> Option<Violation> {
    // Every row that is read is checked, and most texts have no control characters. In UTF-8,
    // one is a byte below 0x20, the byte 0x7F, or begins with 0xC2. A block is checked without
    // branches, which takes a few instructions.
    let suspicious = |byte: u8| (byte < 0x20 && !allowed(byte)) | (byte == 0x7F) | (byte == 0xC2);
    let is_suspicious = |block: &[u8]| {
        let found = block.iter().map(|byte| suspicious(*byte));
        found.fold(false, |any, this| any | this)
    };
    if !text.as_bytes().chunks(BLOCK).any(is_suspicious) {
        return None;
    }
    let allowed = |found: char| u8::try_from(found).is_ok_and(&allowed);
    text.chars()
        .enumerate()
        .find(|&(_, found)| found.is_control() && !allowed(found))
        .map(|(position, found)| Violation::ControlCharacter { found, position })
}

/// The number of bytes that are checked at once.
const BLOCK: usize = 64;
