//! Reads the query parameters of a list, and collects the errors of all of them.

use byline_application::{KeyRange, Limit, Listed, SortKey, SortKind, SortValue};
use byline_domain::{Id, Text, Timestamp, UserId, Violation};

use crate::list::page_links::limit;
use crate::list::sort::Sort;
use crate::problem::{Code, FieldError, Problem};
use crate::request::json_object::{FieldViolations, violations};
use crate::request::query::{self, Query, parameter_error};
use crate::resource::parameters::{FROM, STARTS, UNTIL};
use crate::resource::{Embed, RestResource};

/// Reads the parameters of one request.
pub(crate) struct Filters<'q> {
    query: &'q Query,
    errors: Vec<FieldError>,
}

impl<'q> Filters<'q> {
    pub(crate) fn new(query: &'q Query) -> Self {
        let errors = Vec::new();
        Self { query, errors }
    }

    /// Returns the order of the list. Refuses filters that do not go with it.
    pub(crate) fn sort<E: Listed>(&mut self) -> Sort<E> {
        let sort = match self.query.get("sort") {
            None => Some(Sort::default()),
            Some(_) => self.read("sort", Sort::parse),
        };
        // Without a valid order there is nothing to check the filters against.
        let Some(sort) = sort else {
            return Sort::default();
        };
        let filters = self.query.iter();
        self.errors
            .extend(filters.filter_map(|(name, _)| sort.refuses(name)));
        sort
    }

    pub(crate) fn limit(&mut self) -> Limit {
        self.read("limit", limit).unwrap_or_default()
    }

    /// Returns the value of a parameter, if it is given and valid.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, FieldViolations>,
    ) -> Option<T> {
        match parse(self.query.get(name)?) {
            Ok(value) => Some(value),
            Err(rules) => {
                let errors = rules
                    .iter()
                    .map(|(code, rule)| parameter_error(name, code, rule));
                self.errors.extend(errors);
                None
            }
        }
    }

    /// Returns the value of the parameter `key.operator`, if it is given and valid.
    fn read_range<T>(
        &mut self,
        key: &str,
        operator: &str,
        parse: impl FnOnce(&str) -> Result<T, FieldViolations>,
    ) -> Option<T> {
        let mut names = self.query.iter().map(|(name, _)| name);
        let name = names.find(|name| name.split_once('.') == Some((key, operator)))?;
        self.read(name, parse)
    }

    /// Returns the range of the sort key. Reads those of other keys, too, for their errors.
    pub(crate) fn range<E: RestResource>(&mut self, sort: &Sort<E>) -> KeyRange<SortValue> {
        let mut range = KeyRange::default();
        for key in E::SortKey::ALL {
            let read = self.range_of::<E>(*key);
            if *key == sort.key {
                range = read;
            }
        }
        range
    }

    fn range_of<E: RestResource>(&mut self, key: E::SortKey) -> KeyRange<SortValue> {
        let name = key.name();
        match key.kind() {
            SortKind::Id | SortKind::UniqueText => KeyRange::default(),
            SortKind::Text => {
                let prefix = self.read_range(name, STARTS, |text| prefix::<E>(name, text));
                let texts =
                    prefix.map_or_else(KeyRange::default, |text| KeyRange::starting_with(&text));
                KeyRange {
                    from: texts.from.map(SortValue::Text),
                    to: texts.to.map(SortValue::Text),
                }
            }
            SortKind::Time => KeyRange {
                from: self.read_range(name, FROM, time).map(SortValue::Time),
                to: self.read_range(name, UNTIL, time).map(SortValue::Time),
            },
        }
    }

    /// Returns the one filter that goes with every sort, if one is given. No index serves two
    /// of them together.
    pub(crate) fn filter<E: RestResource>(&mut self) -> Option<E::Filter> {
        let mut found = None;
        for filter in E::FILTERS {
            let read = self.read(filter.name, filter.read);
            if found.is_some() && self.query.get(filter.name).is_some() {
                let rule =
                    "goes with no other filter of this kind, so that an index serves the list";
                self.errors
                    .push(parameter_error(filter.name, "needs-index", rule));
            }
            found = read.or(found);
        }
        found
    }

    /// Returns the parent to embed in each row.
    pub(crate) fn embed<E: RestResource>(&mut self) -> Option<&'static Embed<E>> {
        self.read("embed", |text| {
            let embed = E::EMBEDS.iter().find(|embed| embed.relation.parent == text);
            embed.ok_or_else(|| {
                let names = E::EMBEDS.iter().map(|embed| embed.relation.parent);
                let names = names.collect::<Vec<_>>().join("` or `");
                vec![("unknown-value", format!("must be `{names}`"))]
            })
        })
    }

    /// Returns the errors of all parameters.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::from_errors(Code::InvalidParameter, self.errors))
        }
    }
}

/// Reads a prefix of the field `name`. The rules of the field apply, but a prefix may be blank.
fn prefix<E: RestResource>(name: &str, text: &str) -> Result<String, FieldViolations> {
    let field = E::FIELDS.iter().find(|field| field.name == name);
    let read = field.map_or(Ok(()), |field| {
        (field.read)(text.into(), &mut E::Change::default())
    });
    let mut rules = read.err().unwrap_or_default();
    rules.retain(|(code, _)| *code != Violation::Blank.code());
    if rules.is_empty() {
        Ok(text.to_owned())
    } else {
        Err(rules)
    }
}

fn time(text: &str) -> Result<Timestamp, FieldViolations> {
    text.parse().map_err(|error| {
        let rule = format!("{error}; in a URL, write `+` as `%2B`");
        vec![("not-a-time", rule)]
    })
}

/// Reads a text, by the rules of its type.
pub(crate) fn text<T: Text>(text: &str) -> Result<T, FieldViolations> {
    T::parse(text.to_owned()).map_err(|broken| violations(&broken))
}

/// Reads an id. Whether there is such a row does not matter.
pub(crate) fn id<T>(text: &str) -> Result<Id<T>, FieldViolations> {
    query::id(text).ok_or_else(|| {
        let rule = format!("must be a whole number from 1 to {}", UserId::MAX);
        vec![("out-of-range", rule)]
    })
}

/// Returns the parent to embed in a single row.
pub(crate) fn embed<E: RestResource>(query: &Query) -> Result<Option<&'static Embed<E>>, Problem> {
    let mut filters = Filters::new(query);
    let embed = filters.embed::<E>();
    filters.finish()?;
    Ok(embed)
}
