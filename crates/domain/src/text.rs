use crate::{Violation, Violations};

/// A text that keeps the rules of its type, exactly as it was given.
pub trait Text: Sized {
    /// The most characters (Unicode code points) that the text may have.
    const MAX_CHARS: usize;

    /// Takes `text` exactly as it is.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks.
    fn parse(text: String) -> Result<Self, Violations>;

    /// Returns the text as it was given.
    fn as_str(&self) -> &str;
}

/// Declares types of texts: their name, their greatest length in characters, and the function
/// that finds the rules which a text breaks.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $max:literal, $violations:path;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The most characters (Unicode code points) that the text may have.
            pub const MAX_CHARS: usize = $max;

            /// Takes `text` exactly as it is.
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
    /// What a user is called: 1 to 255 characters, not blank, no control
    /// characters.
    UserName, 255, line;
    /// What a post is about: 1 to 255 characters, not blank, no control
    /// characters.
    Title, 255, line;
    /// The text of a post: 0 to 100,000 characters; of the control characters only
    /// tab, carriage return and line feed.
    Content, 100_000, lines;
}

/// Finds what is wrong with a single line of text.
pub(crate) fn line(text: &str, max: usize) -> impl Iterator<Item = Violation> + use<> {
    let found = [
        too_long(text, max),
        text.trim().is_empty().then_some(Violation::Blank),
        control_character(text, |_| false),
    ];
    found.into_iter().flatten()
}

/// Finds what is wrong with a text of any number of lines.
fn lines(text: &str, max: usize) -> impl Iterator<Item = Violation> + use<> {
    let found = [
        too_long(text, max),
        control_character(text, |byte| matches!(byte, b'\t' | b'\r' | b'\n')),
    ];
    found.into_iter().flatten()
}

/// Counts code points, as MySQL's `VARCHAR(n)` does.
pub(crate) fn too_long(text: &str, max: usize) -> Option<Violation> {
    // Most texts are short: no code point takes less than a byte.
    if text.len() <= max {
        return None;
    }
    let actual = text.chars().count();
    (actual > max).then_some(Violation::TooLong { max, actual })
}

/// The first control character but those of ASCII that `may_stand`.
fn control_character(text: &str, may_stand: impl Fn(u8) -> bool) -> Option<Violation> {
    // Most texts have none, and every row that is read is looked at: in UTF-8 a
    // control character is a byte below U+0020, U+007F, or begins with 0xC2. A
    // block is looked at whole, because that takes a few instructions.
    let suspicious = |byte: u8| (byte < 0x20 && !may_stand(byte)) | (byte == 0x7F) | (byte == 0xC2);
    let of_block = |block: &[u8]| {
        let found = block.iter().map(|byte| suspicious(*byte));
        found.fold(false, |any, this| any | this)
    };
    if !text.as_bytes().chunks(BLOCK).any(of_block) {
        return None;
    }
    let may_stand = |found: char| u8::try_from(found).is_ok_and(&may_stand);
    text.chars()
        .enumerate()
        .find(|&(_, found)| found.is_control() && !may_stand(found))
        .map(|(position, found)| Violation::ControlCharacter { found, position })
}

/// Bytes that are looked at in one go.
const BLOCK: usize = 64;
