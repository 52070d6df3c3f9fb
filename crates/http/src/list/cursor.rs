use std::hash::Hasher;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_application::{KeysetPosition, Seek, SortKind, SortValue};
use byline_domain::Timestamp;
use fnv::FnvHasher;

/// A position in a list, from which clients request the next or the previous page.
///
/// Its text is opaque but not secret: version, side, hash of the list, id, sort key, and a
/// checksum over all of it. The checksum has no key. A cursor must be valid on every instance
/// and after every restart, so a key would have to be stored in the database. It would protect
/// nothing: a forged cursor names a position that filters can name, too. The content of a cursor
/// is therefore validated like any other input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) side: Side,
    pub(crate) position: KeysetPosition<SortValue>,
}

/// On which side of the position the page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// After it, in the order of the list.
    After,
    /// Before it.
    Before,
}

/// The text is not a cursor of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCursor {
    #[error("The cursor is damaged.")]
    Damaged,
    #[error("The cursor was made for another list, or with other filters or another sort.")]
    OtherList,
}

/// A hash of a list, its sort and its filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// Returns the fingerprint of a list that these texts describe.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = FnvHasher::default();
        for text in texts {
            hasher.write(text.as_bytes());
            // No text contains this byte, so "a", "b" differs from "ab".
            hasher.write(&[0xff]);
        }
        Self(hasher.finish().to_be_bytes())
    }
}

/// The version of the layout: old cursors are refused, not misread.
const VERSION: u8 = 1;

const CHECKSUM: usize = 8;

impl Cursor {
    /// Returns the cursor as a text that needs no escaping in a URL.
    pub(crate) fn encode(&self, list: Fingerprint) -> String {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(VERSION);
        bytes.push(match self.side {
            Side::After => 0,
            Side::Before => 1,
        });
        bytes.extend(list.0);
        bytes.extend(self.position.id.to_be_bytes());
        match &self.position.key {
            SortValue::None => bytes.push(0),
            SortValue::Text(text) => {
                bytes.push(1);
                bytes.extend(text.as_bytes());
            }
            SortValue::Time(time) => {
                bytes.push(2);
                bytes.extend(time.as_micros().to_be_bytes());
            }
        }
        encode_with_checksum(bytes)
    }

    pub(crate) fn decode(text: &str, list: Fingerprint) -> Result<Self, InvalidCursor> {
        let damaged = InvalidCursor::Damaged;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged)?;
        let (content, _) = bytes
            .split_last_chunk()
            .filter(|(content, sum)| **sum == checksum(content))
            .ok_or(damaged)?;
        let [VERSION, side, rest @ ..] = content else {
            return Err(damaged);
        };
        let side = match side {
            0 => Side::After,
            1 => Side::Before,
            _ => return Err(damaged),
        };
        let (fingerprint, rest) = rest.split_first_chunk().ok_or(damaged)?;
        if *fingerprint != list.0 {
            return Err(InvalidCursor::OtherList);
        }
        let (id, key) = rest.split_first_chunk().ok_or(damaged)?;
        let position = KeysetPosition {
            key: sort_value(key).ok_or(damaged)?,
            id: i64::from_be_bytes(*id),
        };
        Ok(Self { side, position })
    }

    /// Returns the place where the page begins; `None` if the sort key is of another
    /// kind than the list's.
    pub(crate) fn seek(self, kind: SortKind) -> Option<Seek<KeysetPosition<SortValue>>> {
        let fits = match &self.position.key {
            SortValue::None => kind == SortKind::Id,
            SortValue::Text(_) => matches!(kind, SortKind::Text | SortKind::UniqueText),
            SortValue::Time(_) => kind == SortKind::Time,
        };
        fits.then_some(match self.side {
            Side::After => Seek::After(self.position),
            Side::Before => Seek::Before(self.position),
        })
    }
}

/// Reads the value of a sort key.
fn sort_value(bytes: &[u8]) -> Option<SortValue> {
    match bytes {
        [0] => Some(SortValue::None),
        [1, text @ ..] => Some(SortValue::Text(str::from_utf8(text).ok()?.to_owned())),
        [2, micros @ ..] => {
            let micros = i64::from_be_bytes(micros.try_into().ok()?);
            Some(SortValue::Time(Timestamp::from_micros(micros).ok()?))
        }
        _ => None,
    }
}

