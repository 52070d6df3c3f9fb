//! The pages of a list.

use actix_web::http::header::HeaderValue;
use byline_application::{
    Direction, InvalidLimit, KeysetPosition, Limit, Listed, Page, Seek, SortKey, SortValue,
};

use crate::api::base_url::BaseUrl;
use crate::list::cursor::{Cursor, Fingerprint, Side};
use crate::list::sort::Sort;
use crate::problem::{Code, FieldError, Location, Problem};
use crate::request::json_object::FieldViolations;
use crate::request::query::Query;

/// The page of a list that a request asks for, and the links to the others.
#[derive(Debug)]
pub(crate) struct Paging {
    path: String,
    /// The parameters in the link to every page.
    parameters: String,
    fingerprint: Fingerprint,
    direction: Direction,
    cursor: Option<Cursor>,
}

impl Paging {
    pub(crate) fn of<E: Listed>(
        path: impl Into<String>,
        query: &Query,
        sort: &Sort<E>,
    ) -> Result<Self, Problem> {
        let path = path.into();
        let fingerprint = fingerprint(&path, query, sort);
        let cursor = query
            .get("cursor")
            .map(|text| Cursor::decode(text, fingerprint))
            .transpose()
            .map_err(|error| invalid_cursor(error.to_string()))?;
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.extend_pairs(query.iter().filter(|(name, _)| *name != "cursor"));
        Ok(Self {
            path,
            parameters: parameters.finish(),
            fingerprint,
            direction: sort.direction,
            cursor,
        })
    }

    /// Returns where the page begins in a list with this sort key. Refuses a cursor with a sort
    /// key of another kind, which was forged.
    pub(crate) fn seek<E: Listed>(
        &self,
        key: E::SortKey,
    ) -> Result<Seek<KeysetPosition<SortValue>>, Problem> {
        match self.cursor.clone() {
            None => Ok(Seek::First),
            Some(cursor) => cursor
                .seek(key.kind())
                .ok_or_else(|| invalid_cursor("The cursor is damaged.".to_owned())),
        }
    }

    /// Returns the `Link` header (RFC 8288) of this page. `position` returns that of a row.
    pub(crate) fn links<T>(
        &self,
        base: &BaseUrl,
        page: &Page<T>,
        position: impl Fn(&T) -> KeysetPosition<SortValue>,
    ) -> HeaderValue {
        let first = page.items.first().map(&position);
        let last = page.items.last().map(&position);
        let targets = [
            ("first", PageTarget::First),
            ("prev", self.prev(first, page.more)),
            ("next", self.next(last, page.more)),
        ];
        let links = targets
            .into_iter()
            .filter_map(|(rel, target)| match target {
                PageTarget::None => None,
                PageTarget::First => Some(self.link(base, rel, None)),
                PageTarget::At(side, position) => {
                    Some(self.link(base, rel, Some(Cursor { side, position })))
                }
            });
        let links = links.collect::<Vec<_>>().join(", ");
        // Never fails: paths, percent-encoded parameters and cursors are valid in a header.
        HeaderValue::try_from(links).unwrap_or(HeaderValue::from_static(""))
    }

    fn next(&self, last: Option<KeysetPosition<SortValue>>, more: bool) -> PageTarget {
        match (self.side(), last) {
            (None | Some(Side::After), Some(last)) if more => PageTarget::At(Side::After, last),
            (None | Some(Side::After), _) => PageTarget::None,
            // This page was reached from the next one.
            (Some(Side::Before), Some(last)) => PageTarget::At(Side::After, last),
            // No row is before the position, so the next page is the first.
            (Some(Side::Before), None) => PageTarget::First,
        }
    }

    fn prev(&self, first: Option<KeysetPosition<SortValue>>, more: bool) -> PageTarget {
        match (&self.cursor, first) {
            (None, _) => PageTarget::None,
            (Some(cursor), Some(first)) if cursor.side == Side::After || more => {
                PageTarget::At(Side::Before, first)
            }
            (Some(cursor), _) if cursor.side == Side::Before => PageTarget::None,
            // No row is after the position; the row at the position belongs to the previous
            // page.
            (Some(cursor), _) => PageTarget::At(Side::Before, self.just_after(cursor)),
        }
    }

    fn side(&self) -> Option<Side> {
        self.cursor.as_ref().map(|cursor| cursor.side)
    }

    /// Returns the next possible position after that of `cursor`.
    fn just_after(&self, cursor: &Cursor) -> KeysetPosition<SortValue> {
        let step = match self.direction {
            Direction::Ascending => 1,
            Direction::Descending => -1,
        };
        let mut position = cursor.position.clone();
        position.id = position.id.saturating_add(step);
        position
    }

    fn link(&self, base: &BaseUrl, rel: &str, cursor: Option<Cursor>) -> String {
        let cursor = cursor.map(|cursor| format!("cursor={}", cursor.encode(self.fingerprint)));
        let given = Some(self.parameters.clone()).filter(|given| !given.is_empty());
        let parameters: Vec<String> = given.into_iter().chain(cursor).collect();
        let mark = if parameters.is_empty() { "" } else { "?" };
        let (path, parameters) = (&self.path, parameters.join("&"));
        format!("<{base}{path}{mark}{parameters}>; rel=\"{rel}\"")
    }
}

enum PageTarget {
    None,
    First,
    At(Side, KeysetPosition<SortValue>),
}

/// Parameters that do not select rows.
const OF_THE_PAGE: [&str; 4] = ["limit", "cursor", "embed", "sort"];

/// The order of the filters makes no difference, and neither does naming the default sort.
fn fingerprint<E: Listed>(path: &str, query: &Query, sort: &Sort<E>) -> Fingerprint {
    let mut filters: Vec<(&str, &str)> = query
        .iter()
        .filter(|(name, _)| !OF_THE_PAGE.contains(name))
        .collect();
    filters.sort_unstable();
    let sign = match sort.direction {
        Direction::Ascending => "",
        Direction::Descending => "-",
    };
    let filters = filters.into_iter().flat_map(|(name, value)| [name, value]);
    Fingerprint::of([path, sign, sort.key.name()].into_iter().chain(filters))
}

/// Parses the maximum number of rows of the page.
pub(crate) fn limit(text: &str) -> Result<Limit, FieldViolations> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<i64> = text.parse().ok().filter(|_| is_canonical);
    let limit = number.and_then(|rows| Limit::try_from(rows).ok());
    limit.ok_or_else(|| vec![("out-of-range", InvalidLimit.to_string())])
}

fn invalid_cursor(detail: String) -> Problem {
    let error = FieldError {
        location: Location::Parameter("cursor".to_owned()),
        code: "invalid-cursor",
        detail,
    };
    Problem::from_errors(Code::InvalidCursor, vec![error])
}
