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
        let found = [
            too_long(&text, Self::MAX_CHARS),
            control_character(&text, |byte| matches!(byte, b'\t' | b'\r' | b'\n')),
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
