use byline_domain::{Content, EmailAddress, Title, UserName, Violation, Violations};
use proptest::prelude::*;

/// What is wrong with a value that is wrong.
fn violations<T: std::fmt::Debug>(parsed: Result<T, Violations>) -> Violations {
    parsed.unwrap_err()
}

/// Each rule's code, and its sentence, which completes "the name …".
fn told(violations: &Violations) -> Vec<(&'static str, String)> {
    let tell = |violation: &Violation| (violation.code(), violation.to_string());
    violations.iter().map(tell).collect()
}

#[test]
fn every_rule_has_a_code_and_a_sentence() {
    for (found, code, sentence) in [
        (
            violations(UserName::parse("")),
            "blank",
            "must not be blank",
        ),
        (
            violations(Title::parse("ü".repeat(300))),
            "too-long",
            "must have at most 255 characters, has 300",
        ),
        (
            violations(Content::parse("ab\u{1b}[0m")),
            "control-character",
            "must not contain control characters, has U+001B at character 3",
        ),
        (
            violations(EmailAddress::parse("ada")),
            "not-an-email-address",
            "must be an e-mail address such as ada@example.org",
        ),
        (
            violations(EmailAddress::parse("ada@localhost")),
            "domain-without-dot",
            "must have a dot in the domain, as in ada@example.org",
        ),
    ] {
        assert_eq!(told(&found), [(code, sentence.to_owned())]);
    }
}

#[test]
fn a_control_character_is_named_by_its_number_and_counted_from_1() {
    for (text, sentence) in [
        ("\0", "has U+0000 at character 1"),
        ("a\u{9f}", "has U+009F at character 2"),
        ("🦀e\u{301}\u{7f}", "has U+007F at character 4"),
    ] {
        let found = violations(Content::parse(text)).to_string();
        assert_eq!(
            found,
            format!("must not contain control characters, {sentence}")
        );
    }
}

#[test]
fn the_text_of_a_value_never_comes_back_in_its_error() {
    let found = violations(UserName::parse("secret\u{1b}".repeat(99)));
    assert!(!found.to_string().contains("secret"));
    assert!(!found.to_string().contains('\u{1b}'));
}

#[test]
fn several_rules_are_one_sentence_each() {
    let found = violations(UserName::parse("\t"));
    assert_eq!(
        found.to_string(),
        "must not be blank; must not contain control characters, has U+0009 at character 1"
    );
    assert_eq!((&found).into_iter().count(), 2);
}

proptest! {
    #[test]
    fn an_error_names_at_least_one_rule_and_each_once(text in any::<String>()) {
        for parsed in [
            UserName::parse(&*text).err(),
            Content::parse(&*text).err(),
            EmailAddress::parse(&*text).err(),
        ] {
            let Some(violations) = parsed else { continue };
            let mut codes: Vec<_> = violations.iter().map(Violation::code).collect();
            prop_assert!(!codes.is_empty());
            let told = codes.len();
            codes.sort_unstable();
            codes.dedup();
            prop_assert_eq!(codes.len(), told);
        }
    }
}
