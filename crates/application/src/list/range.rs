/// A half-open range of sort keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange<K> {
    /// The least key; unbounded without it.
    pub from: Option<K>,
    /// The bound that every key is less than; unbounded without it.
    pub to: Option<K>,
}

impl<K> Default for KeyRange<K> {
    /// Returns the range of all keys.
    fn default() -> Self {
        Self {
            from: None,
            to: None,
        }
    }
}

impl KeyRange<String> {
    /// Returns the range of the texts that start with `prefix`.
    #[must_use]
    pub fn starting_with(prefix: &str) -> Self {
        Self {
            from: (!prefix.is_empty()).then(|| prefix.to_owned()),
            to: successor(prefix),
        }
    }
}

/// Returns the least text that is greater than every text that starts with `prefix`, by code
/// point, if there is one.
fn successor(prefix: &str) -> Option<String> {
    // No character follows the last code point, so the one before it is increased: the
    // successor of "a\u{10FFFF}" is "b".
    let rest = prefix.trim_end_matches(char::MAX);
    let mut characters = rest.chars();
    let last = characters.next_back()?;
    // A range of `char` skips the surrogates, which are no characters.
    let next = (last..=char::MAX).nth(1)?;
    Some(format!("{}{next}", characters.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_successor_increases_the_last_character() {
        for (prefix, next) in [
            ("a", "b"),
            ("Ada", "Adb"),
            (" ", "!"),
            ("z", "{"),
            ("\u{7f}", "\u{80}"),
            ("\u{7ff}", "\u{800}"),
            ("\u{ffff}", "\u{10000}"),
            ("🦀", "🦁"),
            ("x\u{d7ff}", "x\u{e000}"),
            ("\u{10fffe}", "\u{10ffff}"),
            ("a\u{10ffff}", "b"),
            ("a\u{10ffff}\u{10ffff}", "b"),
            ("\u{d7ff}\u{10ffff}", "\u{e000}"),
        ] {
            assert_eq!(successor(prefix).as_deref(), Some(next), "{prefix:?}");
        }
    }

    #[test]
    fn the_last_code_point_has_no_successor() {
        for prefix in ["", "\u{10ffff}", "\u{10ffff}\u{10ffff}"] {
            assert_eq!(successor(prefix), None, "{prefix:?}");
        }
        let all = KeyRange::starting_with("");
        assert_eq!(all, KeyRange::default());
    }

    /// Generates texts of few characters, so that prefixes match. They include the edges of
    /// the code space and of the surrogates.
    fn text() -> impl Strategy<Value = String> {
        let characters = vec!['a', 'b', '\u{d7ff}', '\u{e000}', '\u{10fffe}', char::MAX];
        prop::collection::vec(prop::sample::select(characters), 0..6)
            .prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_range_has_the_texts_that_start_with_the_prefix(prefix in text(), text in text()) {
            let range = KeyRange::starting_with(&prefix);
            let inside = range.from.is_none_or(|from| from <= text)
                && range.to.is_none_or(|to| text < to);
            prop_assert_eq!(inside, text.starts_with(&prefix));
        }

        #[test]
        fn a_range_has_every_text_with_its_prefix(prefix in ".{0,4}", rest in ".{0,4}") {
            let range = KeyRange::starting_with(&prefix);
            let text = format!("{prefix}{rest}");
            prop_assert!(range.from.is_none_or(|from| from <= text));
            prop_assert!(range.to.is_none_or(|to| text < to));
        }
    }
}
