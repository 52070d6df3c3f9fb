//! Turns a query into the scan of an index, and its rows into a page.

use byline_application::{
    Direction, KeysetPosition, KeysetWindow, Limit, Page, RepositoryError, Seek, SortValue,
};

/// A part of an index on `(key, id)`, and the direction in which it is read, which depends on the
/// order of the list and on the side of the position.
///
/// A scan begins at exactly one place: if the range and the position both name one, at the
/// further of the two. An engine that got both could begin at either, and skip millions of
/// rows between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IndexScan<K> {
    /// Ascending.
    Up {
        /// The scan begins after this position.
        after: KeysetPosition<K>,
        /// The keys are less than this.
        below: Option<K>,
    },
    /// Descending.
    Down {
        /// The scan begins before this position.
        before: Option<KeysetPosition<K>>,
        /// The keys are not less than this.
        down_to: K,
    },
}

/// Keys that have a least one.
pub(crate) trait Key: Ord {
    /// No key is less.
    fn least() -> Self;
}

impl Key for () {
    fn least() -> Self {}
}

impl Key for SortValue {
    fn least() -> Self {
        Self::None
    }
}

impl Key for i64 {
    fn least() -> Self {
        Self::MIN
    }
}

impl Key for String {
    fn least() -> Self {
        Self::new()
    }
}

/// Less than every id.
const NO_ID: i64 = 0;

impl<K: Key> IndexScan<K> {
    /// Returns the scan for the page of `window`.
    pub(crate) fn of(window: KeysetWindow<K>, direction: Direction) -> Self {
        let KeysetWindow { range, seek } = window;
        let at_first = |key| KeysetPosition { key, id: NO_ID };
        let (after, before) =
            match (seek, direction) {
                (Seek::First, Direction::Ascending) => (Some(at_first(K::least())), None),
                (Seek::First, Direction::Descending) => (None, None),
                (Seek::After(at), Direction::Ascending)
                | (Seek::Before(at), Direction::Descending) => (Some(at), None),
                (Seek::Before(at), Direction::Ascending)
                | (Seek::After(at), Direction::Descending) => (None, Some(at)),
            };
        let (from, to) = (range.from, range.to);
        match after {
            Some(after) => Self::Up {
                after: match from.map(at_first) {
                    Some(from) => from.max(after),
                    None => after,
                },
                below: to,
            },
            None => Self::Down {
                before: match (before, to.map(at_first)) {
                    (Some(before), Some(to)) => Some(before.min(to)),
                    (before, to) => before.or(to),
                },
                down_to: from.unwrap_or_else(K::least),
            },
        }
    }

    /// Returns whether the scan includes a row with this key and this id.
    pub(crate) fn passes(&self, key: K, id: i64) -> bool {
        let at = KeysetPosition { key, id };
        match self {
            Self::Up { after, below } => {
                at > *after && below.as_ref().is_none_or(|below| at.key < *below)
            }
            Self::Down { before, down_to } => {
                at.key >= *down_to && before.as_ref().is_none_or(|before| at < *before)
            }
        }
    }
}

/// Returns how many rows to fetch for a page: one more than `limit`, to find out whether there
/// are more.
pub(crate) fn fetch(limit: Limit) -> i64 {
    i64::from(limit.get()) + 1
}

/// Returns the page with the rows of a scan, which are `backwards` if the scan was against the
/// order of the list.
pub(crate) fn page<R, T>(
    rows: Vec<R>,
    limit: Limit,
    backwards: bool,
) -> Result<Page<T>, RepositoryError>
where
    R: TryInto<T, Error = RepositoryError>,
{
    let wanted = usize::from(limit.get());
    let more = rows.len() > wanted;
    let mut items = rows
        .into_iter()
        .take(wanted)
        .map(TryInto::try_into)
        .collect::<Result<Vec<T>, _>>()?;
    if backwards {
        items.reverse();
    }
    Ok(Page { items, more })
}

#[cfg(test)]
mod tests {
    use byline_application::KeyRange;

    use super::*;

    fn at(key: i64, id: i64) -> KeysetPosition<i64> {
        KeysetPosition { key, id }
    }

    fn scan(
        from: Option<i64>,
        to: Option<i64>,
        seek: Seek<KeysetPosition<i64>>,
        direction: Direction,
    ) -> IndexScan<i64> {
        let range = KeyRange { from, to };
        IndexScan::of(KeysetWindow { range, seek }, direction)
    }

    #[test]
    fn begins_at_the_further_of_range_and_position() {
        use Direction::{Ascending, Descending};
        let up = |seek| scan(Some(10), Some(20), seek, Ascending);
        let starts_up = |key, id| IndexScan::Up {
            after: at(key, id),
            below: Some(20),
        };
        assert_eq!(up(Seek::First), starts_up(10, 0));
        assert_eq!(up(Seek::After(at(15, 3))), starts_up(15, 3));
        assert_eq!(up(Seek::After(at(10, 3))), starts_up(10, 3));
        assert_eq!(up(Seek::After(at(10, -3))), starts_up(10, 0));
        assert_eq!(up(Seek::After(at(5, 3))), starts_up(10, 0));
        let starts_down = |key, id| IndexScan::Down {
            before: Some(at(key, id)),
            down_to: 10,
        };
        assert_eq!(up(Seek::Before(at(15, 3))), starts_down(15, 3));
        assert_eq!(up(Seek::Before(at(25, 3))), starts_down(20, 0));
        let down = |seek| scan(Some(10), Some(20), seek, Descending);
        assert_eq!(down(Seek::First), starts_down(20, 0));
        assert_eq!(down(Seek::After(at(15, 3))), starts_down(15, 3));
        assert_eq!(down(Seek::Before(at(15, 3))), starts_up(15, 3));
    }

    #[test]
    fn passes_what_it_passes() {
        let everything = scan(None, None, Seek::First, Direction::Ascending);
        let backwards = scan(None, None, Seek::First, Direction::Descending);
        for key in [i64::MIN, 0, i64::MAX] {
            assert!(everything.passes(key, 1) && backwards.passes(key, 1));
        }
        let some = |direction| scan(Some(10), Some(20), Seek::After(at(15, 3)), direction);
        let up = some(Direction::Ascending);
        let down = some(Direction::Descending);
        for (key, id, ascending, descending) in [
            (9, 9, false, false),
            (10, 9, false, true),
            (15, 2, false, true),
            (15, 3, false, false),
            (15, 4, true, false),
            (19, 9, true, false),
            (20, 1, false, false),
        ] {
            assert_eq!(up.passes(key, id), ascending, "{key}, {id}");
            assert_eq!(down.passes(key, id), descending, "{key}, {id}");
        }
    }
}
