//! Every list that can be asked for is served by an index: all admitted
//! combinations are asked for, and the plan of each statement is read. An engine
//! mounts this beside a module `explain`, which has the database and knows how to
//! read its plans.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use byline_application::{
    Direction, Intent, KeyRange, KeysetPosition, KeysetWindow, Limit, ListQuery, PostFilter,
    Repository, Seek, SortKey, SortKind, SortValue, UserFilter,
};
use byline_domain::{EmailAddress, Id, PostFields, Timestamp, UserFields};
use diesel::Connection as _;
use diesel::connection::{Instrumentation, InstrumentationEvent};

use super::dialect::EngineTable;
use super::repository::DieselSession;
use super::{Connection, explain};

const TABLES: &[&str] = &["users", "posts"];

/// Enough rows, and enough equal values, for an engine to be tempted by a wrong index. There
/// are `$users` users. One has nearly all posts; half of them have the same title and times.
const ROWS: &[&str] = &[
    "INSERT INTO users (name, email, email_key, created_at, updated_at, version)
     SELECT IF(n % 2, 'Ada', CONCAT('N', n)), CONCAT(n, '@example.org'),
         CONCAT(n, '@example.org'), IF(n % 2, 7, n), $users + 1, 1
     FROM $numbers WHERE n <= $users ORDER BY n",
    "INSERT INTO posts (user_id, title, content, created_at, updated_at, version)
     SELECT IF(n % 50, 1, n % $users + 1), IF(n % 2, 'Notes', CONCAT('T', n)), '',
         IF(n % 2, 7, n), IF(n % 3, $many + 1, n + $many + 1), 1
     FROM $numbers WHERE n <= $many ORDER BY n",
];

/// Returns the statements that insert the rows. `numbers` is a table of the engine; the size of
/// the tables is a multiple of `thousand`.
pub(super) fn rows(numbers: &str, thousand: u32) -> impl Iterator<Item = String> {
    let (numbers, users, many) = (
        format!("{numbers} AS numbers"),
        (2 * thousand).to_string(),
        (5 * thousand).to_string(),
    );
    ROWS.iter().map(move |statement| {
        let statement = statement.replace("$numbers", &numbers);
        statement.replace("$users", &users).replace("$many", &many)
    })
}

/// Notes the statements that a connection runs.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<BTreeSet<String>>>);

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.lock().unwrap().insert(query.to_string());
        }
    }
}

fn seeks(key: &SortValue) -> Vec<Seek<KeysetPosition<SortValue>>> {
    let key = key.clone();
    let at = KeysetPosition { key, id: 900 };
    vec![Seek::First, Seek::After(at.clone()), Seek::Before(at)]
}

/// Every form of a range, with every seek.
fn windows([from, at, to]: [SortValue; 3]) -> Vec<KeysetWindow<SortValue>> {
    let mut windows = Vec::new();
    for seek in seeks(&at) {
        for (from, to) in [
            (None, None),
            (Some(&from), None),
            (None, Some(&to)),
            (Some(&from), Some(&to)),
        ] {
            let range = KeyRange {
                from: from.cloned(),
                to: to.cloned(),
            };
            let seek = seek.clone();
            windows.push(KeysetWindow { range, seek });
        }
    }
    windows
}

fn time(micros: i64) -> SortValue {
    Timestamp::from_micros(micros).unwrap().into()
}

/// The windows of a sort key of this kind: at a value that one row has, and among the many
/// rows with the same. `initial` begins the texts of single rows, `shared` is that of many.
fn windows_of(kind: SortKind, initial: &str, shared: &str) -> Vec<KeysetWindow<SortValue>> {
    let some = |number: i64| format!("{initial}{number}").into();
    match kind {
        SortKind::Id => seeks(&().into()).into_iter().map(Into::into).collect(),
        SortKind::UniqueText => seeks(&"7@example.org".into())
            .into_iter()
            .map(Into::into)
            .collect(),
        SortKind::Text => [
            windows([some(11), some(12), some(13)]),
            windows(["A", shared, "Z"].map(Into::into)),
        ]
        .concat(),
        SortKind::Time => [
            windows([time(7), time(1000), time(1900)]),
            windows([time(0), time(7), time(1000)]),
        ]
        .concat(),
    }
}

/// Asks for every list of an entity, and for every count that an index can narrow: a count of
/// all reads all.
fn ask_for_lists<E: EngineTable>(
    session: &mut DieselSession<'_>,
    [initial, shared]: [&str; 2],
    filters: &[E::Filter],
) {
    let repository: &mut dyn Repository<E> = session;
    let filters = filters.iter().cloned().map(Some);
    for filter in filters.chain([None]) {
        for direction in [Direction::Ascending, Direction::Descending] {
            for sort in E::SortKey::ALL {
                for window in windows_of(sort.kind(), initial, shared) {
                    let range = &window.range;
                    let narrow = range.from.is_some() || range.to.is_some();
                    let query = ListQuery {
                        filter: filter.clone(),
                        sort: *sort,
                        window,
                        direction,
                        limit: Limit::default(),
                    };
                    repository.list(&query).unwrap();
                    if narrow || query.filter.is_some() {
                        repository.count(&query).unwrap();
                    }
                }
            }
        }
    }
    let ids = [1, 2, 3].map(|id| Id::try_from(id).unwrap());
    repository.find_all(&ids.into()).unwrap();
}

fn ask_for_everything(session: &mut DieselSession<'_>) {
    let email = EmailAddress::parse("8@example.org").unwrap();
    ask_for_lists::<UserFields>(session, ["N", "Ada"], &[UserFilter::Email(email)]);
    let author = Id::try_from(1).unwrap();
    ask_for_lists::<PostFields>(session, ["T", "Notes"], &[PostFilter::Author(author)]);
}

/// The database behind the connection has enough rows.
pub(super) fn assert_served_by_indexes(mut connection: Connection) {
    let recorder = Recorder::default();
    connection.set_instrumentation(recorder.clone());
    ask_for_everything(&mut DieselSession::new(&mut connection, Intent::Snapshot));
    let statements = std::mem::take(&mut *recorder.0.lock().unwrap());
    // Fewer would mean that some were not seen.
    assert!(statements.len() > 100, "{}", statements.len());
    for analyzed in [false, true] {
        if analyzed {
            explain::analyze(&mut connection, TABLES);
        }
        let mut report = String::new();
        for statement in &statements {
            for fault in explain::faults(&mut connection, statement) {
                report += &format!("{fault}\n    {statement}\n");
            }
        }
        assert!(report.is_empty(), "{report}");
    }
}
