use byline_application::{KeysetPosition, KeysetWindow, ListQuery, SortKey, SortValue};
use byline_domain::Stored;

use crate::list::filter::Filters;
use crate::list::page_links::Paging;
use crate::problem::Problem;
use crate::request::query::Query;
use crate::resource::{Embed, RestResource};

/// A request for a page of a list.
pub(crate) struct ListRequest<E: RestResource> {
    pub(crate) query: ListQuery<E>,
    pub(crate) paging: Paging,
    /// The parent to embed in each row.
    pub(crate) embed: Option<&'static Embed<E>>,
}

impl<E: RestResource> ListRequest<E> {
    /// Reads the query parameters of the list at `path`, which has only rows that `filter` selects.
    pub(crate) fn of(
        path: String,
        filter: Option<E::Filter>,
        query: &Query,
    ) -> Result<Self, Problem> {
        let mut filters = Filters::new(query);
        let sort = filters.sort::<E>();
        let limit = filters.limit();
        let filter = filters.filter::<E>().or(filter);
        let range = filters.range(&sort);
        let embed = filters.embed::<E>();
        filters.finish()?;
        let paging = Paging::of(path, query, &sort)?;
        let seek = paging.seek::<E>(sort.key)?;
        let query = ListQuery {
            filter,
            sort: sort.key,
            window: KeysetWindow { range, seek },
            direction: sort.direction,
            limit,
        };
        Ok(Self {
            query,
            paging,
            embed,
        })
    }

    /// Returns where `row` stands in the list.
    pub(crate) fn position(&self, row: &Stored<E>) -> KeysetPosition<SortValue> {
        KeysetPosition {
            key: self.query.sort.value(row),
            id: row.id.get(),
        }
    }
}
