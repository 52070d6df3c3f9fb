//! Entity tags and the conditions on them (RFC 9110 sections 8.8.3 and 13).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use byline_application::{AppError, EntityRef, Precondition};
use byline_domain::Version;

use crate::problem::{Code, Problem};
use crate::request::header_list::{Quotes, split};
use crate::request::weak_tag::WeakTag;

/// Returns the strong tag of a row in this version.
pub(crate) fn etag(version: Version) -> HeaderValue {
    // Never fails: digits are valid in a header.
    HeaderValue::try_from(format!("\"{}\"", version.get()))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<Tag>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    /// The text between the quotes.
    opaque: Vec<u8>,
}

impl Tag {
    /// Returns the version whose tag has this text; `None` if no row has it. Tags are
    /// compared byte by byte, so `"01"` is not `"1"`.
    fn version(&self) -> Option<Version> {
        let text = str::from_utf8(&self.opaque).ok()?;
        let version = Version::new(text.parse().ok()?)?;
        (version.get().to_string() == text).then_some(version)
    }
}

/// The value of `If-None-Match`.
#[derive(Clone, Debug)]
pub(crate) struct NoneMatch(Tags);

impl NoneMatch {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        Ok(tags(headers, &header::IF_NONE_MATCH)?.map(Self))
    }

    /// Returns whether this version matches, by weak comparison.
    pub(crate) fn names(&self, version: Version) -> bool {
        self.0.any(|tag| tag.version() == Some(version))
    }

    /// Returns whether this tag matches, by weak comparison.
    pub(crate) fn names_tag(&self, tag: &WeakTag) -> bool {
        self.0.any(|named| named.opaque == tag.opaque())
    }
}

/// The preconditions of a read.
#[derive(Clone, Debug)]
pub(crate) struct ReadConditions {
    matches: Option<Tags>,
    none_match: Option<NoneMatch>,
}

impl ReadConditions {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            matches: tags(headers, &header::IF_MATCH)?,
            none_match: NoneMatch::of(headers)?,
        })
    }

    /// Returns the tags that the client has.
    pub(crate) fn none_match(&self) -> Option<&NoneMatch> {
        self.none_match.as_ref()
    }

    /// Returns whether the client has this version, or [`AppError::PreconditionFailed`] if
    /// `If-Match` does not match. `If-Match` is checked first (RFC 9110 section 13.2.2).
    pub(crate) fn is_known(&self, subject: EntityRef, version: Version) -> Result<bool, AppError> {
        let is_match = |tags: &Tags| tags.any(|tag| !tag.weak && tag.version() == Some(version));
        if !self.matches.as_ref().is_none_or(is_match) {
            return Err(AppError::PreconditionFailed(subject));
        }
        let none_match = self.none_match.as_ref();
        Ok(none_match.is_some_and(|tags| tags.names(version)))
    }
}

/// The preconditions of a write.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    pub(crate) matches: Precondition,
    none_match: Option<NoneMatch>,
}

impl Conditions {
    /// Parses the headers. A missing `If-Match` is an error if it is `required`.
    pub(crate) fn of(headers: &HeaderMap, required: bool) -> Result<Self, Problem> {
        let matches = match tags(headers, &header::IF_MATCH)? {
            None if required => return Err(Code::PreconditionRequired.into()),
            None => Precondition::None,
            Some(tags) => tags.into_precondition(),
        };
        Ok(Self {
            matches,
            none_match: NoneMatch::of(headers)?,
        })
    }

    /// Checks `If-None-Match`. Calls `find` for the version of the row only if the
    /// header is present.
    pub(crate) fn check_none_match(
        &self,
        subject: EntityRef,
        find: impl FnOnce() -> Result<Version, AppError>,
    ) -> Result<(), AppError> {
        match &self.none_match {
            Some(none_match) if none_match.names(find()?) => {
                Err(AppError::PreconditionFailed(subject))
            }
            _ => Ok(()),
        }
    }
}

/// Returns the versions that strong tags name.
fn strong(tags: &[Tag]) -> Vec<Version> {
    tags.iter()
        .filter(|tag| !tag.weak)
        .filter_map(Tag::version)
        .collect()
}

/// Parses a value of `If-Match`; `None` if it is malformed.
pub(crate) fn precondition(text: &str) -> Option<Precondition> {
    // Refuses line breaks, which a header cannot have.
    let value = HeaderValue::from_bytes(text.as_bytes()).ok()?;
    collect([value.as_bytes()]).map(Tags::into_precondition)
}

