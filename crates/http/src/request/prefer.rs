//! The preferences of a client: the header `Prefer` (RFC 7240).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::{Code, Problem};
use crate::request::header_list::{Quotes, is_token, split, split_pair, unquote};

/// The known preferences. Others are ignored, and so are known ones on operations
/// that they do not apply to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// `count=exact`: the response to a list has the number of rows on all pages.
    pub(crate) count_exact: bool,
    /// `tx=rollback`: a write is rolled back.
    pub(crate) tx_rollback: bool,
    /// `return=minimal`: the response to a write has no body.
    pub(crate) return_minimal: bool,
}

/// [`Preferences::count_exact`] in `Preference-Applied`.
pub(crate) const COUNT_EXACT: &str = "count=exact";

/// [`Preferences::tx_rollback`] in `Preference-Applied`.
pub(crate) const TX_ROLLBACK: &str = "tx=rollback";

/// [`Preferences::return_minimal`] in `Preference-Applied`.
pub(crate) const RETURN_MINIMAL: &str = "return=minimal";

/// The maximum length of a line of the header.
pub(crate) const MAX_BYTES: usize = 4096;

pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

impl Preferences {
    /// Parses all lines of the header. The first of several values of a preference
    /// applies (RFC 7240 section 2). Names and known values are compared without
    /// regard to ASCII case.
    ///
    /// # Errors
    ///
    /// The header is malformed. A hint could be ignored, but `tx=rollback` must not
    /// be: the write would take effect.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut found = Vec::new();
        for line in headers.get_all(&PREFER) {
            let text = Some(line.as_bytes()).filter(|text| text.len() <= MAX_BYTES);
            found.extend(text.and_then(parse_list).ok_or_else(malformed)?);
        }
        let has = |name: &str, value: &str| {
            let mut values = found.iter();
            values
                .find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
                .is_some_and(|(_, first)| first.eq_ignore_ascii_case(value.as_bytes()))
        };
        Ok(Self {
            count_exact: has("count", "exact"),
            tx_rollback: has("tx", "rollback"),
            return_minimal: has("return", "minimal"),
        })
    }
}

/// Returns the header `Preference-Applied` (RFC 7240 section 3) for these preferences,
/// such as [`COUNT_EXACT`]; `None` if there are none.
pub(crate) fn applied(preferences: &[&str]) -> Option<(HeaderName, HeaderValue)> {
    let names = preferences.join(", ");
    let value = HeaderValue::try_from(names).ok()?;
    (!preferences.is_empty()).then_some((PREFERENCE_APPLIED, value))
}

/// The name and the value of a preference. An empty value and none are the same.
type Preference<'a> = (&'a [u8], Vec<u8>);

/// Parses `#preference`; `None` if the text is malformed. Lists may have empty elements
/// (RFC 9110 section 5.6.1.2).
fn parse_list(text: &[u8]) -> Option<Vec<Preference<'_>>> {
    let elements = split(text, b',', Quotes::Escaped);
    elements
        .filter(|element| !element.is_empty())
        .map(|element| {
            let mut parts = split(element, b';', Quotes::Escaped);
            let preference = pair(parts.next()?)?;
            // No known preference has parameters, so that these are only validated.
            let is_valid = |parameter: &[u8]| parameter.is_empty() || pair(parameter).is_some();
            parts.all(is_valid).then_some(preference)
        })
        .collect()
}

/// Parses `token [ BWS "=" BWS word ]`, where a word is a token or a quoted string.
fn pair(text: &[u8]) -> Option<Preference<'_>> {
    let (name, value) = split_pair(text);
    let value = match value {
        None | Some([]) => Vec::new(),
        Some(token) if is_token(token) => token.to_vec(),
        Some(quoted) => unquote(quoted)?,
    };
    is_token(name).then_some((name, value))
}

