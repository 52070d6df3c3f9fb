//! Users and posts as what is moved.

use byline_application::import::{self, BatchOutcome, Rows, Step, Task};
use byline_application::{AppError, PostRecord, RepositoryError, Session, UserRecord};
use byline_domain::{Post, Timestamp, User};
use csv::StringRecord;

use super::line::{PostLine, UserLine, Whole};

/// A kind of rows.
pub(crate) trait Entity: Send + 'static {
    /// A row on its way in.
    type Record: Clone + Send + Sync + 'static;
    /// A row on its way out.
    type Stored: Clone + Into<Self::Record> + Send + Sync + 'static;

    /// Which rows these are.
    const ROWS: Rows;
    /// What they are called.
    const NAME: &'static str;
    /// The members of a row, in the order in which they are written. The first
    /// is the id.
    const MEMBERS: &'static [&'static str];
    /// Those without which there is no row.
    const REQUIRED: &'static [&'static str];

    /// A row from a line of JSON.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn from_json(line: &[u8], now: Timestamp) -> Result<Self::Record, String>;

    /// A row from a record whose fields `cells` picks by the index of their
    /// member. An empty cell of a member that is not required is none.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn from_cells(cells: &Cells<'_>, now: Timestamp) -> Result<Self::Record, String>;

    /// The row as a line of JSON, without the line feed.
    ///
    /// # Errors
    ///
    /// That of the writer.
    fn write_json(row: &Self::Stored, output: &mut Vec<u8>) -> Result<(), serde_json::Error>;

    /// The row as the fields of a record.
    fn cells(row: &Self::Stored, write: &mut dyn FnMut(&str));

    /// The id of a row.
    fn id(row: &Self::Stored) -> i64;

    /// About how many bytes the row takes.
    fn size(record: &Self::Record) -> usize;

    /// See [`import::users`].
    ///
    /// # Errors
    ///
    /// Those of the repositories.
    fn import(
        session: &mut dyn Session,
        task: &Task,
        batch: &[Self::Record],
        step: &Step,
    ) -> Result<BatchOutcome, AppError>;

    /// The rows behind an id, in the order of their ids.
    ///
    /// # Errors
    ///
    /// That of the repository.
    fn page(
        session: &mut dyn Session,
        after: i64,
        most: u32,
    ) -> Result<Vec<Self::Stored>, RepositoryError>;
}

/// The cells of a record, by member.
pub(crate) struct Cells<'a> {
    pub(crate) record: &'a StringRecord,
    /// Where the member with that index stands.
    pub(crate) places: &'a [Option<usize>],
}

impl<'a> Cells<'a> {
    fn text(&self, member: usize) -> Option<&'a str> {
        let place = self.places.get(member).copied().flatten()?;
        self.record.get(place)
    }

    fn optional(&self, member: usize) -> Option<&'a str> {
        self.text(member).filter(|cell| !cell.is_empty())
    }

    fn whole(&self, member: usize, name: &str) -> Result<Option<Whole>, String> {
        let cell = self.optional(member);
        let number = cell.map(|cell| match cell.parse() {
            Ok(number) => Some(Whole(number)),
            // As in NDJSON: `7.0`.
            Err(_) => serde_json::from_str(cell).ok(),
        });
        match number {
            Some(None) => Err(format!("{name}: must be a whole number")),
            number => Ok(number.flatten()),
        }
    }
}

/// Users.
pub(crate) enum Users {}

/// Posts.
pub(crate) enum Posts {}

impl Entity for Users {
    type Record = UserRecord;
    type Stored = User;

