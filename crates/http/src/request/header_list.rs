//! Lists in headers (RFC 9110 section 5.6).
//!
//! [`elements`] reads lists whose elements have parameters, such as `Accept`. It is
//! lenient: every text is a list. Clients send spaces around `=`, parameters without a
//! value and quotes that are never closed, and their meaning is clear. Headers that
//! must not be misunderstood are parsed strictly by modules of their own, with the
//! same [`split`].

use std::borrow::Cow;

use actix_web::http::header::{HeaderMap, HeaderName};

/// An element of a list, such as `text/html; charset=utf-8; q=0.5`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// The text before the first semicolon, in lower case.
    pub(crate) name: String,
    /// Names in lower case, and values without quotes.
    parameters: Vec<(String, String)>,
}

impl Element {
    /// Returns the value of the first parameter with this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    /// Returns the names and values of all parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.parameters.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the weight in thousandths (RFC 9110 section 12.4.2), 1000 without a
    /// parameter `q`; `None` if `q` is not a number.
    pub(crate) fn weight(&self) -> Option<u16> {
        self.parameter("q").map_or(Some(FULL_WEIGHT), weight)
    }
}

/// The default weight.
const FULL_WEIGHT: u16 = 1000;

/// Parses a decimal number. Clients also send `.2`, and more than three digits; numbers
/// above 1 count as 1.
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut digits = whole.bytes().chain(fraction.bytes()).peekable();
    if digits.peek().is_none() || !digits.all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if whole.bytes().any(|digit| digit != b'0') {
        return Some(FULL_WEIGHT);
    }
    let digits = fraction.bytes().chain([b'0'; 3]).take(3);
    let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    // A weight that is not 0 must not become a refusal.
    let is_zero = fraction.bytes().all(|digit| digit == b'0');
    Some(if is_zero { 0 } else { thousandths.max(1) })
}

/// Returns whether a charset is UTF-8, under any name that clients use, or ASCII, which
/// is a subset.
pub(crate) fn is_utf8(charset: &str) -> bool {
    let name = charset.trim_matches(|c: char| c == '\'' || c.is_ascii_whitespace());
    ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Returns the elements in all lines of a header.
pub(crate) fn elements(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = Element> {
    let lines = headers.get_all(name);
    lines.flat_map(|line| split(line.as_bytes(), b',', Quotes::Escaped).filter_map(element))
}

/// Parses an element; `None` if it is empty.
fn element(text: &[u8]) -> Option<Element> {
    if text.is_empty() {
        return None;
    }
    let mut parts = split(text, b';', Quotes::Escaped);
    let name = lower(parts.next()?);
    let parameters = parts.filter(|part| !part.is_empty()).map(parameter);
    Some(Element {
        name,
        parameters: parameters.collect(),
    })
}

fn parameter(text: &[u8]) -> (String, String) {
    let (name, value) = split_pair(text);
    let value = value.unwrap_or_default();
    let value = match value.strip_prefix(b"\"") {
        Some(quoted) => Cow::Owned(quoted_content(quoted).0),
        None => Cow::Borrowed(value),
    };
    (lower(name), String::from_utf8_lossy(&value).into_owned())
}

fn lower(text: &[u8]) -> String {
    String::from_utf8_lossy(text).to_ascii_lowercase()
}

/// The quotes in which [`split`] finds no separator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// A quoted string (RFC 9110 section 5.6.4): `\"` does not close it.
    Escaped,
    /// An entity tag, in which a backslash is a character like all others.
    Plain,
}

/// Splits a text at every separator outside of quotes, and trims the parts.
pub(crate) fn split(text: &[u8], separator: u8, quotes: Quotes) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = quotes == Quotes::Escaped,
            b'"' => quoted = !quoted,
            other => return !quoted && *other == separator,
        }
        false
    });
    parts.map(<[u8]>::trim_ascii)
}

/// Splits `name = value` at the first `=`, and trims both.
pub(crate) fn split_pair(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = text.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
    (parts.next().unwrap_or_default(), parts.next())
}

/// Returns whether a text is a token (RFC 9110 section 5.6.2).
pub(crate) fn is_token(text: &[u8]) -> bool {
    let is_valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_valid)
}

/// Returns the content of a quoted string (RFC 9110 section 5.6.4); `None` if the text
/// is not one.
pub(crate) fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let (content, is_whole) = quoted_content(text.strip_prefix(b"\"")?);
    let is_valid = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    (is_whole && content.iter().all(is_valid)).then_some(content)
}

/// Returns what follows an opening quote, up to the closing one, and whether that is
/// there and ends the text.
fn quoted_content(text: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return (content, bytes.next().is_none()),
            b'\\' => content.extend(bytes.next()),
            plain => content.push(plain),
        }
    }
    (content, false)
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
    fn elements_and_parameters_are_split() {
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
    fn only_numbers_are_weights() {
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
        fn any_quoted_value_ends_at_its_closing_quote(value in "[ -~é]*") {
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
