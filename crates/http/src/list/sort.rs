//! The closed grammar of lists: what can be sorted by and filtered with, and
//! which of it together.

use byline_application::{Direction, Listed, SortKey};

use crate::problem::FieldError;
use crate::request::query::fault;

/// An order of a list.
#[derive(Debug)]
pub(crate) struct Sort<E: Listed> {
    pub(crate) key: E::SortKey,
    pub(crate) direction: Direction,
}

impl<E: Listed> Default for Sort<E> {
    fn default() -> Self {
        Self {
            key: E::SortKey::default(),
            direction: Direction::default(),
        }
    }
}

impl<E: Listed> Sort<E> {
    /// Reads the value of the parameter `sort`: a key, with `-` for descending.
    ///
    /// # Errors
    ///
    /// Code and rule.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<(&'static str, String)>> {
        let (direction, name) = match text.strip_prefix('-') {
            None => (Direction::Ascending, text),
            Some(name) => (Direction::Descending, name),
        };
        match E::SortKey::ALL.iter().find(|key| key.name() == name) {
            Some(key) => Ok(Self {
                key: *key,
                direction,
            }),
            None => {
                let names: Vec<_> = E::SortKey::ALL.iter().map(|key| key.name()).collect();
                let names = names.join("`, `");
                let rule = format!("must be one of `{names}`, with `-` before it for descending");
                Err(vec![("unknown-value", rule)])
            }
        }
    }

    /// What is wrong with a filter in a list of this order: the one place that
    /// says which filters and sorts an index serves together.
    ///
    /// A filter on a range of a key, `key.operator`, goes with the sort on that
    /// key and no other: of the rows of a range, an index gives those with the
    /// least *other* key only after all of them were read. Every other filter
    /// goes with every sort. No sort is chosen in silence: the order of a list
    /// shall be seen in its address.
    ///
    /// It stands here and not in the application, whose queries can say nothing
    /// else: a range lies in the sort key that it narrows. What is refused here
    /// are words of HTTP, and the refusal names others.
    pub(crate) fn refuses(&self, filter: &str) -> Option<FieldError> {
        let (key, _) = filter.split_once('.')?;
        (key != self.key.name()).then(|| {
            let rule = format!(
                "goes with `sort={key}` or `sort=-{key}` only, so that an index serves the list"
            );
            fault(filter, "needs-sort", rule)
        })
    }
}