    const ROWS: Rows = Rows::Users;
    const NAME: &'static str = "users";
    const MEMBERS: &'static [&'static str] =
        &["id", "name", "email", "created_at", "updated_at", "version"];
    const REQUIRED: &'static [&'static str] = &["name", "email"];

    fn from_json(line: &[u8], now: Timestamp) -> Result<UserRecord, String> {
        let line: UserLine<'_> = serde_json::from_slice(line).map_err(|error| told(&error))?;
        line.parse(now)
    }

    fn from_cells(cells: &Cells<'_>, now: Timestamp) -> Result<UserRecord, String> {
        let line = UserLine {
            id: cells.whole(0, "id")?,
            name: cells.text(1).unwrap_or_default().into(),
            email: cells.text(2).unwrap_or_default().into(),
            created_at: cells.optional(3).map(Into::into),
            updated_at: cells.optional(4).map(Into::into),
            version: cells.whole(5, "version")?,
        };
        line.parse(now)
    }

    fn write_json(row: &User, output: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(output, &UserLine::from(row))
    }

    fn cells(row: &User, write: &mut dyn FnMut(&str)) {
        write(&row.id.to_string());
        write(row.name.as_str());
        write(row.email.as_str());
        write(&row.created_at.to_string());
        write(&row.updated_at.to_string());
        write(&row.version.get().to_string());
    }

    fn id(row: &User) -> i64 {
        row.id.get()
    }

    fn size(record: &UserRecord) -> usize {
        record.name.as_str().len() + record.email.as_str().len()
    }

    fn import(
        session: &mut dyn Session,
        task: &Task,
        batch: &[UserRecord],
        step: &Step,
    ) -> Result<BatchOutcome, AppError> {
        import::users(session, task, batch, step)
    }

    fn page(
        session: &mut dyn Session,
        after: i64,
        most: u32,
    ) -> Result<Vec<User>, RepositoryError> {
        session.bulk().users_after(after, most)
    }
}

impl Entity for Posts {
    type Record = PostRecord;
    type Stored = Post;

    const ROWS: Rows = Rows::Posts;
    const NAME: &'static str = "posts";
    const MEMBERS: &'static [&'static str] = &[
        "id",
        "user_id",
        "title",
        "content",
        "created_at",
        "updated_at",
        "version",
    ];
    const REQUIRED: &'static [&'static str] = &["user_id", "title", "content"];

    fn from_json(line: &[u8], now: Timestamp) -> Result<PostRecord, String> {
        let line: PostLine<'_> = serde_json::from_slice(line).map_err(|error| told(&error))?;
        line.parse(now)
    }

    fn from_cells(cells: &Cells<'_>, now: Timestamp) -> Result<PostRecord, String> {
        let line = PostLine {
            id: cells.whole(0, "id")?,
            user_id: cells.whole(1, "user_id")?.ok_or("user_id: is missing")?,
            title: cells.text(2).unwrap_or_default().into(),
            content: cells.text(3).unwrap_or_default().into(),
            created_at: cells.optional(4).map(Into::into),
            updated_at: cells.optional(5).map(Into::into),
            version: cells.whole(6, "version")?,
        };
        line.parse(now)
    }

    fn write_json(row: &Post, output: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(output, &PostLine::from(row))
    }

    fn cells(row: &Post, write: &mut dyn FnMut(&str)) {
        write(&row.id.to_string());
        write(&row.user_id.to_string());
        write(row.title.as_str());
        write(row.content.as_str());
        write(&row.created_at.to_string());
        write(&row.updated_at.to_string());
        write(&row.version.get().to_string());
    }

    fn id(row: &Post) -> i64 {
        row.id.get()
    }

    fn size(record: &PostRecord) -> usize {
        record.title.as_str().len() + record.content.as_str().len()
    }

    fn import(
        session: &mut dyn Session,
        task: &Task,
        batch: &[PostRecord],
        step: &Step,
    ) -> Result<BatchOutcome, AppError> {
        import::posts(session, task, batch, step)
    }

    fn page(
        session: &mut dyn Session,
        after: i64,
        most: u32,
    ) -> Result<Vec<Post>, RepositoryError> {
        session.bulk().posts_after(after, most)
    }
}

/// What the parser found, with the column but without the line, which it
/// counts from the beginning of the text that it was given.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(text) => format!("{text} (column {})", error.column()),
        None => text,
    }
}
