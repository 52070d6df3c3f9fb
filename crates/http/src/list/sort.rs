//! The order of a list, and the filters that go with it.

use byline_application::{Direction, Listed, SortKey};

use crate::problem::FieldError;
use crate::request::json_object::FieldViolations;
use crate::request::query::parameter_error;

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
    /// Parses the parameter `sort`: a key, with `-` for descending.
    pub(crate) fn parse(text: &str) -> Result<Self, FieldViolations> {
        let (direction, name) = match text.strip_prefix('-') {
            None => (Direction::Ascending, text),
            Some(name) => (Direction::Descending, name),
        };
        let mut keys = E::SortKey::ALL.iter().copied();
        let key = keys.find(|key| key.name() == name).ok_or_else(|| {
            let names: Vec<_> = E::SortKey::ALL.iter().map(|key| key.name()).collect();
            let names = names.join("`, `");
            let rule = format!("must be one of `{names}`, with `-` before it for descending");
            vec![("unknown-value", rule)]
        })?;
        Ok(Self { key, direction })
    }

    /// Returns the error if no index serves `filter` in this order.
    ///
    /// A filter on a range of a key, `key.operator`, only goes with the sort on that key: to
    /// sort the rows of a range by another key, all of them would have to be read. Every other
    /// filter goes with every sort. The range does not imply the sort, so that the URL of a
    /// list shows its order.
    ///
    /// The application cannot make this check: its queries have ranges of the sort key only.
    pub(crate) fn refuses(&self, filter: &str) -> Option<FieldError> {
        let (key, _) = filter.split_once('.')?;
        (key != self.key.name()).then(|| {
            let rule = format!(
                "goes with `sort={key}` or `sort=-{key}` only, so that an index serves the list"
            );
            parameter_error(filter, "needs-sort", rule)
        })
    }
}
