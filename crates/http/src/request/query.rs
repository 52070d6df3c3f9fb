use std::fmt::Display;

use percent_encoding::percent_decode_str;

use crate::problem::{Code, FieldError, Location, Problem};

/// The parameters of a query string. Each is known and occurs once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(&'static str, String)>);

/// The maximum number of listed errors, so that the response does not outgrow the request.
const MAX_ERRORS: usize = 20;

/// The maximum number of characters of an unknown name in an error.
const MAX_CHARS: usize = 64;

impl Query {
    /// Parses a query string (WHATWG `application/x-www-form-urlencoded`). Refuses parameters
    /// that are not `allowed`, occur twice, or are not UTF-8.
    pub(crate) fn parse(text: &str, allowed: &[&'static str]) -> Result<Self, Problem> {
        let mut query = Self::default();
        let mut errors = Vec::new();
        let raw = text.split('&').filter(|pair| !pair.is_empty());
        for (raw, (name, value)) in raw.zip(form_urlencoded::parse(text.as_bytes())) {
            match allowed.iter().find(|known| **known == name) {
                _ if errors.len() >= MAX_ERRORS => break,
                None => errors.push(unknown(&name, allowed)),
                Some(known) if query.get(known).is_some() => {
                    let code = "duplicate-parameter";
                    errors.push(parameter_error(known, code, "is given more than once"));
                }
                Some(known) if percent_decode_str(raw).decode_utf8().is_err() => {
                    errors.push(parameter_error(
                        known,
                        "not-utf-8",
                        "must be percent-encoded UTF-8",
                    ));
                }
                Some(known) => query.0.push((known, value.into_owned())),
            }
        }
        if errors.is_empty() {
            Ok(query)
        } else {
            Err(Problem::from_errors(Code::InvalidParameter, errors))
        }
    }

    /// Returns the parameters and their values in their original order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns the parameters and their values, sorted by name.
    pub(crate) fn sorted(&self) -> Vec<(&'static str, &str)> {
        let mut pairs: Vec<_> = self.iter().collect();
        pairs.sort_unstable();
        pairs
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// Parses an id in its only notation, without signs and leading zeros.
pub(crate) fn id<I: TryFrom<i64>>(text: &str) -> Option<I> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number: i64 = text.parse().ok().filter(|_| is_canonical)?;
    I::try_from(number).ok()
}

/// Returns the error of an invalid parameter.
pub(crate) fn parameter_error(name: &str, code: &'static str, rule: impl Display) -> FieldError {
    FieldError {
        location: Location::Parameter(name.to_owned()),
        code,
        detail: format!("The query parameter `{name}` {rule}."),
    }
}

fn unknown(name: &str, allowed: &[&str]) -> FieldError {
    let name: String = name.chars().take(MAX_CHARS).collect();
    let allowed = match allowed {
        [] => "none are allowed here".to_owned(),
        names => format!("allowed here: `{}`", names.join("`, `")),
    };
    FieldError {
        detail: format!("There is no query parameter `{name}`; {allowed}."),
        location: Location::Parameter(name),
        code: "unknown-parameter",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_known_parameters() {
        let query = Query::parse("limit=5&cursor=a%2Bb", &["limit", "cursor"]).unwrap();
        assert_eq!(query.get("limit"), Some("5"));
        assert_eq!(query.get("cursor"), Some("a+b"));
        assert_eq!(query.get("posts"), None);
    }

    #[test]
    fn accepts_only_utf_8() {
        let query = |text| Query::parse(text, &["email"]).map(|query| query.0);
        let replacement = vec![("email", "\u{fffd}".to_owned())];
        assert_eq!(query("&email=%EF%bf%bD&").unwrap(), replacement);
        assert!(query("&&email=%FF").is_err());
        assert!(query("email=a%F0%9F%A6").is_err());
    }

    #[test]
    fn an_empty_query_is_valid_everywhere() {
        for text in ["", "&", "&&"] {
            assert_eq!(Query::parse(text, &[]).unwrap(), Query::default());
        }
    }
}
