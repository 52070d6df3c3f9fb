//! Every list that can be asked for is served by an index: all admitted
//! combinations are asked for, and the plan of each statement is read. An engine
//! mounts this beside a module `explain`, which has the database and knows how to
//! read its plans.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use byline_application::{
    Direction, Intent, KeyRange, KeysetPosition, KeysetWindow, Limit, PostOrder, PostQuery,
    PostRepository, Seek, UserOrder, UserQuery, UserRepository,
};
use byline_domain::{EmailAddress, Timestamp, UserId};
use diesel::Connection as _;
use diesel::connection::{Instrumentation, InstrumentationEvent};

use super::repository::DieselSession;
use super::{Connection, explain};

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

fn seeks<K: Clone>(key: &K) -> Vec<Seek<KeysetPosition<K>>> {
    let key = key.clone();
    let at = KeysetPosition { key, id: 900 };
    vec![Seek::First, Seek::After(at.clone()), Seek::Before(at)]
}

/// Every form of a range, with every seek.
fn spans<K: Clone + Debug>(from: &K, at: &K, to: &K) -> Vec<KeysetWindow<K>> {
    let mut spans = Vec::new();
    for seek in seeks(at) {
        for (from, to) in [
            (None, None),
            (Some(from), None),
            (None, Some(to)),
            (Some(from), Some(to)),
        ] {
            let range = KeyRange {
                from: from.cloned(),
                to: to.cloned(),
            };
            let seek = seek.clone();
            spans.push(KeysetWindow { range, seek });
        }
    }
    spans
}

/// At a text that one row has, and among the many rows with the same.
fn texts(initial: &str, shared: &str) -> Vec<KeysetWindow<String>> {
    let [from, at, to] = ["11", "12", "13"].map(|number| format!("{initial}{number}"));
    let [least, shared, most] = ["A", shared, "Z"].map(str::to_owned);
    [spans(&from, &at, &to), spans(&least, &shared, &most)].concat()
}

fn times() -> Vec<KeysetWindow<Timestamp>> {
    let [least, shared, at, most] =
        [0, 7, 1000, 1900].map(|micros| Timestamp::from_micros(micros).unwrap());
    [spans(&shared, &at, &most), spans(&least, &shared, &at)].concat()
}

fn user_orders() -> Vec<UserOrder> {
    let ids = seeks(&()).into_iter().map(UserOrder::Id);
    let names = texts("N", "Ada").into_iter().map(UserOrder::Name);
    let emails = seeks(&"7@example.org".to_owned());
    let emails = emails.into_iter().map(UserOrder::Email);
    let times = times().into_iter().map(UserOrder::CreatedAt);
    ids.chain(names).chain(emails).chain(times).collect()
}

fn post_orders() -> Vec<PostOrder> {
    let ids = seeks(&()).into_iter().map(PostOrder::Id);
    let titles = texts("T", "Notes").into_iter();
    let titles = titles.map(PostOrder::Title);
    let created = times().into_iter().map(PostOrder::CreatedAt);
    let updated = times().into_iter().map(PostOrder::UpdatedAt);
    ids.chain(titles).chain(created).chain(updated).collect()
}

/// Whether there is anything in the query that an index could narrow a count
/// with. A count of all reads all.
fn narrows<K>(range: &KeyRange<K>) -> bool {
    range.from.is_some() || range.to.is_some()
}

fn ask_for_users(session: &mut DieselSession<'_>, query: &UserQuery) {
    UserRepository::list(session, query).unwrap();
    let narrow = match &query.order {
        UserOrder::Id(_) | UserOrder::Email(_) => false,
        UserOrder::Name(span) => narrows(&span.range),
        UserOrder::CreatedAt(span) => narrows(&span.range),
    };
    if narrow || query.email.is_some() {
        UserRepository::count(session, query).unwrap();
    }
}

fn ask_for_posts(session: &mut DieselSession<'_>, query: &PostQuery) {
    PostRepository::list(session, query).unwrap();
    let narrow = match &query.order {
        PostOrder::Id(_) => false,
        PostOrder::Title(span) => narrows(&span.range),
        PostOrder::CreatedAt(span) | PostOrder::UpdatedAt(span) => narrows(&span.range),
    };
    if narrow || query.author.is_some() {
        PostRepository::count(session, query).unwrap();
    }
}

fn ask_for_everything(session: &mut DieselSession<'_>) {
    let email = EmailAddress::parse("8@example.org").unwrap();
    let ids: BTreeSet<UserId> = [1, 2, 3].map(|id| UserId::try_from(id).unwrap()).into();
    session.find_all(&ids).unwrap();
    for direction in [Direction::Ascending, Direction::Descending] {
        let limit = Limit::default();
        for order in user_orders() {
            for email in [None, Some(email.clone())] {
                let order = order.clone();
                let query = UserQuery {
                    email,
                    order,
                    direction,
                    limit,
                };
                ask_for_users(session, &query);
            }
        }
        for order in post_orders() {
            for author in [None, UserId::try_from(1).ok()] {
                let order = order.clone();
                let query = PostQuery {
                    author,
                    order,
                    direction,
                    limit,
                };
                ask_for_posts(session, &query);
            }
        }
    }
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
            explain::analyze(&mut connection);
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
