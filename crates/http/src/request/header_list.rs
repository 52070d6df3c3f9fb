//! Lists in headers whose elements have parameters, such as `Accept` (RFC 9110
//! sections 5.6.1 and 5.6.6).
//!
//! The reading is lenient: every text is a list. Spaces around `=`, parameters
//! without a value, empty elements and a quote that is never closed are found in
//! the wild, and what they mean is clear.

use std::borrow::Cow;

use actix_web::http::header::{HeaderMap, HeaderName};

/// One element of a list: `text/html; charset=utf-8; q=0.5`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// What stands before the first semicolon, in lower case.
    pub(crate) name: String,
    /// Names in lower case, values without their quotes.
    parameters: Vec<(String, String)>,
}

impl Element {
    /// Returns the value of the first parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    /// Returns names and values of all parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.parameters.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the weight in thousandths (RFC 9110 section 12.4.2), 1000 without
    /// a parameter `q`; none if `q` is no number.
    pub(crate) fn weight(&self) -> Option<u16> {
        self.parameter("q").map_or(Some(FULL_WEIGHT), weight)
    }
}

/// The weight of what has none.
const FULL_WEIGHT: u16 = 1000;

/// Parses a weight: a decimal number. `.2` and numbers of many digits are sent by
/// many clients; what is greater than 1 is 1.
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = !(whole.is_empty() && fraction.is_empty())
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit());
    if !is_number {
        return None;
    }
    if whole.bytes().any(|digit| digit != b'0') {
        return Some(FULL_WEIGHT);
    }
    let digits = fraction.bytes().chain([b'0'; 3]).take(3);
    let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    // However small, it is no refusal.
    let is_zero = fraction.bytes().all(|digit| digit == b'0');
    Some(if is_zero { 0 } else { thousandths.max(1) })
}

/// Whether a charset is UTF-8, by any of the names that clients give it, or ASCII,
/// which is UTF-8 too.
pub(crate) fn is_utf8(charset: &str) -> bool {
    let name = charset.trim_matches(|c: char| c == '\'' || c.is_ascii_whitespace());
    ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Returns the elements in all lines of a header.
pub(crate) fn elements(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = Element> {
    headers.get_all(name).flat_map(|line| {
        let text = String::from_utf8_lossy(line.as_bytes());
        split(&text, b',').filter_map(element).collect::<Vec<_>>()
    })
}

/// Parses one element; none if it is empty.
fn element(text: &str) -> Option<Element> {
    let mut parts = split(text, b';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let parameters = parts
        .filter(|part| !part.is_empty())
        .map(parameter)
        .collect();
    (!text.trim().is_empty()).then_some(Element { name, parameters })
}

fn parameter(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (
        name.trim().to_ascii_lowercase(),
        unquote(value.trim()).into_owned(),
    )
}

/// Returns the content of a quoted string, or the text itself.
fn unquote(text: &str) -> Cow<'_, str> {
    let Some(quoted) = text.strip_prefix('"') else {
        return Cow::Borrowed(text);
    };
    let mut content = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => content.extend(chars.next()),
            plain => content.push(plain),
        }
    }
    Cow::Owned(content)
}

/// Splits a text at a separator that stands outside of quotes.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted && c == char::from(separator),
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{self, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT, HeaderValue::from_str(line).unwrap());
        }
        elements(&headers, &header::ACCEPT)
            .map(|element| {
                let parameters: Vec<_> = element
                    .parameters()
                    .map(|(name, value)| format!(" {name}={value}"))
                    .collect();
                format!("{}{}", element.name, parameters.concat())
            })
            .collect()
    }

    #[test]
    fn elements_and_parameters_are_told_apart() {
        for (lines, elements) in [
            (&["a"][..], &["a"][..]),
            (&["a, b;q=1 ,\tC"], &["a", "b q=1", "c"]),
            (&["a", "b"], &["a", "b"]),
            (&["", " , ,", "a,"], &["a"]),
            (&["a;X=\"1,2;3\";y, b"], &["a x=1,2;3 y=", "b"]),
            (&["a;x=\"\\\"\\,\", b"], &["a x=\",", "b"]),
            (&["a ; x = 1 ;; ; y=Z"], &["a x=1 y=Z"]),
            (&["a;x=\"1, b"], &["a x=1, b"]),
            (&[";q=.2", "a=b=c"], &[" q=.2", "a=b=c"]),
        ] {
            assert_eq!(read(lines), elements, "{lines:?}");
        }
    }

    #[test]
    fn weights_are_numbers() {
        for (text, thousandths) in [
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.000", Some(0)),
            ("0.5", Some(500)),
            (".2", Some(200)),
            ("00.25", Some(250)),
            ("0.333333", Some(333)),
            ("0.00001", Some(1)),
            ("1.5", Some(1000)),
            ("100", Some(1000)),
            ("1.", Some(1000)),
            ("", None),
            (".", None),
            ("-1", None),
            ("+1", None),
            ("1e-3", None),
            ("0.5.5", None),
            ("high", None),
        ] {
            assert_eq!(weight(text), thousandths, "{text}");
        }
    }

    #[test]
    fn utf_8_has_several_names() {
        for name in [
            "utf-8", "UTF8", "Utf-8", "'utf-8'", " utf-8 ", "us-ascii", "ASCII",
        ] {
            assert!(is_utf8(name), "{name}");
        }
        for name in ["", "utf-16", "utf-8x", "latin1", "iso-8859-1", "utf 8"] {
            assert!(!is_utf8(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_quoted_value_ends_where_it_ends(value in "[ -~é]*") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!("a;x=\"{quoted}\", b");
            let mut headers = HeaderMap::new();
            headers.append(header::ACCEPT, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            let found: Vec<_> = elements(&headers, &header::ACCEPT).collect();
            prop_assert_eq!(found.len(), 2);
            prop_assert_eq!(found[0].parameter("x"), Some(value.as_str()));
        }

        #[test]
        fn any_line_is_a_list(line in prop::collection::vec(b' '..=255, 0..60)) {
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                let mut headers = HeaderMap::new();
                headers.append(header::ACCEPT, value);
                for element in elements(&headers, &header::ACCEPT) {
                    prop_assert!(element.weight().is_none_or(|weight| weight <= FULL_WEIGHT));
                }
            }
        }
    }
}
