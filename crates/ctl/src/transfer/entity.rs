//! The entities as commands move them: each is described once, in [`columns!`], and listed once,
//! in [`byline_domain::entities!`].

use std::borrow::Cow;
use std::slice::Iter;

use byline_application::import::{self, BatchOutcome, Step, Task};
use byline_application::{AppError, ImportedRow, RepositoryError, Resource, Session};
use byline_domain::{Entity as _, Id, PostFields, Relation, Stored, Text, Timestamp, UserFields};
use csv::StringRecord;
use serde::{Deserialize, Serializer as _};

use super::member::{MemberErrors, Value, Whole};

use crate::failure::Failure;

pub(super) mod sink;

use sink::Sink;

/// Evaluates an expression once for each entity, parents before their children. The values are
/// an array.
macro_rules! for_each_entity {
    (@ [$alias:ident $value:expr] $($variant:ident $entity:ident,)+) => {
        for_each_entity!(@@ $alias $value; $($entity)+)
    };
    (@@ $alias:ident $value:expr; $($entity:ident)+) => {
        [$({
            type $alias = byline_domain::$entity;
            $value
        }),+]
    };
    ($alias:ident => $value:expr) => {
        byline_domain::entities!(for_each_entity! @ [$alias $value])
    };
}
pub(crate) use for_each_entity;

columns! {
    UserFields { parents {} texts { name, email } }
    PostFields { parents { user_id } texts { title, content } }
}

/// An entity whose rows are moved. Its members have the names and forms that they have in the
/// API, and `version` besides: nothing of a row is lost.
pub(crate) trait Columns: Resource {
    /// A row as a file has it.
    type Line<'a>: Deserialize<'a>;

    /// The members of a row, in the order in which they are written.
    const MEMBERS: &'static [&'static str];
    /// The members that a row must have.
    const REQUIRED: &'static [&'static str];

    /// Returns the values of the fields, in the order of the members.
    fn values(&self) -> impl Iterator<Item = Value<'_>>;

    /// Takes the members from the cells of a record.
    fn line(cells: Cells<'_>) -> Result<Self::Line<'_>, String>;

    /// Returns the row that a line describes. A line that does not say when the row was created
    /// describes one that is created `now`.
    fn parse(line: Self::Line<'_>, now: Timestamp) -> Result<ImportedRow<Self>, String>;
}

/// Describes the columns of entities: the parents' ids and the texts, in the order in which they
/// are written. The id, the times and the version are the same for all entities.
macro_rules! columns {
    ($($entity:ident { parents { $($parent:ident),* } texts { $($text:ident),* } })+) => {$(
        const _: () = {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields, expecting = "an object")]
            pub(crate) struct Line<'a> {
                id: Option<Whole>,
                $($parent: Whole,)*
                $(#[serde(borrow)] $text: Cow<'a, str>,)*
                #[serde(borrow)]
                created_at: Option<Cow<'a, str>>,
                #[serde(borrow)]
                updated_at: Option<Cow<'a, str>>,
                version: Option<Whole>,
            }

            impl Columns for $entity {
                type Line<'a> = Line<'a>;

                const MEMBERS: &'static [&'static str] = &[
                    "id",
                    $(stringify!($parent),)*
                    $(stringify!($text),)*
                    "created_at",
                    "updated_at",
                    "version",
                ];
                const REQUIRED: &'static [&'static str] =
                    &[$(stringify!($parent),)* $(stringify!($text),)*];

                fn values(&self) -> impl Iterator<Item = Value<'_>> {
                    [
                        $(Value::Number(self.$parent.get()),)*
                        $(Value::Text(self.$text.as_str()),)*
                    ]
                    .into_iter()
                }

                fn line(mut cells: Cells<'_>) -> Result<Line<'_>, String> {
                    // In the order of the members.
                    Ok(Line {
                        id: cells.number("id")?,
                        $($parent: cells
                            .number(stringify!($parent))?
                            .ok_or(concat!(stringify!($parent), ": is missing"))?,)*
                        $($text: cells.next().unwrap_or_default().into(),)*
                        created_at: cells.optional().map(Into::into),
                        updated_at: cells.optional().map(Into::into),
                        version: cells.number("version")?,
                    })
                }

                fn parse(line: Line<'_>, now: Timestamp) -> Result<ImportedRow<Self>, String> {
                    let mut errors = MemberErrors::default();
                    let id = line.id.map(|id| Id::try_from(id.0)).transpose();
                    let id = errors.take("id", id);
                    $(let $parent = Id::try_from(line.$parent.0);
                    let $parent = errors.take(stringify!($parent), $parent);)*
                    $(let $text = Text::parse(line.$text.into_owned());
                    let $text = errors.take(stringify!($text), $text);)*
                    let times = errors.times(line.created_at, line.updated_at, now);
                    let version = errors.version(line.version);
                    let row = || {
                        let (created_at, updated_at) = times?;
                        Some(ImportedRow {
                            id: id?,
                            fields: $entity { $($parent: $parent?,)* $($text: $text?,)* },
                            created_at,
                            updated_at,
                            version: version?,
                        })
                    };
                    row().ok_or_else(|| errors.text())
                }
            }
        };
    )+};
}
use columns;

