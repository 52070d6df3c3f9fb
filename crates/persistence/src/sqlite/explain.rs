//! SQLite's part of the query plan tests.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;

use super::repository::relation_tests;
use super::{Connection, connection, query_plan_tests, schema_check};

#[test]
fn every_list_is_served_by_an_index() {
    let (_folder, connection) = scratch();
    query_plan_tests::assert_served_by_indexes(connection);
}

#[test]
fn errors_name_the_relation() {
    let (_folder, connection) = scratch();
    let id = "INTEGER PRIMARY KEY AUTOINCREMENT";
    relation_tests::assert_relations_named(connection, id);
}

/// Returns a migrated database that exists as long as the folder. It has enough rows,
/// and enough equal values, for the engine to be tempted by a wrong index.
fn scratch() -> (TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("byline.db");
    schema_check::migrate(&path).unwrap();
    let mut connection = connection::open(&path, false).unwrap();
    for statement in query_plan_tests::rows(NUMBERS, 1000) {
        connection.batch_execute(&statement).unwrap();
    }
    (folder, connection)
}

/// The numbers from 1 on.
const NUMBERS: &str = "(
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) SELECT n FROM n
)";

/// Has the engine collect statistics about the tables and indexes.
pub(super) fn analyze(connection: &mut Connection, _: &[&str]) {
    connection.batch_execute("ANALYZE").unwrap();
}

/// Returns the plan of the statement unless it reads one range of an index, and returns
/// the rows of the range in that order. Returns nothing if it does.
pub(super) fn faults(connection: &mut Connection, statement: &str) -> Vec<String> {
    // With the query planner's stability guarantee, the plan does not depend on bound
    // values, so none are bound.
    let plan: Vec<PlanLine> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
        .load(connection)
        .unwrap();
    let details: Vec<String> = plan.into_iter().map(|line| line.detail).collect();
    match details.as_slice() {
        [search] if search.starts_with("SEARCH") && uses_all(search, statement) => Vec::new(),
        _ => details,
    }
}

/// Returns whether all values of the statement limit the range that is searched, as in
/// `SEARCH users USING INDEX users_by_name ((name,rowid)>(?,?) AND name<?)`. Any other
/// value would be compared row by row.
fn uses_all(search: &str, statement: &str) -> bool {
    if search.ends_with(" (email_key=?)") {
        // At most one row is left to compare the other values with.
        return true;
    }
    let (statement, _binds) = statement.split_once(" -- ").unwrap_or((statement, ""));
    let values = |text: &str| text.matches('?').count();
    let limits = statement.matches("LIMIT ?").count();
    match statement.split_once(" IN (") {
        // Each value of a list is looked up; the plan shows one.
        Some(_) => values(search) == 1,
        None => values(search) == values(statement) - limits,
    }
}

#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = Text)]
    detail: String,
}
