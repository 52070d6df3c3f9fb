use std::hash::Hasher;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fnv::FnvHasher;

/// A place in a list, as clients carry it from one page to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) direction: Direction,
    /// The id of the row next to the page.
    pub(crate) position: i64,
}

/// On which side of the position the page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Behind it, in the order of the list.
    After,
    /// Ahead of it.
    Before,
}

/// Why a text is no cursor for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCursor {
    #[error("The cursor is damaged.")]
    Damaged,
    #[error("The cursor was made for another list.")]
    OtherList,
}

/// Changes with the layout, so that old cursors are refused, not misread.
const VERSION: u8 = 1;

/// Version, direction, fingerprint of the list, position, checksum.
type Bytes = [u8; 1 + 1 + 4 + 8 + 4];

impl Cursor {
    /// The cursor as an opaque text that needs no escaping in a URL. `list`
    /// tells one list, its filters included, from every other.
    pub(crate) fn encode(self, list: &str) -> String {
        let mut bytes = Bytes::default();
        let direction = match self.direction {
            Direction::After => 0,
            Direction::Before => 1,
        };
        let [version, side, rest @ ..] = &mut bytes;
        (*version, *side) = (VERSION, direction);
        let (fingerprint, rest) = rest.split_at_mut(4);
        fingerprint.copy_from_slice(&hash(list.as_bytes()));
        let (position, _) = rest.split_at_mut(8);
        position.copy_from_slice(&self.position.to_be_bytes());
        let (content, checksum) = bytes.split_at_mut(14);
        checksum.copy_from_slice(&hash(content));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn decode(text: &str, list: &str) -> Result<Self, InvalidCursor> {
        let bytes = unpack(text).ok_or(InvalidCursor::Damaged)?;
        let [VERSION, side, a, b, c, d, position @ .., _, _, _, _] = bytes else {
            return Err(InvalidCursor::Damaged);
        };
        let direction = match side {
            0 => Direction::After,
            1 => Direction::Before,
            _ => return Err(InvalidCursor::Damaged),
        };
        if [a, b, c, d] != hash(list.as_bytes()) {
            return Err(InvalidCursor::OtherList);
        }
        Ok(Self {
            direction,
            position: i64::from_be_bytes(position),
        })
    }
}

/// The bytes in `text`, if their checksum is right.
fn unpack(text: &str) -> Option<Bytes> {
    let mut bytes = Bytes::default();
    // Checked first: a longer text might fill the buffer and fail only then.
    if text.len() != bytes.len().div_ceil(3) * 4 {
        return None;
    }
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    let (content, checksum) = bytes.split_at_checked(14)?;
    (length == bytes.len() && checksum == hash(content)).then_some(bytes)
}

/// Detects accidents, not malice: a forged cursor shows nothing that its list
/// would not.
fn hash(bytes: &[u8]) -> [u8; 4] {
    let mut hasher = FnvHasher::default();
    hasher.write(bytes);
    let [a, b, c, d, e, f, g, h] = hasher.finish().to_be_bytes();
    [a ^ e, b ^ f, c ^ g, d ^ h]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        (any::<bool>(), any::<i64>()).prop_map(|(after, position)| Cursor {
            direction: if after {
                Direction::After
            } else {
                Direction::Before
            },
            position,
        })
    }

    proptest! {
        #[test]
        fn survives_the_round_trip(cursor in any_cursor(), list in ".*") {
            prop_assert_eq!(Cursor::decode(&cursor.encode(&list), &list), Ok(cursor));
        }

        #[test]
        fn needs_no_escaping(cursor in any_cursor()) {
            let text = cursor.encode("/users");
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }

        #[test]
        fn arbitrary_text_is_refused(text in ".*") {
            prop_assert_eq!(Cursor::decode(&text, "/users"), Err(InvalidCursor::Damaged));
        }

        #[test]
        fn a_changed_character_is_noticed(cursor in any_cursor(), at in 0..24_usize, other in "[A-Za-z0-9_-]") {
            let text = cursor.encode("/users");
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            prop_assume!(changed != text);
            prop_assert_eq!(Cursor::decode(&changed, "/users"), Err(InvalidCursor::Damaged));
        }

        #[test]
        fn a_cursor_of_another_list_is_refused(cursor in any_cursor()) {
            let text = cursor.encode("/users/1/posts");
            prop_assert_eq!(Cursor::decode(&text, "/posts"), Err(InvalidCursor::OtherList));
        }
    }

    /// Clients keep cursors across upgrades of the service.
    #[test]
    fn the_text_form_is_stable() {
        let cursor = Cursor {
            direction: Direction::After,
            position: 42,
        };
        assert_eq!(cursor.encode("/users"), "AQB2cW4VAAAAAAAAACqhg-1h");
    }
}
