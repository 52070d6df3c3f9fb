//! What every connection relies on: set when it is made, and read back.

use std::collections::{BTreeSet, HashMap};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::mysql::Connection;
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::{durability, packet, staleness};
use crate::mysql::url::MysqlTarget;

/// A variable of the session.
struct Setting {
    name: &'static str,
    value: &'static str,
    /// Whether a server that does not know the variable is refused.
    required: bool,
}

impl Setting {
    /// `name = value`, as SQL.
    fn assignment(&self) -> String {
        let Self { name, value, .. } = self;
        if value.parse::<u32>().is_ok() {
            format!("{name} = {value}")
        } else {
            format!("{name} = '{value}'")
        }
    }
}

const fn required(name: &'static str, value: &'static str) -> Setting {
    Setting {
        name,
        value,
        required: true,
    }
}

const fn known(name: &'static str, value: &'static str) -> Setting {
    Setting {
        name,
        value,
        required: false,
    }
}

/// The server gives up before the service does, so that it says why.
const SETTINGS: [Setting; 15] = [
    required("autocommit", "1"),
    required("character_set_client", "utf8mb4"),
    required("character_set_results", "utf8mb4"),
    required("collation_connection", "utf8mb4_bin"),
    // With another value, COMMIT begins a transaction or closes the connection.
    known("completion_type", "NO_CHAIN"),
    required("foreign_key_checks", "1"),
    // MySQL shows AUTO_INCREMENT as it was up to a day ago, unless told not to.
    known("information_schema_stats_expiry", "0"),
    required("innodb_lock_wait_timeout", "3"),
    // Errors are told apart by their texts.
    required("lc_messages", "en_US"),
    // Of locks on tables, as LOCK TABLES and backups take them; a day or a year
    // by default.
    known("lock_wait_timeout", "3"),
    required("sql_mode", SQL_MODE),
    required("time_zone", "+00:00"),
    // The time limit of a statement: MariaDB's in seconds, MySQL's (of reads
    // only) in milliseconds.
    known("max_statement_time", "5"),
    known("max_execution_time", "5000"),
    required("unique_checks", "1"),
];

/// Galera: a statement sees what was committed on another node before it. 1 is
/// for reads and the beginning of transactions, 2 for UPDATE and DELETE, 4 for
/// INSERT, which looks at the rows that it refers to.
///
/// Nor does it read what the node has while it is cut off from the others.
///
/// Not one of the settings that are read back: to read it would wait for the
/// other nodes.
const CAUSALITY: &str = "SET SESSION wsrep_sync_wait = 7, SESSION wsrep_dirty_reads = 0";

/// Known to Galera alone.
const CAUSALITY_NAME: &str = "wsrep_sync_wait";

/// Every value that does not fit is an error, on transactional tables and
/// others.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// See docs/adr/0007.
const SET_TRANSACTIONS: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";

/// Where the level stands, by the kind and version of the server.
const ISOLATION: [&str; 2] = ["transaction_isolation", "tx_isolation"];

/// Where it stands whether transactions may write, by the same.
const READ_ONLY: [&str; 2] = ["transaction_read_only", "tx_read_only"];

/// Tells servers apart.
const SERVER: [&str; 3] = ["hostname", "port", "server_uuid"];

const BINLOG_FORMAT: &str = "binlog_format";

/// Sets what the service relies on, and makes sure that the server took it.
pub(in crate::mysql) fn configure(
    connection: &mut Connection,
    target: &MysqlTarget,
) -> Result<(), ConnectError> {
    let before = variables(connection)?;
    let assignments: Vec<String> = settings_of(&before).map(Setting::assignment).collect();
    let set = format!("{SET_TRANSACTIONS}; SET {}", assignments.join(", "));
    connection
        .batch_execute(&set)
        .map_err(ConnectError::statement)?;
    let after = variables(connection)?;
    for setting in settings_of(&after) {
        let found = after.get(setting.name).map_or("", String::as_str);
        if !says_the_same(found, setting.value) {
            return Err(ConnectError::setting(setting.name, found, setting.value));
        }
    }
    check_transactions(&after)?;
    check_binary_log(&after)?;
    packet::check(&after)?;
    staleness::check(&after, target)?;
    let named = |name: &str| after.get(name).map_or("", String::as_str);
    connection.set_server(SERVER.map(named).join("/"));
    let version = named("version");
    let mut facts = after.clone();
    if !version.contains("MariaDB") {
        facts.extend(pairs(
            connection,
            &status_query([durability::status_variable()]),
        )?);
    }
    durability::check(&facts, target.durability)?;
    connection.set_has_returning(has_returning(version));
    if after.contains_key(CAUSALITY_NAME) {
        connection
            .batch_execute(CAUSALITY)
            .map_err(ConnectError::statement)?;
    }
    Ok(())
}

/// Those that the server knows, and those that it should know.
fn settings_of(found: &HashMap<String, String>) -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(|setting| setting.required || found.contains_key(setting.name))
}