/// The description of an entity, without its type.
pub(crate) struct Table {
    /// The name of one row.
    pub(crate) name: &'static str,
    /// The name of many rows.
    pub(crate) plural: &'static str,
    /// See [`Columns::MEMBERS`].
    pub(crate) members: &'static [&'static str],
    /// The relations in which the rows are the children.
    pub(crate) parents: &'static [Relation],
}

/// The entities, parents before their children.
pub(crate) const TABLES: &[Table] = &for_each_entity!(E => Table {
    name: E::NAME,
    plural: E::PLURAL,
    members: E::MEMBERS,
    parents: E::PARENTS,
});

impl Table {
    /// Returns the entities whose rows have this one's as parents.
    pub(crate) fn children(&self) -> impl Iterator<Item = &'static Self> {
        let is_parent = |child: &&Self| child.parents.iter().any(|of| of.parent == self.name);
        TABLES.iter().filter(is_parent)
    }

    /// Returns the entity of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }
}

/// Rows of one entity, in the order of their ids.
pub(crate) trait Rows: Send + Sync {
    /// Returns how many rows there are.
    fn count(&self) -> u64;

    /// Returns the id of the last row; 0 if there is none.
    fn last_id(&self) -> i64;

    /// Writes the rows.
    fn write(&self, sink: &mut Sink) -> Result<(), Failure>;

    /// Imports the rows; see [`import::rows`].
    fn import(
        &self,
        session: &mut dyn Session,
        task: &Task,
        step: &Step,
    ) -> Result<BatchOutcome, AppError>;

    /// Stores those rows whose ids are free.
    fn insert_missing(&self, session: &mut dyn Session) -> Result<(), RepositoryError>;
}

impl<E: Columns> Rows for Vec<Stored<E>> {
    fn count(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or_default()
    }

    fn last_id(&self) -> i64 {
        self.last().map_or(0, |row| row.id.get())
    }

    fn write(&self, sink: &mut Sink) -> Result<(), Failure> {
        self.iter().try_for_each(|row| sink.write(row))
    }

    fn import(
        &self,
        session: &mut dyn Session,
        task: &Task,
        step: &Step,
    ) -> Result<BatchOutcome, AppError> {
        let rows: Vec<_> = self.iter().cloned().map(ImportedRow::from).collect();
        import::rows(session, task, &rows, step)
    }

    fn insert_missing(&self, session: &mut dyn Session) -> Result<(), RepositoryError> {
        let ids = self.iter().map(|row| row.id.get()).collect();
        let existing = E::repository(session).existing(&ids)?;
        let missing = self.iter().filter(|row| !existing.contains(&row.id.get()));
        let missing: Vec<_> = missing.cloned().collect();
        E::repository(session).insert_rows(&missing)
    }
}

/// Returns the values of the members of a row.
pub(super) fn values<E: Columns>(row: &Stored<E>) -> impl Iterator<Item = Value<'_>> {
    let times = [row.created_at, row.updated_at].map(Value::Time);
    let fields = [Value::Number(row.id.get())]
        .into_iter()
        .chain(row.fields.values());
    fields
        .chain(times)
        .chain([Value::Number(row.version.get())])
}

/// Writes the row as a line of JSON, without the line feed.
pub(crate) fn write_json<E: Columns>(
    row: &Stored<E>,
    output: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    serde_json::Serializer::new(output).collect_map(E::MEMBERS.iter().zip(values(row)))
}

/// Returns about how many bytes these fields take.
pub(crate) fn size(fields: &impl Columns) -> usize {
    let sizes = fields.values().map(|value| match value {
        Value::Text(text) => text.len(),
        Value::Number(_) | Value::Time(_) => 0,
    });
    sizes.sum()
}

/// The cells of a record, in the order of the members. An empty cell of a member that is not
/// required is none.
pub(crate) struct Cells<'a> {
    record: &'a StringRecord,
    places: Iter<'a, Option<usize>>,
}

impl<'a> Cells<'a> {
    /// `places` has the place of each member in the record.
    pub(super) fn new(record: &'a StringRecord, places: &'a [Option<usize>]) -> Self {
        let places = places.iter();
        Self { record, places }
    }

    fn next(&mut self) -> Option<&'a str> {
        let place = self.places.next().copied().flatten()?;
        self.record.get(place)
    }

    fn optional(&mut self) -> Option<&'a str> {
        self.next().filter(|cell| !cell.is_empty())
    }

    fn number(&mut self, member: &str) -> Result<Option<Whole>, String> {
        let Some(cell) = self.optional() else {
            return Ok(None);
        };
        let number = match cell.parse() {
            Ok(number) => Some(Whole(number)),
            // As in NDJSON: `7.0`.
            Err(_) => serde_json::from_str(cell).ok(),
        };
        let wrong = || format!("{member}: must be a whole number");
        number.map(Some).ok_or_else(wrong)
    }
}
