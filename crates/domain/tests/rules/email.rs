use std::sync::LazyLock;

use byline_domain::{EmailAddress, Violation};
use proptest::prelude::*;
use regex::Regex;

use crate::broken;

/// The HTML living standard, section 4.10.5.1.5 "E-mail state", to the letter.
static STANDARD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[a-zA-Z0-9.!#$%&'*+\/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
    )
    .unwrap()
});

/// What the contract says, told by the standard's own pattern.
fn expected(text: &str) -> Vec<Violation> {
    let mut expected = Vec::new();
    if !STANDARD.is_match(text) {
        expected.push(Violation::NotAnEmailAddress);
    } else if !text.split_once('@').unwrap().1.contains('.') {
        expected.push(Violation::DomainWithoutDot);
    }
    let actual = text.chars().count();
    if actual > 254 {
        expected.push(Violation::TooLong { max: 254, actual });
    }
    expected
}

/// An address of `chars` characters, its domain made of longest labels.
fn address_of(chars: usize) -> String {
    let domain = format!("@{}.{}.org", "d".repeat(63), "e".repeat(63));
    format!("{}{domain}", "l".repeat(chars - domain.len()))
}

#[test]
fn ordinary_addresses_are_accepted_and_kept_as_given() {
    for text in [
        "ada@example.org",
        "Ada.Lovelace+notes@Mail.Example.ORG",
        "a@b.c",
        "1@2.3",
        "x@xn--bcher-kva.example",
        "x@1-2.3-4",
    ] {
        assert_eq!(EmailAddress::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn every_character_of_the_standard_may_stand_in_the_local_part() {
    let local = "AZaz09.!#$%&'*+/=?^_`{|}~-";
    assert_eq!(broken(EmailAddress::parse(format!("{local}@b.c"))), []);
    for byte in 0..=127_u8 {
        let c = char::from(byte);
        let may_stand = c.is_ascii_alphanumeric() || local.contains(c);
        let text = format!("a{c}b@c.d");
        assert_eq!(EmailAddress::parse(&*text).is_ok(), may_stand, "{text:?}");
    }
}

#[test]
fn dots_may_stand_anywhere_in_the_local_part() {
    for text in [".ada@b.c", "ada.@b.c", "a..da@b.c", ".@b.c"] {
        assert_eq!(broken(EmailAddress::parse(text)), [], "{text}");
    }
}

#[test]
fn a_text_that_is_no_address_is_refused() {
    for text in [
        "",
        "@",
        "ada",
        "ada@",
        "@example.org",
        "ada@@example.org",
        "ada@example@org.org",
        "ada lovelace@example.org",
        " ada@example.org",
        "ada@example.org ",
        "ada@example.org\n",
        "ada@exam\0ple.org",
        "ada@.example.org",
        "ada@example..org",
        "ada@example.org.",
        "ada@-example.org",
        "ada@example-.org",
        "ada@exa_mple.org",
        "ada@[127.0.0.1]",
        "\"ada\"@example.org",
        "Ada <ada@example.org>",
        "adä@example.org",
        "ada@exämple.org",
        "ada@example.орг",
        "ada\u{202e}@example.org",
        "ada\u{ff20}example.org",
    ] {
        assert_eq!(
            broken(EmailAddress::parse(text)),
            [Violation::NotAnEmailAddress],
            "{text:?}"
        );
    }
}

#[test]
fn a_label_has_at_most_63_characters() {
    let accepted = format!("a@{}.c", "b".repeat(63));
    let refused = format!("a@{}.c", "b".repeat(64));
    assert_eq!(broken(EmailAddress::parse(accepted)), []);
    assert_eq!(
        broken(EmailAddress::parse(refused)),
        [Violation::NotAnEmailAddress]
    );
}

#[test]
fn the_domain_has_a_dot() {
    assert_eq!(
        broken(EmailAddress::parse("ada@localhost")),
        [Violation::DomainWithoutDot]
    );
    // A dot ahead of the `@` does not count.
    assert_eq!(
        broken(EmailAddress::parse("ada.l@localhost")),
        [Violation::DomainWithoutDot]
    );
}

#[test]
fn an_address_has_at_most_254_characters() {
    assert_eq!(EmailAddress::MAX_CHARS, 254);
    assert_eq!(broken(EmailAddress::parse(address_of(254))), []);
    assert_eq!(
        broken(EmailAddress::parse(address_of(255))),
        [Violation::TooLong {
            max: 254,
            actual: 255
        }]
    );
}

#[test]
fn all_broken_rules_are_reported_at_once() {
    let actual = 255;
    let too_long = Violation::TooLong { max: 254, actual };
    assert_eq!(
        broken(EmailAddress::parse("🦀".repeat(255))),
        [Violation::NotAnEmailAddress, too_long.clone()]
    );
    assert_eq!(
        broken(EmailAddress::parse(format!("{}@b", "a".repeat(253)))),
        [Violation::DomainWithoutDot, too_long]
    );
}

#[test]
fn addresses_that_differ_in_case_are_different_values_with_one_key() {
    let (lower, upper) = (
        EmailAddress::parse("ada@example.org").unwrap(),
        EmailAddress::parse("ADA@Example.Org").unwrap(),
    );
    assert_ne!(lower, upper);
    assert_eq!(lower.key(), upper.key());
    assert_eq!(upper.key(), "ada@example.org");
}

/// Texts close to the border between accepted and refused.
fn near_address() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        8 => "[a-zA-Z0-9-]{1,8}",
        1 => "[a-z0-9]{60,66}",
        1 => "[a-z._ ä-]{0,3}",
    ];
    let domain = prop::collection::vec(label, 1..5).prop_map(|labels| labels.join("."));
    let local = prop_oneof![
        8 => "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,12}",
        1 => "[a-z.@ (),:;<>\\[\\]\"\\\\]{0,4}",
        1 => "[a-z]{200,260}",
    ];
    (
        local,
        prop_oneof![9 => Just("@"), 1 => Just("@@"), 1 => Just("")],
        domain,
    )
        .prop_map(|(local, at, domain)| format!("{local}{at}{domain}"))
}

proptest! {
    #[test]
    fn the_rules_are_those_of_the_standard(text in near_address()) {
        prop_assert_eq!(broken(EmailAddress::parse(&*text)), expected(&text));
    }

    #[test]
    fn the_rules_are_those_of_the_standard_for_any_text(text in any::<String>()) {
        prop_assert_eq!(broken(EmailAddress::parse(&*text)), expected(&text));
    }

    #[test]
    fn an_accepted_address_is_kept_and_its_key_is_an_address_too(
        text in "[a-zA-Z0-9.+-]{1,20}@([a-zA-Z0-9]{1,9}\\.){1,3}[a-zA-Z]{1,5}",
    ) {
        let email = EmailAddress::parse(&*text).unwrap();
        prop_assert_eq!(email.as_str(), &*text);
        let key = EmailAddress::parse(email.key()).unwrap();
        prop_assert_eq!(key.key(), email.key());
        prop_assert!(key.as_str().eq_ignore_ascii_case(&text));
        let upper = EmailAddress::parse(text.to_ascii_uppercase()).unwrap();
        prop_assert_eq!(upper.key(), email.key());
    }
}
