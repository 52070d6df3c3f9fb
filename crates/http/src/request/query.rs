use std::fmt::Display;

use percent_encoding::percent_decode_str;

use crate::problem::{Code, FieldError, Location, Problem};

/// The parameters of a query, each known and given once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(&'static str, String)>);

/// The most faults that are listed, lest the answer outgrow the request.
const MOST_FAULTS: usize = 20;

/// The most characters of an unknown name that are repeated.
const MOST_CHARS: usize = 64;

impl Query {
    /// Reads a query string (WHATWG `application/x-www-form-urlencoded`) of
    /// which only the parameters in `allowed` may stand, each once.
    pub(crate) fn parse(text: &str, allowed: &[&'static str]) -> Result<Self, Problem> {
        let mut query = Self::default();
        let mut faults = Vec::new();
        let raw = text.split('&').filter(|pair| !pair.is_empty());
        for (raw, (name, value)) in raw.zip(form_urlencoded::parse(text.as_bytes())) {
            match allowed.iter().find(|known| **known == name) {
                _ if faults.len() >= MOST_FAULTS => break,
                None => faults.push(unknown(&name, allowed)),
                Some(known) if query.get(known).is_some() => faults.push(duplicate(known)),
                Some(known) if percent_decode_str(raw).decode_utf8().is_err() => {
                    faults.push(fault(known, "not-utf-8", "must be percent-encoded UTF-8"));
                }
                Some(known) => query.0.push((known, value.into_owned())),
            }
        }
        if faults.is_empty() {
            Ok(query)
        } else {
            Err(Problem::of_faults(Code::InvalidParameter, faults))
        }
    }

    /// All that was given, in the order in which it was.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The parameters and their values, in the order of the names.
    pub(crate) fn sorted(&self) -> Vec<(&'static str, &str)> {
        let mut pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        pairs.sort_unstable();
        pairs
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The problem with the value of a parameter.
pub(crate) fn invalid(name: &str, code: &'static str, rule: &str) -> Problem {
    Problem::of_faults(Code::InvalidParameter, vec![fault(name, code, rule)])
}

/// What is wrong with the value of a parameter.
pub(crate) fn fault(name: &str, code: &'static str, rule: impl Display) -> FieldError {
    FieldError {
        place: Location::Parameter(name.to_owned()),
        code,
        detail: format!("The query parameter `{name}` {rule}."),
    }
}

fn unknown(name: &str, allowed: &[&str]) -> FieldError {
    let name: String = name.chars().take(MOST_CHARS).collect();
    let allowed = match allowed {
        [] => "none are allowed here".to_owned(),
        names => format!("allowed here: `{}`", names.join("`, `")),
    };
    FieldError {
        detail: format!("There is no query parameter `{name}`; {allowed}."),
        place: Location::Parameter(name),
        code: "unknown-parameter",
    }
}

fn duplicate(name: &str) -> FieldError {
    FieldError {
        place: Location::Parameter(name.to_owned()),
        code: "duplicate-parameter",
        detail: format!("The query parameter `{name}` is given more than once."),
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
    fn takes_utf_8_only() {
        let query = |text| Query::parse(text, &["email"]).map(|query| query.0);
        let replacement = vec![("email", "\u{fffd}".to_owned())];
        assert_eq!(query("&email=%EF%bf%bD&").unwrap(), replacement);
        assert!(query("&&email=%FF").is_err());
        assert!(query("email=a%F0%9F%A6").is_err());
    }

    #[test]
    fn nothing_is_something_everywhere() {
        for text in ["", "&", "&&"] {
            assert_eq!(Query::parse(text, &[]).unwrap(), Query::default());
        }
    }
}