impl Tags {
    fn any(&self, matches: impl Fn(&Tag) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(matches),
        }
    }

    fn into_precondition(self) -> Precondition {
        match self {
            // `*` only demands that the row exists.
            Self::Any => Precondition::None,
            Self::These(tags) => Precondition::OneOf(strong(&tags)),
        }
    }
}

/// The maximum length of a line of either header.
pub(crate) const MAX_BYTES: usize = 4096;

/// Parses all lines of a header; `None` if it is absent.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let mut lines = headers.get_all(name).peekable();
    if lines.peek().is_none() {
        return Ok(None);
    }
    collect(lines.map(HeaderValue::as_bytes))
        .map(Some)
        .ok_or_else(|| malformed(name))
}

/// Parses lists of tags; `None` if one is malformed.
fn collect<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<Tags> {
    let mut tags = Vec::new();
    let mut any = false;
    for line in lines {
        if line.len() > MAX_BYTES {
            return None;
        }
        if line.trim_ascii() == b"*" {
            any = true;
            continue;
        }
        // A list may have empty elements (RFC 9110 section 5.6.1.2).
        for element in split(line, b',', Quotes::Plain).filter(|text| !text.is_empty()) {
            tags.push(parse_tag(element)?);
        }
    }
    match (any, tags.is_empty()) {
        (true, true) => Some(Tags::Any),
        (false, false) => Some(Tags::These(tags)),
        // `*` among tags, or no tag at all.
        _ => None,
    }
}

fn parse_tag(text: &[u8]) -> Option<Tag> {
    let (weak, quoted) = match text.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let opaque = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?.to_vec();
    let is_valid = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
    let is_tag = opaque.iter().all(is_valid);
    is_tag.then_some(Tag { weak, opaque })
}

fn malformed(name: &HeaderName) -> Problem {
    Problem::new(
        Code::InvalidHeader,
        format!(
            "The header `{name}` must be `*` or a list of entity tags, each in double quotes, as in `\"1\", \"2\"`, of at most {MAX_BYTES} bytes."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &[&str]) -> Option<Tags> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_str(line).unwrap());
        }
        tags(&headers, &header::IF_MATCH).ok().flatten()
    }

    fn tag(weak: bool, number: i64) -> Tag {
        Tag {
            weak,
            opaque: number.to_string().into_bytes(),
        }
    }

    #[test]
    fn reads_lists() {
        let two = Some(Tags::These(vec![tag(false, 1), tag(true, 22)]));
        assert_eq!(parse(&["\"1\", W/\"22\""]), two);
        assert_eq!(parse(&["\"1\",W/\"22\""]), two);
        assert_eq!(parse(&[" , \"1\" ,\t, W/\"22\" ,"]), two);
        assert_eq!(parse(&["\"1\"", "W/\"22\""]), two);
        assert_eq!(parse(&["*"]), Some(Tags::Any));
        assert_eq!(parse(&[" * "]), Some(Tags::Any));
    }

    #[test]
    fn valid_tags_of_no_row_are_accepted() {
        for text in [
            "\"\"",
            "\"abc\"",
            "\"01\"",
            "\"+1\"",
            "\"0\"",
            "\"-1\"",
            "\"99999999999999999999\"",
            "\"a,b\"",
        ] {
            let Some(Tags::These(tags)) = parse(&[text]) else {
                panic!("{text}");
            };
            let versions: Vec<_> = tags.iter().map(Tag::version).collect();
            assert_eq!(versions, [None], "{text}");
        }
    }

    #[test]
    fn refuses_malformed_lists() {
        for text in [
            "",
            ",",
            "1",
            "\"1",
            "1\"",
            "w/\"1\"",
            "W/1",
            "\"1\" \"2\"",
            "\"1\"x",
            "*, \"1\"",
            "\"1\", *",
            "\"a b\"",
            "**",
            &format!("\"{}\"", "1".repeat(MAX_BYTES - 1)),
        ] {
            assert_eq!(parse(&[text]), None, "{text}");
        }
        assert_eq!(parse(&["*", "\"1\""]), None);
        for text in ["\"1\"\n", "\"1\",\n\"2\"", "*\r\n"] {
            assert_eq!(precondition(text), None, "{text}");
        }
    }

    #[test]
    fn weak_tags_match_only_by_weak_comparison() {
        assert_eq!(
            strong(&[tag(true, 1), tag(false, 2)]),
            [Version::new(2).unwrap()]
        );
        let none_match = NoneMatch(Tags::These(vec![tag(true, 1)]));
        assert!(none_match.names(Version::FIRST));
    }

    #[test]
    fn the_tag_of_a_row_is_its_version_in_quotes() {
        assert_eq!(etag(Version::new(17).unwrap()), "\"17\"");
    }
}
