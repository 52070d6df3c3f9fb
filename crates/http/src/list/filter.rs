//! The parameters of a list, read one after the other while everything that is
//! wrong with them is gathered.

use byline_application::{KeyRange, Limit};
use byline_domain::{EmailAddress, Timestamp, UserId, Violation, Violations};

use crate::list::page_links::limit;
use crate::list::sort::{Sort, SortKey};
use crate::problem::{Code, FieldError, Problem};
use crate::request::query::{Query, fault};

/// Reads the parameters of one request.
pub(crate) struct Filters<'q> {
    query: &'q Query,
    faults: Vec<FieldError>,
}

/// What is wrong with one value: codes and rules.
pub(crate) type FilterViolations = Vec<(&'static str, String)>;

impl<'q> Filters<'q> {
    pub(crate) fn new(query: &'q Query) -> Self {
        let faults = Vec::new();
        Self { query, faults }
    }

    /// The order of the list. Every filter must go with it.
    pub(crate) fn sort<K: SortKey>(&mut self) -> Sort<K> {
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
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FilterViolations>,
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

    /// Texts that start with the value of a parameter.
    pub(crate) fn starting<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(String) -> Result<T, Violations>,
    ) -> KeyRange<String> {
        self.read(name, |text| prefix(text, parse))
            .map(|prefix| KeyRange::starting_with(&prefix))
            .unwrap_or_default()
    }

    /// Times from the value of one parameter to that of another.
    pub(crate) fn between(&mut self, gte: &'static str, lt: &'static str) -> KeyRange<Timestamp> {
        KeyRange {
            from: self.read(gte, time),
            to: self.read(lt, time),
        }
    }

    /// `embed=user`: whether the authors of posts are wanted with them.
    pub(crate) fn embed_user(&mut self) -> bool {
        let parse = |text: &str| match text {
            "user" => Ok(()),
            _ => Err(vec![("unknown-value", "must be `user`".to_owned())]),
        };
        self.read("embed", parse).is_some()
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

/// The beginning of a text of which `parse` knows the rules: it must not break
/// any but that it must not be blank.
fn prefix<T>(
    text: &str,
    parse: impl FnOnce(String) -> Result<T, Violations>,
) -> Result<String, FilterViolations> {
    let Err(violations) = parse(text.to_owned()) else {
        return Ok(text.to_owned());
    };
    let rules: FilterViolations = violations
        .iter()
        .filter(|violation| **violation != Violation::Blank)
        .map(|violation| (violation.code(), violation.to_string()))
        .collect();
    if rules.is_empty() {
        Ok(text.to_owned())
    } else {
        Err(rules)
    }
}

fn time(text: &str) -> Result<Timestamp, FilterViolations> {
    text.parse().map_err(|error| {
        let rule = format!("{error}; in a URL, write `+` as `%2B`");
        vec![("not-a-time", rule)]
    })
}

/// An address; the case of its letters makes no difference.
pub(crate) fn email(text: &str) -> Result<EmailAddress, FilterViolations> {
    EmailAddress::parse(text).map_err(|violations| {
        let rules = violations.iter();
        rules.map(|one| (one.code(), one.to_string())).collect()
    })
}

/// The id of a user, whether there is one or not.
pub(crate) fn user_id(text: &str) -> Result<UserId, FilterViolations> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse()
        .ok()
        .filter(|_| canonical)
        .and_then(|number: i64| UserId::try_from(number).ok())
        .ok_or_else(|| {
            let rule = format!("must be a whole number from 1 to {}", UserId::MAX);
            vec![("out-of-range", rule)]
        })
}

/// Whether the author of a post is wanted with it.
pub(crate) fn embeds_user(query: &Query) -> Result<bool, Problem> {
    let mut filters = Filters::new(query);
    let embeds = filters.embed_user();
    filters.finish()?;
    Ok(embeds)
}
