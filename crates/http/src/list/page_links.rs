//! Lists, page by page.

use actix_web::http::header::HeaderValue;
use byline_application::{
    Direction, KeysetPosition, Limit, Listed, Page, Seek, SortKey, SortValue,
};

use crate::api::base_url::BaseUrl;
use crate::list::cursor::{Cursor, Fingerprint, Side};
use crate::list::sort::Sort;
use crate::problem::{Code, FieldError, Location, Problem};
use crate::request::query::Query;

/// Which page of which list is asked for, and how its neighbours are named.
#[derive(Debug)]
pub(crate) struct Paging {
    path: String,
    /// The parameters of every page, as they are sent again.
    parameters: String,
    fingerprint: Fingerprint,
    direction: Direction,
    cursor: Option<Cursor>,
}

impl Paging {
    /// # Errors
    ///
    /// The cursor is damaged or was made for another list.
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

    /// Returns where the page begins in a list with this sort key.
    ///
    /// # Errors
    ///
    /// The cursor holds a sort key of another kind: it was forged.
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

    /// The `Link` header (RFC 8288) of this page. `position` tells that of a
    /// row.
    pub(crate) fn links<T>(
        &self,
        base: &BaseUrl,
        page: &Page<T>,
        position: impl Fn(&T) -> KeysetPosition<SortValue>,
    ) -> HeaderValue {
        let first = page.items.first().map(&position);
        let last = page.items.last().map(&position);
        let mut links = self.link(base, "first", None);
        for (rel, target) in [
            ("prev", self.prev(first, page.more)),
            ("next", self.next(last, page.more)),
        ] {
            match target {
                PageTarget::None => {}
                PageTarget::First => links = links + ", " + &self.link(base, rel, None),
                PageTarget::At(cursor) => {
                    links = links + ", " + &self.link(base, rel, Some(cursor));
                }
            }
        }
        // Paths, percent-encoded parameters and cursors make a header value.
        HeaderValue::try_from(links).unwrap_or(HeaderValue::from_static(""))
    }

    fn next(&self, last: Option<KeysetPosition<SortValue>>, more: bool) -> PageTarget {
        let behind = last.map(|position| Cursor {
            side: Side::After,
            position,
        });
        match (self.side(), behind) {
            (None | Some(Side::After), Some(cursor)) if more => PageTarget::At(cursor),
            (None | Some(Side::After), _) => PageTarget::None,
            // This page was reached from the next one.
            (Some(Side::Before), Some(cursor)) => PageTarget::At(cursor),
            // Nothing is left ahead, so the next page is the first.
            (Some(Side::Before), None) => PageTarget::First,
        }
    }

    fn prev(&self, first: Option<KeysetPosition<SortValue>>, more: bool) -> PageTarget {
        let ahead = first.map(|position| Cursor {
            side: Side::Before,
            position,
        });
        match (&self.cursor, ahead) {
            (None, _) => PageTarget::None,
            (Some(cursor), ahead) if cursor.side == Side::Before => match ahead {
                Some(cursor) if more => PageTarget::At(cursor),
                _ => PageTarget::None,
            },
            // This page was reached from the previous one.
            (Some(_), Some(cursor)) => PageTarget::At(cursor),
            // Nothing is left behind; the row at the position belongs to the
            // previous page.
            (Some(cursor), None) => PageTarget::At(self.just_beyond(cursor)),
        }
    }

    fn side(&self) -> Option<Side> {
        self.cursor.as_ref().map(|cursor| cursor.side)
    }

    /// Ahead of the next possible position after that of `cursor`.
    fn just_beyond(&self, cursor: &Cursor) -> Cursor {
        let step = match self.direction {
            Direction::Ascending => 1,
            Direction::Descending => -1,
        };
        let mut position = cursor.position.clone();
        position.id = position.id.saturating_add(step);
        let side = Side::Before;
        Cursor { side, position }
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
    At(Cursor),
}

/// Parameters that change how a list is shown and not what is in it.
const OF_THE_PAGE: [&str; 4] = ["limit", "cursor", "embed", "sort"];

/// The order in which filters are given makes no difference, nor does it make
/// one whether the sort that is meant anyway is named.
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

/// The most rows that the page may have.
pub(crate) fn limit(text: &str) -> Result<Limit, Vec<(&'static str, String)>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| digits)
        .and_then(|rows: i64| Limit::try_from(rows).ok())
        .ok_or_else(|| {
            let rule = byline_application::InvalidLimit.to_string();
            vec![("out-of-range", rule)]
        })
}

fn invalid_cursor(detail: String) -> Problem {
    let fault = FieldError {
        place: Location::Parameter("cursor".to_owned()),
        code: "invalid-cursor",
        detail,
    };
    Problem::of_faults(Code::InvalidCursor, vec![fault])
}
