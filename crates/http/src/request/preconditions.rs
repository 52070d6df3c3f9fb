//! Entity tags and the conditions on them (RFC 9110 sections 8.8.3 and 13).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use byline_application::{AppError, EntityRef, Precondition};
use byline_domain::Version;

use crate::problem::{Code, Problem};
use crate::request::weak_tag::WeakTag;

/// The strong tag of a row in this version.
pub(crate) fn etag(version: Version) -> HeaderValue {
    let mut text = String::with_capacity(24);
    // Writing to a string cannot fail, and digits make a header value.
    let written = std::fmt::write(&mut text, format_args!("\"{}\"", version.get()));
    written
        .ok()
        .and_then(|()| HeaderValue::try_from(text).ok())
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// What `If-Match` or `If-None-Match` names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<Tag>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    /// What stands between the quotes.
    opaque: Vec<u8>,
}

impl Tag {
    /// None for a tag that is that of no row.
    fn version(&self) -> Option<Version> {
        version(&self.opaque)
    }
}

/// `If-None-Match`: the versions in which a row is of no interest.
#[derive(Clone, Debug)]
pub(crate) struct NoneMatch(Tags);

impl NoneMatch {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        Ok(tags(headers, &header::IF_NONE_MATCH)?.map(Self))
    }

    /// Whether it names this version, by the weak comparison.
    pub(crate) fn names(&self, version: Version) -> bool {
        match &self.0 {
            Tags::Any => true,
            Tags::These(tags) => tags.iter().any(|tag| tag.version() == Some(version)),
        }
    }

    /// Whether it names this tag, by the weak comparison.
    pub(crate) fn names_tag(&self, tag: &WeakTag) -> bool {
        match &self.0 {
            Tags::Any => true,
            Tags::These(tags) => tags.iter().any(|named| named.opaque == tag.opaque()),
        }
    }
}

/// The conditions on which a row is sent.
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

    /// What the client has already.
    pub(crate) fn none_match(&self) -> Option<&NoneMatch> {
        self.none_match.as_ref()
    }

    /// Whether the client has the row, which is in this version, already.
    /// `If-Match` comes first (RFC 9110 section 13.2.2).
    ///
    /// # Errors
    ///
    /// [`AppError::PreconditionFailed`] when `If-Match` names other versions.
    pub(crate) fn is_known(&self, subject: EntityRef, version: Version) -> Result<bool, AppError> {
        match &self.matches {
            Some(Tags::These(tags)) if !strong(tags).contains(&version) => {
                Err(AppError::PreconditionFailed(subject))
            }
            _ => Ok(self
                .none_match
                .as_ref()
                .is_some_and(|tags| tags.names(version))),
        }
    }
}

/// The conditions on which a row is changed.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    pub(crate) matches: Precondition,
    none_match: Option<NoneMatch>,
}

impl Conditions {
    /// `required` says whether there must be an `If-Match`.
    pub(crate) fn of(headers: &HeaderMap, required: bool) -> Result<Self, Problem> {
        let matches = match tags(headers, &header::IF_MATCH)? {
            None if required => {
                let code = Code::PreconditionRequired;
                return Err(Problem::new(code, code.meaning()));
            }
            None => Precondition::None,
            Some(tags) => tags.into_precondition(),
        };
        Ok(Self {
            matches,
            none_match: NoneMatch::of(headers)?,
        })
    }

    /// Whether `If-None-Match` permits a change of a row whose version `find`
    /// tells; it is asked only if there is such a header.
    ///
    /// # Errors
    ///
    /// [`AppError::PreconditionFailed`], and those of `find`.
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

fn strong(tags: &[Tag]) -> Vec<Version> {
    tags.iter()
        .filter(|tag| !tag.weak)
        .filter_map(Tag::version)
        .collect()
}

/// What the value of an `If-Match` demands; None if it is malformed.
pub(crate) fn precondition(text: &str) -> Option<Precondition> {
    collect([text.as_bytes()]).map(Tags::into_precondition)
}

impl Tags {
    fn into_precondition(self) -> Precondition {
        match self {
            // `*` asks for no more than that there is such a row.
            Self::Any => Precondition::None,
            Self::These(tags) => Precondition::OneOf(strong(&tags)),
        }
    }
}

/// The longest line that is looked at.
pub(crate) const MAX_BYTES: usize = 4096;

/// All the tags in all the lines of a header; none without the header.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let mut lines = headers.get_all(name).peekable();
    if lines.peek().is_none() {
        return Ok(None);
    }
    collect(lines.map(HeaderValue::as_bytes))
        .map(Some)
        .ok_or_else(|| malformed(name))
}

fn collect<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<Tags> {
    let mut tags = Vec::new();
    let mut any = false;
    for line in lines {
        if line.len() > MAX_BYTES {
            return None;
        }
        match line.trim_ascii() {
            b"*" => any = true,
            list => tags.extend(parse_list(list)?),
        }
    }
    match (any, tags.is_empty()) {
        (true, true) => Some(Tags::Any),
        (false, false) => Some(Tags::These(tags)),
        // `*` among tags, or no tag at all.
        _ => None,
    }
}

fn parse_list(mut text: &[u8]) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    loop {
        // A list may have empty elements (RFC 9110 section 5.6.1.2).
        while let [b',' | b' ' | b'\t', rest @ ..] = text {
            text = rest;
        }
        if text.is_empty() {
            return Some(tags);
        }
        let (tag, rest) = parse_tag(text)?;
        tags.push(tag);
        text = rest.trim_ascii_start();
        if !matches!(text, [] | [b',', ..]) {
            return None;
        }
    }
}

fn parse_tag(text: &[u8]) -> Option<(Tag, &[u8])> {
    let (weak, quoted) = match text {
        [b'W', b'/', rest @ ..] => (true, rest),
        strong => (false, strong),
    };
    let [b'"', rest @ ..] = quoted else {
        return None;
    };
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let (opaque, after) = rest.split_at_checked(end)?;
    let may_stand = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
    let tag = Tag {
        weak,
        opaque: opaque.to_owned(),
    };
    opaque
        .iter()
        .all(may_stand)
        .then_some((tag, after.get(1..)?))
}

/// The version whose tag has this text. Tags are compared byte by byte, so that
/// `"01"` is not `"1"`.
fn version(opaque: &[u8]) -> Option<Version> {
    let [b'1'..=b'9', rest @ ..] = opaque else {
        return None;
    };
    if !rest.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Version::new(str::from_utf8(opaque).ok()?.parse().ok()?)
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
    fn tags_of_others_are_tags_too() {
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
    fn refuses_what_is_no_list_of_tags() {
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
    }

    #[test]
    fn a_weak_tag_is_never_strong() {
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