fn malformed() -> Problem {
    Problem::new(
        Code::InvalidHeader,
        "The header `Prefer` must be a list of preferences (RFC 7240), as in `count=exact, respond-async; wait=10`.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(lines: &[&str]) -> Option<Preferences> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(PREFER, HeaderValue::from_str(line).unwrap());
        }
        Preferences::of(&headers).ok()
    }

    const NONE: Preferences = Preferences {
        count_exact: false,
        tx_rollback: false,
        return_minimal: false,
    };

    const COUNT: Preferences = Preferences {
        count_exact: true,
        ..NONE
    };

    const ALL: Preferences = Preferences {
        count_exact: true,
        tx_rollback: true,
        return_minimal: true,
    };

    #[test]
    fn reads_one_line_and_several() {
        assert_eq!(of(&[]), Some(NONE));
        assert_eq!(of(&["count=exact"]), Some(COUNT));
        assert_eq!(of(&["count=exact, tx=rollback,return=minimal"]), Some(ALL));
        assert_eq!(
            of(&["count=exact", "tx=rollback , ,return=minimal,"]),
            Some(ALL)
        );
    }

    #[test]
    fn reads_every_spelling() {
        for line in [
            "Count=Exact",
            "count = exact",
            "count=\"exact\"",
            "count = \"ex\\act\" ; a; b=c ;; d=\"e,f;\\\"\"",
            "wait=10;x=\"count=none\", respond-async, count=exact",
            "count=exact;",
            "count=exact;,",
        ] {
            assert_eq!(of(&[line]), Some(COUNT), "{line}");
        }
    }

    #[test]
    fn ignores_unknown_preferences() {
        for line in [
            "",
            "respond-async, wait=100",
            "handling=lenient",
            "count",
            "count=",
            "count=\"\"",
            "count=planned",
            "return=representation",
            "tx=commit",
            "x;count=exact",
            "x=\"count=exact, tx=rollback\"",
            "counts=exact",
        ] {
            assert_eq!(of(&[line]), Some(NONE), "{line}");
        }
    }

    #[test]
    fn the_first_of_several_values_applies() {
        assert_eq!(of(&["count=exact, count=none"]), Some(COUNT));
        assert_eq!(of(&["count=none, COUNT=exact"]), Some(NONE));
        assert_eq!(of(&["count=none", "count=exact"]), Some(NONE));
    }

    #[test]
    fn refuses_long_lines() {
        for (length, is_read) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let mut headers = HeaderMap::new();
            let line = HeaderValue::from_str(&"x".repeat(length)).unwrap();
            headers.append(PREFER, line);
            assert_eq!(Preferences::of(&headers).is_ok(), is_read, "{length}");
        }
    }

    #[test]
    fn refuses_malformed_lists() {
        for line in [
            "=",
            "=exact",
            "count=exact tx=rollback",
            "count=\"exact",
            "count=\"exact\\",
            "count=\"exact\\\"",
            "count==exact",
            "count=exact; =",
            "a/b",
            "(tx=rollback)",
            "count=\"a\"b",
        ] {
            assert_eq!(of(&[line]), None, "{line}");
        }
    }

    #[test]
    fn applied_preferences_are_listed() {
        let (name, value) = applied(&[COUNT_EXACT, "tx=rollback"]).unwrap();
        assert_eq!(name.as_str(), "preference-applied");
        assert_eq!(value, "count=exact, tx=rollback");
        assert_eq!(applied(&[]), None);
    }

    proptest! {
        #[test]
        fn any_quoted_value_ends_at_its_closing_quote(value in "[ -~é]*") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let mut headers = HeaderMap::new();
            let line = format!("x=\"{quoted}\", count=exact");
            headers.append(PREFER, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            prop_assert_eq!(Preferences::of(&headers).unwrap(), COUNT);
        }

        #[test]
        fn no_line_panics(line in prop::collection::vec(b' '..=255, 0..40)) {
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                let mut headers = HeaderMap::new();
                headers.append(PREFER, value);
                drop(Preferences::of(&headers));
            }
        }
    }
}
