//! Lists, page by page.

use actix_web::http::header::HeaderValue;
use byline_application::{Limit, Page, Seek};
use byline_domain::{PostId, UserId};

use crate::cursor::{Cursor, Direction};
use crate::problem::{Code, Fault, Place, Problem};
use crate::query::{self, Query};

/// The parameters of every list.
pub(crate) const PARAMETERS: &[&str] = &["limit", "cursor"];

/// Which page of which list is asked for.
#[derive(Debug)]
pub(crate) struct Paging<P> {
    /// The list's path; tells it from every other.
    list: String,
    pub(crate) seek: Seek<P>,
    pub(crate) limit: Limit,
}

/// What lists are ordered by.
pub(crate) trait Position: Copy + TryFrom<i64> {
    fn number(self) -> i64;
}

impl Position for UserId {
    fn number(self) -> i64 {
        self.get()
    }
}

impl Position for PostId {
    fn number(self) -> i64 {
        self.get()
    }
}

impl<P: Position> Paging<P> {
    pub(crate) fn of(list: impl Into<String>, query: &Query) -> Result<Self, Problem> {
        let list = list.into();
        let limit = query
            .get("limit")
            .map_or_else(|| Ok(Limit::default()), limit)?;
        let seek = match query.get("cursor") {
            None => Seek::First,
            Some(cursor) => seek(cursor, &list)?,
        };
        Ok(Self { list, seek, limit })
    }

    /// The `Link` header (RFC 8288) of this page. `position` tells that of a
    /// row.
    pub(crate) fn links<T>(&self, page: &Page<T>, position: impl Fn(&T) -> P) -> HeaderValue {
        let mut links = self.link("first", None);
        for (rel, target) in [
            ("prev", self.prev(page, &position)),
            ("next", self.next(page, &position)),
        ] {
            match target {
                Target::None => {}
                Target::First => links = links + ", " + &self.link(rel, None),
                Target::At(cursor) => links = links + ", " + &self.link(rel, Some(cursor)),
            }
        }
        // Paths, digits and cursors always make a header value.
        HeaderValue::try_from(links).unwrap_or(HeaderValue::from_static(""))
    }

    fn next<T>(&self, page: &Page<T>, position: impl Fn(&T) -> P) -> Target {
        let behind = page.items.last().map(|row| after(position(row).number()));
        match (self.seek, behind) {
            (Seek::First | Seek::After(_), Some(cursor)) if page.more => Target::At(cursor),
            (Seek::First | Seek::After(_), _) => Target::None,
            // This page was reached from the next one.
            (Seek::Before(_), Some(cursor)) => Target::At(cursor),
            // Nothing is left ahead, so the next page is the first.
            (Seek::Before(_), None) => Target::First,
        }
    }

    fn prev<T>(&self, page: &Page<T>, position: impl Fn(&T) -> P) -> Target {
        let ahead = page.items.first().map(|row| before(position(row).number()));
        match (self.seek, ahead) {
            (Seek::First, _) => Target::None,
            (Seek::Before(_), Some(cursor)) if page.more => Target::At(cursor),
            (Seek::Before(_), _) => Target::None,
            // This page was reached from the previous one.
            (Seek::After(_), Some(cursor)) => Target::At(cursor),
            // Nothing is left behind; the row at the position belongs to the
            // previous page.
            (Seek::After(at), None) => P::try_from(at.number().saturating_add(1))
                .map_or(Target::First, |beyond| Target::At(before(beyond.number()))),
        }
    }

    fn link(&self, rel: &str, cursor: Option<Cursor>) -> String {
        let mut parameters = Vec::with_capacity(2);
        if self.limit != Limit::default() {
            parameters.push(format!("limit={}", self.limit.get()));
        }
        if let Some(cursor) = cursor {
            parameters.push(format!("cursor={}", cursor.encode(&self.list)));
        }
        let mark = if parameters.is_empty() { "" } else { "?" };
        format!(
            "<{}{mark}{}>; rel=\"{rel}\"",
            self.list,
            parameters.join("&")
        )
    }
}

enum Target {
    None,
    First,
    At(Cursor),
}

fn after(position: i64) -> Cursor {
    Cursor {
        direction: Direction::After,
        position,
    }
}

fn before(position: i64) -> Cursor {
    Cursor {
        direction: Direction::Before,
        position,
    }
}

fn limit(text: &str) -> Result<Limit, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| digits)
        .and_then(|rows: i64| Limit::try_from(rows).ok())
        .ok_or_else(|| {
            query::invalid(
                "limit",
                "out-of-range",
                &byline_application::InvalidLimit.to_string(),
            )
        })
}

fn seek<P: Position>(text: &str, list: &str) -> Result<Seek<P>, Problem> {
    let cursor = Cursor::decode(text, list).map_err(|error| invalid_cursor(error.to_string()))?;
    let position = P::try_from(cursor.position)
        .map_err(|_| invalid_cursor("The cursor is damaged.".to_owned()))?;
    Ok(match cursor.direction {
        Direction::After => Seek::After(position),
        Direction::Before => Seek::Before(position),
    })
}

fn invalid_cursor(detail: String) -> Problem {
    let fault = Fault {
        place: Place::Parameter("cursor".to_owned()),
        code: "invalid-cursor",
        detail,
    };
    Problem::of_faults(Code::InvalidCursor, vec![fault])
}
