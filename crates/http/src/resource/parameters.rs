//! The names of query parameters.

use byline_application::{SortKey, SortKind};

use crate::resource::RestResource;

/// The query parameters of the operations on an entity.
pub(crate) struct QueryParameters {
    pub(crate) list: Vec<&'static str>,
    /// Those of the list of the rows of one parent, without filters.
    pub(crate) nested_list: Vec<&'static str>,
    /// The children that can be deleted with a row.
    pub(crate) delete: Vec<&'static str>,
}

impl QueryParameters {
    pub(crate) fn of<E: RestResource>() -> Self {
        Self {
            list: names::<E>(true),
            nested_list: names::<E>(false),
            delete: E::CHILDREN.iter().map(|children| children.name).collect(),
        }
    }
}

fn names<E: RestResource>(filters: bool) -> Vec<&'static str> {
    let mut names = vec!["limit", "cursor", "sort"];
    if filters {
        names.extend(E::FILTERS.iter().map(|filter| filter.name));
    }
    for key in E::SortKey::ALL {
        let operators: &[_] = match key.kind() {
            SortKind::Id | SortKind::UniqueText => &[],
            SortKind::Text => &[STARTS],
            SortKind::Time => &[FROM, UNTIL],
        };
        for operator in operators {
            // Leaked once for each entity.
            names.push(format!("{}.{operator}", key.name()).leak());
        }
    }
    if !E::EMBEDS.is_empty() {
        names.push("embed");
    }
    names
}

/// The operator of the filter on the prefix of a key, as in `name.starts`.
pub(crate) const STARTS: &str = "starts";

/// The operator of the inclusive lower bound of a key.
pub(crate) const FROM: &str = "gte";

/// The operator of the exclusive upper bound of a key.
pub(crate) const UNTIL: &str = "lt";
