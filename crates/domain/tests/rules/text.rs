use byline_domain::{Content, Title, UserName, Violation};
use proptest::prelude::*;

use crate::broken;

/// The rules that `text` breaks as a name; a title has the same.
fn broken_in_line(text: &str) -> Vec<Violation> {
    let found = broken(UserName::parse(text));
    assert_eq!(broken(Title::parse(text)), found, "{text:?}");
    found
}

const fn too_long(max: usize, actual: usize) -> Violation {
    Violation::TooLong { max, actual }
}

const fn control(found: char, position: usize) -> Violation {
    Violation::ControlCharacter { found, position }
}

/// U+0000 to U+001F and U+007F to U+009F: Unicode's category Cc.
fn control_characters() -> impl Iterator<Item = char> {
    ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}')
}

#[test]
fn texts_are_kept_exactly_as_given() {
    for text in [
        "Ada Lovelace",
        " leading and trailing ",
        "👩‍👩‍👧‍👦🦀",
        "עדה \u{200f}(Ada)\u{202e}",
        "e\u{301}",
        "é",
        "ﬁ Å K",
        "'; DROP TABLE users; --",
        "\u{feff}\u{200b}\u{fffd}\u{ffff}\u{10ffff}",
        "%_\\",
    ] {
        assert_eq!(UserName::parse(text).unwrap().as_str(), text);
        assert_eq!(Title::parse(text).unwrap().as_str(), text);
        assert_eq!(Content::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn composed_and_combining_forms_are_different_values() {
    assert_ne!(UserName::parse("é"), UserName::parse("e\u{301}"));
}

#[test]
fn a_line_has_1_to_255_characters_however_many_bytes_they_take() {
    assert_eq!((UserName::MAX_CHARS, Title::MAX_CHARS), (255, 255));
    for c in [
        "a",
        "ü",
        "€",
        "🦀",
        "\u{301}",
        "ש",
        "\u{200f}",
        "\u{10ffff}",
    ] {
        assert_eq!(broken_in_line(c), [], "{c:?}");
        assert_eq!(broken_in_line(&c.repeat(255)), [], "{c:?}");
        assert_eq!(
            broken_in_line(&c.repeat(256)),
            [too_long(255, 256)],
            "{c:?}"
        );
    }
}

#[test]
fn characters_are_code_points_not_what_a_reader_sees_as_one() {
    // Two code points each, shown as one character.
    assert_eq!(broken_in_line(&"e\u{301}".repeat(127)), []);
    assert_eq!(
        broken_in_line(&"e\u{301}".repeat(128)),
        [too_long(255, 256)]
    );
}

#[test]
fn a_line_is_not_blank() {
    for text in ["", " ", "   ", "\u{a0}", "\u{3000}\u{2003}", "\u{2028}"] {
        assert_eq!(broken_in_line(text), [Violation::Blank], "{text:?}");
    }
}

#[test]
fn a_line_has_no_control_character() {
    for c in control_characters() {
        assert_eq!(broken_in_line(&format!("🦀b{c}")), [control(c, 2)], "{c:?}");
    }
}

#[test]
fn neighbours_of_the_control_characters_are_accepted() {
    for c in [
        ' ', '~', '\u{a0}', '\u{ad}', '\u{200b}', '\u{2028}', '\u{feff}',
    ] {
        assert_eq!(broken_in_line(&format!("a{c}b")), [], "{c:?}");
    }
}

#[test]
fn all_broken_rules_of_a_line_are_reported_at_once() {
    assert_eq!(broken_in_line("\t"), [Violation::Blank, control('\t', 0)]);
    assert_eq!(
        broken_in_line(&" ".repeat(256)),
        [too_long(255, 256), Violation::Blank]
    );
    assert_eq!(
        broken_in_line(&"\n".repeat(300)),
        [too_long(255, 300), Violation::Blank, control('\n', 0)]
    );
}

#[test]
fn content_may_be_empty_or_blank() {
    for text in ["", " ", "\r\n\t"] {
        assert_eq!(Content::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn content_has_at_most_100_000_characters_however_many_bytes_they_take() {
    assert_eq!(Content::MAX_CHARS, 100_000);
    for c in ["a", "ü", "€", "🦀", "\u{301}", "ש", "\n"] {
        assert_eq!(broken(Content::parse(c.repeat(100_000))), [], "{c:?}");
        assert_eq!(
            broken(Content::parse(c.repeat(100_001))),
            [too_long(100_000, 100_001)],
            "{c:?}"
        );
    }
}

#[test]
fn content_has_tab_and_line_ends_but_no_other_control_character() {
    for c in control_characters() {
        let expected = match c {
            '\t' | '\r' | '\n' => vec![],
            _ => vec![control(c, 5)],
        };
        assert_eq!(
            broken(Content::parse(format!("a\t\r\n€{c}"))),
            expected,
            "{c:?}"
        );
    }
}

#[test]
fn all_broken_rules_of_content_are_reported_at_once() {
    assert_eq!(
        broken(Content::parse("\0".repeat(100_001))),
        [too_long(100_000, 100_001), control('\0', 0)]
    );
}

#[test]
fn the_first_control_character_is_named() {
    assert_eq!(broken_in_line("a\u{85}\0"), [control('\u{85}', 1)]);
    assert_eq!(
        broken(Content::parse("\na\u{1b}\0")),
        [control('\u{1b}', 2)]
    );
}

proptest! {
    #[test]
    fn a_line_is_accepted_just_when_it_breaks_no_rule(text in any::<String>()) {
        let right = (1..=255).contains(&text.chars().count())
            && !text.chars().all(char::is_whitespace)
            && !text.chars().any(char::is_control);
        prop_assert_eq!(broken_in_line(&text).is_empty(), right);
    }

    #[test]
    fn content_is_accepted_just_when_it_breaks_no_rule(text in "(?s)[\0-\u{10ffff}]{0,40}") {
        let right = !text.chars().any(|c| c.is_control() && !"\t\r\n".contains(c));
        let parsed = Content::parse(&*text);
        prop_assert_eq!(parsed.is_ok(), right);
        if let Ok(content) = parsed {
            prop_assert_eq!(content.as_str(), text);
        }
    }

    #[test]
    fn lengths_are_reported_in_code_points(text in "[a€🦀\u{301}]{256,400}") {
        prop_assert_eq!(broken_in_line(&text), [too_long(255, text.chars().count())]);
    }

    #[test]
    fn the_position_is_the_number_of_characters_ahead(ahead in "[a€🦀]{0,200}", c in 0..0x20_u8) {
        let c = char::from(c);
        let text = format!("{ahead}{c}b");
        prop_assert_eq!(broken_in_line(&text), [control(c, ahead.chars().count())]);
    }
}
