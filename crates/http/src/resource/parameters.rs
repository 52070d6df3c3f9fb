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
        let name = key.name();
        match key.kind() {
            SortKind::Id | SortKind::UniqueText => {}
            // Once for each entity.
            SortKind::Text => names.push(starts(name).leak()),
            SortKind::Time => names.extend([from(name).leak(), until(name).leak()].map(|n| &*n)),
        }
    }
    if !E::EMBEDS.is_empty() {
        names.push("embed");
    }
    names
}

/// The filter on the prefix of a key.
pub(crate) fn starts(key: &str) -> String {
    format!("{key}.starts")
}

/// The inclusive lower bound of a key.
pub(crate) fn from(key: &str) -> String {
    format!("{key}.gte")
}

/// The exclusive upper bound of a key.
pub(crate) fn until(key: &str) -> String {
    format!("{key}.lt")
}
