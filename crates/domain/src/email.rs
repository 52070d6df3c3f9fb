use crate::Violation;
use crate::text::{texts, too_long};

texts! {
    /// An e-mail address by the pattern of the HTML living standard (section
    /// "E-mail state"), with at least one dot in the domain and at most 254
    /// characters (RFC 5321's limit for a path, less its brackets).
    ///
    /// All its characters are ASCII. It is kept as it was given; two addresses that differ only in
    /// ASCII case have the same [`key`](Self::key).
    EmailAddress, 254, address;
}

impl EmailAddress {
    /// Returns the form that is unique among users: the address in ASCII lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Returns the violation of the pattern, if there is one.
fn pattern_violation(text: &str) -> Option<Violation> {
    let Some((local, domain)) = text.split_once('@') else {
        return Some(Violation::NotAnEmailAddress);
    };
    if local.is_empty() || !local.bytes().all(is_local) || !domain.split('.').all(is_label) {
        return Some(Violation::NotAnEmailAddress);
    }
    (!domain.contains('.')).then_some(Violation::DomainWithoutDot)
}

/// Returns whether `byte` may be in the local part: RFC 5322's `atext`, and the dot anywhere.
fn is_local(byte: u8) -> bool {
    // A match, because it is fast: every row that is read is checked.
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'.' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~'
        )
}

/// Returns whether `label` is a label of a host name (RFC 1034, section 3.5; RFC 1123, section
/// 2.1).
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Returns the rules of an address that `text` breaks.
fn address(text: &str, max: usize) -> impl Iterator<Item = Violation> + use<> {
    let found = [pattern_violation(text), too_long(text, max)];
    found.into_iter().flatten()
}
