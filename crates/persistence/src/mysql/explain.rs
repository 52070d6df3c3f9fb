//! MariaDB's and MySQL's part of the query plan tests.

use diesel::connection::SimpleConnection;
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Nullable, Text};
use serde_json::Value;

use crate::mysql::connection::connect;
use crate::mysql::repository::relation_tests;
use crate::mysql::url::MysqlTarget;
use crate::mysql::{Connection, query_plan_tests, schema_check};
use crate::support::servers::{Engine, Server, dedicated};

#[test]
fn every_list_is_served_by_an_index_of_mariadb() {
    if let Some((_server, connection)) = scratch(Engine::MariaDb) {
        query_plan_tests::assert_served_by_indexes(connection);
    }
}

#[test]
fn every_list_is_served_by_an_index_of_mysql() {
    if let Some((_server, connection)) = scratch(Engine::MySql) {
        query_plan_tests::assert_served_by_indexes(connection);
    }
}

#[test]
fn errors_of_mariadb_name_the_relation() {
    errors_name_the_relation(Engine::MariaDb);
}

#[test]
fn errors_of_mysql_name_the_relation() {
    errors_name_the_relation(Engine::MySql);
}

fn errors_name_the_relation(engine: Engine) {
    if let Some((_server, connection)) = scratch(engine) {
        let id = "BIGINT AUTO_INCREMENT PRIMARY KEY";
        relation_tests::assert_relations_named(connection, id);
    }
}

/// Returns a migrated database that exists as long as the server, or nothing if there is
/// no server to start. It has enough rows, and enough equal values, for the optimiser to
/// be tempted by a wrong index.
fn scratch(engine: Engine) -> Option<(Server, Connection)> {
    let server = dedicated(engine, &[])?;
    let schema = server.schema();
    let target = MysqlTarget::parse(&schema.url_text("")).unwrap();
    schema_check::migrate(&target).unwrap();
    let mut admin = schema.admin();
    for statement in query_plan_tests::rows(NUMBERS, 10_000) {
        admin.run(&statement);
    }
    // For `FLUSH STATUS`, which resets the counters.
    admin.run(&format!("GRANT RELOAD ON *.* TO {}", schema.name));
    let (mut connection, _) = connect::connect(&target).unwrap();
    connection.set_statement_limit(PATIENCE);
    Some((server, connection))
}

/// Long, because the machine may be busy.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// The numbers from 1 to 65,536. Only MariaDB has sequence tables.
const NUMBERS: &str = "(
    WITH bits (b) AS (SELECT 0 UNION ALL SELECT 1),
        nibbles (d) AS (SELECT p.b + 2 * q.b + 4 * r.b + 8 * s.b
            FROM bits p, bits q, bits r, bits s)
    SELECT 1 + p.d + 16 * q.d + 256 * r.d + 4096 * s.d AS n
    FROM nibbles p, nibbles q, nibbles r, nibbles s
)";

/// Has the engine collect statistics about the tables and indexes.
pub(super) fn analyze(connection: &mut Connection, tables: &[&str]) {
    for table in tables {
        connection
            .batch_execute(&format!("ANALYZE TABLE {table}"))
            .unwrap();
    }
}

/// Returns the signs that the statement does more than to read one range of an index and
/// return its rows in that order.
///
/// The statement is explained as it is run: prepared, with its values bound. The plan
/// shows which index is read and that nothing is sorted, but not which range is read, so
/// the rows that the engine reads are counted, too.
pub(super) fn faults(connection: &mut Connection, recorded: &str) -> Vec<String> {
    let statement = Statement::of(recorded);
    let plan: Vec<Step> = statement.explained().load(connection).unwrap();
    let mut faults: Vec<String> = plan
        .iter()
        .filter(|step| step.scans() || step.sorts())
        .map(|step| format!("{step:?}"))
        .collect();
    let (mut read, enough) = statement.run(connection);
    if read > enough {
        // The first time, MySQL also counts what it reads of its own dictionary.
        read = statement.run(connection).0;
    }
    if read > enough {
        faults.push(format!("{read} rows read where {enough} are enough"));
    }
    faults
}

/// A statement with its values.
struct Statement<'a> {
    text: &'a str,
    values: Vec<Value>,
}

impl<'a> Statement<'a> {
    /// Parses diesel's output: `SELECT … WHERE id > ? -- binds: [7]`.
    fn of(recorded: &'a str) -> Self {
        let (text, values) = recorded.split_once(" -- binds: ").unwrap();
        let values = serde_json::from_str(values).unwrap();
        Self { text, values }
    }

    fn explained(&self) -> BoxedSqlQuery<'_, Mysql, SqlQuery> {
        // By default, MySQL 9.7 returns a tree.
        self.bound(&format!("EXPLAIN FORMAT = TRADITIONAL {}", self.text))
    }

    fn bound(&self, text: &str) -> BoxedSqlQuery<'_, Mysql, SqlQuery> {
        let query = diesel::sql_query(text).into_boxed();
        self.values
            .iter()
            .fold(query, |query, value| match (value.as_i64(), value) {
                (Some(number), _) => query.bind::<BigInt, _>(number),
                (None, Value::String(text)) => query.bind::<Text, _>(text),
                (None, other) => panic!("{other} in {}", self.text),
            })
    }

    /// Runs the statement. Returns how many rows the engine read, and how many it may
    /// read: those that it returns, and one or two at either end of each range.
    fn run(&self, connection: &mut Connection) -> (i64, i64) {
        const ENDS: i64 = 3;
        connection.batch_execute("FLUSH STATUS").unwrap();
        let given = if self.text.starts_with("SELECT COUNT(*)") {
            let counted: Vec<Count> = self.bound(self.text).load(connection).unwrap();
            counted[0].count
        } else {
            self.bound(self.text).execute(connection).unwrap();
            match self.values.last().and_then(Value::as_i64) {
                Some(limit) if self.text.ends_with("LIMIT ?") => limit,
                _ => self.values.len().try_into().unwrap(),
            }
        };
        // Rows that an index condition excludes are read, but not counted as such.
        let read = sum(connection, "Handler_read%").max(sum(connection, "Handler_icp_attempts"));
        (read, given + ENDS)
    }
}

fn sum(connection: &mut Connection, counters: &str) -> i64 {
    let counted: Vec<HandlerStatus> =
        diesel::sql_query(format!("SHOW SESSION STATUS LIKE '{counters}'"))
            .load(connection)
            .unwrap();
    counted
        .iter()
        .map(|one| one.value.parse::<i64>().unwrap())
        .sum()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt, column_name = "COUNT(*)")]
    count: i64,
}

#[derive(QueryableByName)]
struct HandlerStatus {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// A line of `EXPLAIN`.
#[derive(Debug, QueryableByName)]
struct Step {
    #[diesel(sql_type = Nullable<Text>, column_name = "type")]
    access: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    key: Option<String>,
    #[diesel(sql_type = Nullable<Text>, column_name = "Extra")]
    extra: Option<String>,
}

impl Step {
    /// Returns whether the step reads a table. Without any access, the optimiser knows
    /// that there is no such row. Without a condition, an index is read from one of its
    /// ends (`index`); the count of rows shows that the reading stops.
    fn scans(&self) -> bool {
        self.access.as_deref() == Some("ALL") || (self.access.is_some() && self.key.is_none())
    }

    fn sorts(&self) -> bool {
        let extra = self.extra.as_deref().unwrap_or_default();
        extra.contains("filesort") || extra.contains("temporary")
    }
}
