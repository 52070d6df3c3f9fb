//! The parameters of a list, read one after the other while everything that is
//! wrong with them is gathered.

use byline_application::{KeyRange, Limit, Listed, SortKey, SortKind, SortValue};
use byline_domain::{Id, Text, Timestamp, UserId, Violation};

use crate::list::page_links::limit;
use crate::list::parameters;
use crate::list::sort::Sort;
use crate::problem::{Code, FieldError, Problem};
use crate::request::json_object::{FieldViolations, violations};
use crate::request::query::{self, Query, fault};
use crate::resource::{Embed, RestResource};

/// Reads the parameters of one request.
pub(crate) struct Filters<'q> {
    query: &'q Query,
    faults: Vec<FieldError>,
}

impl<'q> Filters<'q> {
    pub(crate) fn new(query: &'q Query) -> Self {
        let faults = Vec::new();
        Self { query, faults }
    }

    /// The order of the list. Every filter must go with it.
    pub(crate) fn sort<E: Listed>(&mut self) -> Sort<E> {
        let sort = match self.query.get("sort") {
            None => Some(Sort::default()),
            Some(_) => self.read("sort", Sort::parse),
        };
        // Nothing is known to go or not to go with an order that there is not.
        let Some(sort) = sort else {
            return Sort::default();
        };
        let filters = self.query.iter();
        self.faults
            .extend(filters.filter_map(|(name, _)| sort.refuses(name)));
        sort
    }

    pub(crate) fn limit(&mut self) -> Limit {
        self.read("limit", limit).unwrap_or_default()
    }

    /// The value of a parameter, if it is given and as it should be.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, FieldViolations>,
    ) -> Option<T> {
        match parse(self.query.get(name)?) {
            Ok(value) => Some(value),
            Err(rules) => {
                let faults = rules.iter().map(|(code, rule)| fault(name, code, rule));
                self.faults.extend(faults);
                None
            }
        }
    }

    /// Returns the range of the sort key that the parameters narrow the list to. Ranges of
    /// other keys are read, too, for what is wrong with them.
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
                let prefix = self.read(&parameters::starts(name), |text| prefix::<E>(name, text));
                let texts = prefix.map(|prefix| KeyRange::starting_with(&prefix));
                let texts = texts.unwrap_or_default();
                KeyRange {
                    from: texts.from.map(SortValue::Text),
                    to: texts.to.map(SortValue::Text),
                }
            }
            SortKind::Time => KeyRange {
                from: self
                    .read(&parameters::from(name), time)
                    .map(SortValue::Time),
                to: self
                    .read(&parameters::until(name), time)
                    .map(SortValue::Time),
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
                self.faults.push(fault(filter.name, "needs-index", rule));
            }
            found = read.or(found);
        }
        found
    }

    /// Returns which parents are wanted with the rows.
    pub(crate) fn embed<E: RestResource>(&mut self) -> Option<&'static Embed<E>> {
        self.read("embed", |text| {
            let embed = E::EMBEDS.iter().find(|embed| embed.relation.parent == text);
            embed.ok_or_else(|| {
                let names = E::EMBEDS.iter().map(|embed| embed.relation.parent);
                let names: Vec<_> = names.collect();
                vec![(
                    "unknown-value",
                    format!("must be `{}`", names.join("` or `")),
                )]
            })
        })
    }

    /// # Errors
    ///
    /// Everything that was wrong.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::of_faults(Code::InvalidParameter, self.faults))
        }
    }
}

/// Reads the beginning of the field `name`: it must not break any rule of the field but that
/// it must not be blank.
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

/// Returns which parent is wanted with a single row.
pub(crate) fn embed<E: RestResource>(query: &Query) -> Result<Option<&'static Embed<E>>, Problem> {
    let mut filters = Filters::new(query);
    let embed = filters.embed::<E>();
    filters.finish()?;
    Ok(embed)
}
