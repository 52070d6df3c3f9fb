/// Sort keys from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange<K> {
    /// The least key; all, if none.
    pub from: Option<K>,
    /// What every key is less than; all, if none.
    pub to: Option<K>,
}

impl<K> Default for KeyRange<K> {
    /// All keys.
    fn default() -> Self {
        Self {
            from: None,
            to: None,
        }
    }
}

impl KeyRange<String> {
    /// Every text that starts with `prefix`, by code point.
    #[must_use]
    pub fn starting_with(prefix: &str) -> Self {
        Self {
            from: (!prefix.is_empty()).then(|| prefix.to_owned()),
            to: successor(prefix),
        }
    }
}

/// The least text that is greater than every text that starts with `prefix`, by
/// code point; none if there is no such text.
fn successor(prefix: &str) -> Option<String> {
    // What ends with the last code point has its successor one character
    // earlier: after "a\u{10FFFF}…" comes "b".
    let rest = prefix.trim_end_matches(char::MAX);
    let mut characters = rest.chars();
    let last = characters.next_back()?;
    // A range of `char` steps over the surrogates, which are no characters.
    let next = (last..=char::MAX).nth(1)?;
    Some(format!("{}{next}", characters.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_character_steps_on() {
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
    fn nothing_comes_after_all() {
        for prefix in ["", "\u{10ffff}", "\u{10ffff}\u{10ffff}"] {
            assert_eq!(successor(prefix), None, "{prefix:?}");
        }
        let all = KeyRange::starting_with("");
        assert_eq!(all, KeyRange::default());
    }

    /// Few characters, so that prefixes are met; those at the edges of the code
    /// space and of the surrogates among them.
    fn text() -> impl Strategy<Value = String> {
        let characters = vec!['a', 'b', '\u{d7ff}', '\u{e000}', '\u{10fffe}', char::MAX];
        prop::collection::vec(prop::sample::select(characters), 0..6)
            .prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_range_has_what_starts_with_the_prefix(prefix in text(), text in text()) {
            let range = KeyRange::starting_with(&prefix);
            let inside = range.from.is_none_or(|from| from <= text)
                && range.to.is_none_or(|to| text < to);
            prop_assert_eq!(inside, text.starts_with(&prefix));
        }

        #[test]
        fn whatever_the_prefix(prefix in ".{0,4}", rest in ".{0,4}") {
            let range = KeyRange::starting_with(&prefix);
            let text = format!("{prefix}{rest}");
            prop_assert!(range.from.is_none_or(|from| from <= text));
            prop_assert!(range.to.is_none_or(|to| text < to));
        }
    }
}
