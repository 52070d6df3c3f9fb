//! The names of the parameters that lists have.

use byline_application::{SortKey, SortKind};

use crate::resource::RestResource;

/// Returns the parameters of the lists of `E`. The list of the rows of one parent has no
/// `filters`.
pub(crate) fn names<E: RestResource>(filters: bool) -> Vec<&'static str> {
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

/// How the value of a key begins.
pub(crate) fn starts(key: &str) -> String {
    format!("{key}.starts")
}

/// The least value of a key.
pub(crate) fn from(key: &str) -> String {
    format!("{key}.gte")
}

/// What all values of a key are less than.
pub(crate) fn until(key: &str) -> String {
    format!("{key}.lt")
}
