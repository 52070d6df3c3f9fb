//! What a client would like: the header `Prefer` (RFC 7240).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::{Code, Problem};

/// The preferences that this service knows. Any other is ignored, as are known
/// ones where they mean nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// `count=exact`: a list tells how many rows there are in all.
    pub(crate) count_exact: bool,
    /// `tx=rollback`: a write is tried and undone.
    pub(crate) tx_rollback: bool,
    /// `return=minimal`: a write is answered without a body.
    pub(crate) return_minimal: bool,
}

/// As `Preference-Applied` names it.
pub(crate) const COUNT_EXACT: &str = "count=exact";

/// As `Preference-Applied` names it.
pub(crate) const TX_ROLLBACK: &str = "tx=rollback";

/// As `Preference-Applied` names it.
pub(crate) const RETURN_MINIMAL: &str = "return=minimal";

/// The longest line that is looked at.
pub(crate) const MAX_BYTES: usize = 4096;

pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

impl Preferences {
    /// What all the lines of the header say together. Of a preference given
    /// more than once the first counts (RFC 7240 section 2). Names and the
    /// values known here are compared without regard to ASCII case.
    ///
    /// # Errors
    ///
    /// The header is malformed. To ignore it would be right for a hint, but
    /// `tx=rollback` is more than that: who asks to only try must not be taken
    /// at less than their word.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut found = Vec::new();
        for line in headers.get_all(&PREFER) {
            let text = Some(line.as_bytes()).filter(|text| text.len() <= MAX_BYTES);
            found.extend(text.and_then(parse_list).ok_or_else(malformed)?);
        }
        let says = |name: &str, value: &str| {
            let first = found
                .iter()
                .find(|preference| preference.name.eq_ignore_ascii_case(name.as_bytes()));
            first.is_some_and(|first| first.value.eq_ignore_ascii_case(value.as_bytes()))
        };
        Ok(Self {
            count_exact: says("count", "exact"),
            tx_rollback: says("tx", "rollback"),
            return_minimal: says("return", "minimal"),
        })
    }
}

/// The header `Preference-Applied` (RFC 7240 section 3) for these preferences,
/// such as [`COUNT_EXACT`]; none if there are none.
pub(crate) fn applied(preferences: &[&str]) -> Option<(HeaderName, HeaderValue)> {
    let names = preferences.join(", ");
    let value = HeaderValue::try_from(names).ok()?;
    (!preferences.is_empty()).then_some((PREFERENCE_APPLIED, value))
}

/// A name and its value; no value and an empty one are the same.
struct Preference<'a> {
    name: &'a [u8],
    value: Vec<u8>,
}

/// `#preference`, with the empty elements that every list may have (RFC 9110
/// section 5.6.1.2).
fn parse_list(mut text: &[u8]) -> Option<Vec<Preference<'_>>> {
    let mut found = Vec::new();
    loop {
        while let [b',' | b' ' | b'\t', rest @ ..] = text {
            text = rest;
        }
        if text.is_empty() {
            return Some(found);
        }
        let (preference, rest) = pair(text)?;
        found.push(preference);
        text = after_parameters(rest)?;
        if !matches!(text, [] | [b',', ..]) {
            return None;
        }
    }
}

/// `token [ BWS "=" BWS word ]`
fn pair(text: &[u8]) -> Option<(Preference<'_>, &[u8])> {
    let (name, rest) = token(text)?;
    let [b'=', after @ ..] = rest.trim_ascii_start() else {
        let value = Vec::new();
        return Some((Preference { name, value }, rest));
    };
    let after = after.trim_ascii_start();
    let (value, rest) = match after {
        [b'"', quoted @ ..] => quoted_string(quoted)?,
        // "Empty or zero-length values … are equivalent to no value."
        [] | [b',' | b';', ..] => (Vec::new(), after),
        word => token(word).map(|(value, rest)| (value.to_owned(), rest))?,
    };
    Some((Preference { name, value }, rest))
}

/// `*( OWS ";" [ OWS parameter ] )`: no preference known here has parameters,
/// so that they are read to be passed over.
fn after_parameters(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = text.trim_ascii_start();
        let [b';', rest @ ..] = text else {
            return Some(text);
        };
        text = rest.trim_ascii_start();
        if !matches!(text, [] | [b';' | b',', ..]) {
            (_, text) = pair(text)?;
        }
    }
}

/// RFC 9110 section 5.6.2.
fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let may_stand = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = text.iter().position(|byte| !may_stand(byte));
    let (token, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    (!token.is_empty()).then_some((token, rest))
}

/// RFC 9110 section 5.6.4, behind the first quote.
fn quoted_string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'"', after @ ..] => return Some((value, after)),
            [b'\\', byte, after @ ..] if is_text(*byte) => {
                value.push(*byte);
                rest = after;
            }
            [byte, after @ ..] if is_text(*byte) && *byte != b'\\' => {
                value.push(*byte);
                rest = after;
            }
            _ => return None,
        }
    }
}

/// What may stand in quotes, by itself or escaped.
fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
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
    fn ignores_what_it_does_not_know() {
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
    fn the_first_of_several_counts() {
        assert_eq!(of(&["count=exact, count=none"]), Some(COUNT));
        assert_eq!(of(&["count=none, COUNT=exact"]), Some(NONE));
        assert_eq!(of(&["count=none", "count=exact"]), Some(NONE));
    }

    #[test]
    fn refuses_what_is_too_long() {
        for (length, is_read) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let mut headers = HeaderMap::new();
            let line = HeaderValue::from_str(&"x".repeat(length)).unwrap();
            headers.append(PREFER, line);
            assert_eq!(Preferences::of(&headers).is_ok(), is_read, "{length}");
        }
    }

    #[test]
    fn refuses_what_is_no_list_of_preferences() {
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
    fn applied_ones_are_listed() {
        let (name, value) = applied(&[COUNT_EXACT, "tx=rollback"]).unwrap();
        assert_eq!(name.as_str(), "preference-applied");
        assert_eq!(value, "count=exact, tx=rollback");
        assert_eq!(applied(&[]), None);
    }

    proptest! {
        #[test]
        fn any_quoted_value_ends_where_it_ends(value in "[ -~é]*") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let mut headers = HeaderMap::new();
            let line = format!("x=\"{quoted}\", count=exact");
            headers.append(PREFER, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            prop_assert_eq!(Preferences::of(&headers).unwrap(), COUNT);
        }

        #[test]
        fn any_line_is_read_or_refused(line in prop::collection::vec(b' '..=255, 0..40)) {
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                let mut headers = HeaderMap::new();
                headers.append(PREFER, value);
                drop(Preferences::of(&headers));
            }
        }
    }
}
