use crate::{Violation, Violations};

/// What a user is called: 1 to 255 characters, not blank, no control
/// characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName(String);

/// What a post is about: 1 to 255 characters, not blank, no control
/// characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

/// The text of a post: 0 to 100,000 characters; of the control characters only
/// tab, carriage return and line feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl UserName {
    /// The most characters (Unicode code points) a name may have.
    pub const MAX_CHARS: usize = 255;

    /// Takes `text` exactly as it is.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Violations> {
        parse_line(text.into(), Self::MAX_CHARS).map(Self)
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Title {
    /// The most characters (Unicode code points) a title may have.
    pub const MAX_CHARS: usize = 255;

    /// Takes `text` exactly as it is.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Violations> {
        parse_line(text.into(), Self::MAX_CHARS).map(Self)
    }

    /// The title as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Content {
    /// The most characters (Unicode code points) a post may have.
    pub const MAX_CHARS: usize = 100_000;

    /// Takes `text` exactly as it is.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Violations> {
        let text = text.into();
        let may_stand = |c| matches!(c, '\t' | '\r' | '\n');
        let found = [
            too_long(&text, Self::MAX_CHARS),
            control_character(&text, may_stand),
        ];
        Violations::none_or(found.into_iter().flatten(), || Self(text))
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn parse_line(text: String, max: usize) -> Result<String, Violations> {
    let found = [
        too_long(&text, max),
        text.trim().is_empty().then_some(Violation::Blank),
        control_character(&text, |_| false),
    ];
    Violations::none_or(found.into_iter().flatten(), || text)
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

fn control_character(text: &str, may_stand: impl Fn(char) -> bool) -> Option<Violation> {
    // Most texts have none, and every row that is read is looked at: in UTF-8 a
    // control character is a byte below U+0020, U+007F, or begins with 0xC2.
    if !text
        .bytes()
        .any(|byte| byte < 0x20 || matches!(byte, 0x7F | 0xC2))
    {
        return None;
    }
    text.chars()
        .enumerate()
        .find(|&(_, found)| found.is_control() && !may_stand(found))
        .map(|(position, found)| Violation::ControlCharacter { found, position })
}
