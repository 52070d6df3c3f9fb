//! From rows to a page: one row more than asked for is fetched, to learn
//! whether there are further ones.

use byline_application::{Limit, Page, RepositoryError, Seek};

/// How many rows to fetch for a page of `limit`.
pub(crate) fn fetch(limit: Limit) -> i64 {
    i64::from(limit.get()) + 1
}

/// The id behind which an ascending page begins; every id is above 0.
pub(crate) fn lower_bound(seek: Seek<i64>) -> i64 {
    match seek {
        Seek::After(position) => position,
        Seek::First | Seek::Before(_) => 0,
    }
}

/// The page made of `rows`, which are in the order in which they were sought.
pub(crate) fn from_rows<R, T, P>(
    rows: Vec<R>,
    limit: Limit,
    seek: &Seek<P>,
) -> Result<Page<T>, RepositoryError>
where
    T: TryFrom<R, Error = RepositoryError>,
{
    let wanted = usize::from(limit.get());
    let more = rows.len() > wanted;
    let mut items = rows
        .into_iter()
        .take(wanted)
        .map(T::try_from)
        .collect::<Result<Vec<T>, _>>()?;
    if matches!(seek, Seek::Before(_)) {
        items.reverse();
    }
    Ok(Page { items, more })
}
