//! The members of a row in a file, and their errors.

use std::borrow::Cow;
use std::fmt;

use byline_domain::{Timestamp, Version, whole_number};
use serde::de::{Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// The value of a member on its way out.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Number(i64),
    Text(&'a str),
    Time(Timestamp),
}

impl Value<'_> {
    /// Returns the value as the cell of a record.
    pub(super) fn cell(&self) -> Cow<'_, str> {
        match self {
            Self::Number(number) => number.to_string().into(),
            Self::Text(text) => (*text).into(),
            Self::Time(time) => time.to_string().into(),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Time(time) => serializer.collect_str(time),
        }
    }
}

/// A whole number, however it is written: `7`, `7.0` and `7e0`. The error says so in
/// words.
#[derive(Clone, Copy)]
pub(crate) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Whole, E> {
                let wrong = || E::invalid_type(Unexpected::Float(number), &self);
                whole_number(number).map(Whole).ok_or_else(wrong)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Whole, E> {
                let number = i64::try_from(number);
                number
                    .map(Whole)
                    .map_err(|_| E::custom("the number is too large"))
            }
        }
        deserializer.deserialize_i64(Number)
    }
}

/// Collects the errors of the members of a row.
#[derive(Default)]
pub(super) struct MemberErrors(Vec<String>);

impl MemberErrors {
    /// Returns the value, or notes its error.
    pub(super) fn take<T, E: fmt::Display>(
        &mut self,
        member: &str,
        value: Result<T, E>,
    ) -> Option<T> {
        value
            .map_err(|error| self.0.push(format!("{member}: {error}")))
            .ok()
    }

    /// Returns when the row was created and last updated. Without either, that is `now`, or when
    /// it was created.
    pub(super) fn times(
        &mut self,
        created_at: Option<Cow<'_, str>>,
        updated_at: Option<Cow<'_, str>>,
        now: Timestamp,
    ) -> Option<(Timestamp, Timestamp)> {
        let created = created_at.map_or(Ok(now), |text| text.parse());
        let created = self.take("created_at", created);
        let updated = updated_at.map(|text| text.parse()).transpose();
        let updated = self.take("updated_at", updated);
        let (created, updated) = (created?, updated?);
        let updated = updated.unwrap_or(created);
        let updated = match updated < created {
            true => Err("must not be before created_at"),
            false => Ok(updated),
        };
        Some((created, self.take("updated_at", updated)?))
    }

    /// Returns the version, by default the first.
    pub(super) fn version(&mut self, version: Option<Whole>) -> Option<Version> {
        let version = version.map_or(Some(Version::FIRST), |version| Version::new(version.0));
        self.take(
            "version",
            version.ok_or("must be from 1 to 9007199254740991"),
        )
    }

    /// Returns all errors in one line.
    pub(super) fn text(self) -> String {
        self.0.join("; ")
    }
}