/// Returns the text of a cursor with this content.
pub(crate) fn encode_with_checksum(mut content: Vec<u8>) -> String {
    content.extend(checksum(&content));
    URL_SAFE_NO_PAD.encode(content)
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = FnvHasher::default();
    hasher.write(content);
    hasher.finish().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_key() -> impl Strategy<Value = SortValue> {
        let times = Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros();
        prop_oneof![
            Just(SortValue::None),
            ".{0,20}".prop_map(SortValue::Text),
            times.prop_map(|micros| SortValue::Time(Timestamp::from_micros(micros).unwrap())),
        ]
    }

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        (any::<bool>(), any_key(), any::<i64>()).prop_map(|(after, key, id)| Cursor {
            side: if after { Side::After } else { Side::Before },
            position: KeysetPosition { key, id },
        })
    }

    fn users() -> Fingerprint {
        Fingerprint::of(["/users", "id"])
    }

    proptest! {
        #[test]
        fn survives_the_round_trip(cursor in any_cursor(), list in ".*") {
            let list = Fingerprint::of([list.as_str()]);
            prop_assert_eq!(Cursor::decode(&cursor.encode(list), list), Ok(cursor));
        }

        #[test]
        fn needs_no_escaping(cursor in any_cursor()) {
            let text = cursor.encode(users());
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }

        #[test]
        fn arbitrary_text_is_refused(text in ".*") {
            prop_assert_eq!(Cursor::decode(&text, users()), Err(InvalidCursor::Damaged));
        }

        #[test]
        fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(Cursor::decode(&text, users()), Err(InvalidCursor::Damaged));
        }

        /// Forged, with a right checksum: read or refused, never a panic.
        #[test]
        fn any_content_is_read_or_refused(rest in prop::collection::vec(any::<u8>(), 0..40), side in 0..3_u8) {
            let mut bytes = vec![VERSION, side];
            bytes.extend(users().0);
            bytes.extend(rest);
            bytes.extend(checksum(&bytes));
            let text = URL_SAFE_NO_PAD.encode(bytes);
            if let Ok(cursor) = Cursor::decode(&text, users()) {
                prop_assert_eq!(cursor.encode(users()), text);
            }
        }

        #[test]
        fn a_changed_character_is_noticed(cursor in any_cursor(), at in any::<prop::sample::Index>(), other in "[A-Za-z0-9_-]") {
            let text = cursor.encode(users());
            let at = at.index(text.len());
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            prop_assume!(changed != text);
            prop_assert_eq!(Cursor::decode(&changed, users()), Err(InvalidCursor::Damaged));
        }

        #[test]
        fn a_cut_or_prolonged_cursor_is_noticed(cursor in any_cursor(), cut in 1..20_usize, more in "[A-Za-z0-9_-]{1,9}") {
            let text = cursor.encode(users());
            let shorter = &text[..text.len() - cut];
            prop_assert_eq!(Cursor::decode(shorter, users()), Err(InvalidCursor::Damaged));
            let longer = text + &more;
            prop_assert_eq!(Cursor::decode(&longer, users()), Err(InvalidCursor::Damaged));
        }

        #[test]
        fn a_cursor_of_another_list_is_refused(cursor in any_cursor()) {
            let text = cursor.encode(users());
            for other in [&["/users", "-id"][..], &["/posts", "id"], &["/users", "id", ""], &["/usersid"]] {
                let other = Fingerprint::of(other.iter().copied());
                prop_assert_eq!(Cursor::decode(&text, other), Err(InvalidCursor::OtherList));
            }
        }
    }

    #[test]
    fn a_key_of_another_type_is_no_position() {
        let time = Timestamp::from_micros(7).unwrap();
        let of = |key| Cursor {
            side: Side::After,
            position: KeysetPosition { key, id: 1 },
        };
        assert!(of(SortValue::None).seek(SortKind::Id).is_some());
        assert!(of(SortValue::None).seek(SortKind::Text).is_none());
        assert!(of("a".into()).seek(SortKind::Id).is_none());
        assert!(of("a".into()).seek(SortKind::Time).is_none());
        assert!(of("a".into()).seek(SortKind::UniqueText).is_some());
        assert!(of(time.into()).seek(SortKind::Text).is_none());
        let at = KeysetPosition {
            key: time.into(),
            id: 1,
        };
        assert_eq!(of(time.into()).seek(SortKind::Time), Some(Seek::After(at)));
    }

    /// Clients keep cursors across upgrades of the service.
    #[test]
    fn the_text_form_is_stable() {
        let encode = |key| {
            let position = KeysetPosition { key, id: 42 };
            let side = Side::After;
            Cursor { side, position }.encode(users())
        };
        assert_eq!(
            encode(SortValue::None),
            "AQAt29ze6aHdqwAAAAAAAAAqAFapuQrWkq-S"
        );
        assert_eq!(
            encode(SortValue::Text("Zoë".into())),
            "AQAt29ze6aHdqwAAAAAAAAAqAVpvw6sU_CyOvt-XXA"
        );
        let time = Timestamp::from_micros(1_763_805_600_123_456).unwrap();
        assert_eq!(
            encode(SortValue::Time(time)),
            "AQAt29ze6aHdqwAAAAAAAAAqAgAGRCv-P4pAHHxRi5NIpcY"
        );
    }
}