fn variables(connection: &mut Connection) -> Result<HashMap<String, String>, ConnectError> {
    let names = ["version", CAUSALITY_NAME, BINLOG_FORMAT, packet::VARIABLE]
        .into_iter()
        .chain(SETTINGS.iter().map(|setting| setting.name))
        .chain(ISOLATION)
        .chain(READ_ONLY)
        .chain(SERVER)
        .chain(durability::variables())
        .chain(staleness::VARIABLES);
    let query = format!(
        "SHOW SESSION VARIABLES WHERE Variable_name IN ({})",
        list(names)
    );
    pairs(connection, &query)
}

/// The query for these status variables of the server.
pub(in crate::mysql) fn status_query(names: impl IntoIterator<Item = &'static str>) -> String {
    format!(
        "SHOW GLOBAL STATUS WHERE Variable_name IN ({})",
        list(names)
    )
}

/// The query for these variables of the server.
pub(in crate::mysql) fn variables_query(names: impl IntoIterator<Item = &'static str>) -> String {
    format!(
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ({})",
        list(names)
    )
}

fn list(names: impl IntoIterator<Item = &'static str>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("'{name}'")).collect();
    names.join(", ")
}

/// Returns names and values.
pub(in crate::mysql) fn pairs(
    connection: &mut Connection,
    query: &str,
) -> Result<HashMap<String, String>, ConnectError> {
    let rows: Vec<(String, String)> = sql::<(Text, Text)>(query)
        .load(connection)
        .map_err(ConnectError::statement)?;
    Ok(rows.into_iter().collect())
}

fn check_transactions(found: &HashMap<String, String>) -> Result<(), ConnectError> {
    let value = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| found.get(*name));
        value.map_or("", String::as_str)
    };
    let level = value(ISOLATION);
    if level != "READ-COMMITTED" {
        return Err(ConnectError::setting(ISOLATION[0], level, "READ-COMMITTED"));
    }
    let read_only = value(READ_ONLY);
    if read_only.eq_ignore_ascii_case("ON") || read_only == "1" {
        return Err(ConnectError::setting(READ_ONLY[0], read_only, "OFF"));
    }
    Ok(())
}

/// A server that logs statements refuses every write under READ COMMITTED
/// (error 1665). Galera ships rows whether or not there is a log.
fn check_binary_log(found: &HashMap<String, String>) -> Result<(), ConnectError> {
    let is = |name: &str, value: &str| {
        let found = found.get(name);
        found.is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    let is_used = is("log_bin", "ON") || is("wsrep_on", "ON");
    if is_used && is(BINLOG_FORMAT, "STATEMENT") {
        return Err(ConnectError::StatementLog);
    }
    Ok(())
}

/// Servers write `ON` for 1, `5.000000` for 5, and modes in an order of their
/// own, beside modes that imply each other.
fn says_the_same(found: &str, wanted: &str) -> bool {
    if let (Ok(found), Ok(wanted)) = (found.parse::<f64>(), wanted.parse::<f64>()) {
        return (found - wanted).abs() < 1e-6;
    }
    if wanted == "1" {
        return found.eq_ignore_ascii_case("ON");
    }
    let found: BTreeSet<&str> = found.split(',').collect();
    wanted.split(',').all(|part| found.contains(part))
}

/// What stands before the version of a MariaDB where old clients would take it for
/// too new a MySQL.
const OLD_PREFIX: &str = "5.5.5-";

/// MariaDB has `INSERT … RETURNING` from 10.5 on, MySQL has not.
fn has_returning(version: &str) -> bool {
    let mut numbers = version
        .strip_prefix(OLD_PREFIX)
        .unwrap_or(version)
        .split(['.', '-'])
        .map(|part| part.parse().unwrap_or(0));
    let number: [u32; 2] = std::array::from_fn(|_| numbers.next().unwrap_or(0));
    version.contains("MariaDB") && number >= [10, 5]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_servers_with_returning() {
        for (version, has) in [
            ("10.11.19-MariaDB-0+deb12u1", true),
            ("11.4.2-MariaDB", true),
            ("10.4.30-MariaDB", false),
            ("8.0.16", false),
            ("8.0.36", false),
            ("8.4.0-commercial", false),
            ("9.7.4-2", false),
            // Innovation releases are called by year and month.
            ("26.10.0", false),
            ("12.0.2-MariaDB-log", true),
            // As a proxy before it may say it.
            ("5.5.5-10.11.19-MariaDB", true),
            ("", false),
        ] {
            assert_eq!(has_returning(version), has, "{version}");
        }
    }

    #[test]
    fn compares_values_as_servers_write_them() {
        assert!(says_the_same("5.000000", "5"));
        assert!(says_the_same("ON", "1"));
        assert!(!says_the_same("OFF", "1"));
        assert!(says_the_same("B,A,C", "A,B"));
        assert!(!says_the_same("A", "A,B"));
        assert!(!says_the_same("", "utf8mb4"));
    }
}
