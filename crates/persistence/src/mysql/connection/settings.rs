//! The settings of every connection: set when it is made, and read back.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;

use super::error::ConnectError;
use super::variables::{Variables, has_value};
use super::{Connection, durability, packet, staleness};
use crate::mysql::url::MysqlTarget;

/// The variables that every server has to know, and their values.
const REQUIRED: [(&str, &str); 10] = [
    ("autocommit", "1"),
    ("character_set_client", "utf8mb4"),
    ("character_set_results", "utf8mb4"),
    ("collation_connection", "utf8mb4_bin"),
    ("foreign_key_checks", "1"),
    // Shorter than the service's limits, so that the server reports the cause.
    ("innodb_lock_wait_timeout", "3"),
    // Errors are recognised by their texts.
    ("lc_messages", "en_US"),
    ("sql_mode", SQL_MODE),
    ("time_zone", "+00:00"),
    ("unique_checks", "1"),
];

/// The variables that are set if the server knows them, and their values.
const OPTIONAL: [(&str, &str); 5] = [
    // With another value, COMMIT begins a transaction or closes the connection.
    ("completion_type", "NO_CHAIN"),
    // By default, MySQL caches AUTO_INCREMENT for a day.
    ("information_schema_stats_expiry", "0"),
    // For locks on tables, which LOCK TABLES and backups take; by default a day or a
    // year.
    ("lock_wait_timeout", "3"),
    // The time limit of a statement: MariaDB's in seconds, MySQL's (for reads only) in
    // milliseconds.
    ("max_statement_time", "5"),
    ("max_execution_time", "5000"),
];

/// Galera: a statement sees what was committed on another node before it. 1 is for
/// reads and the beginning of transactions, 2 for UPDATE and DELETE, 4 for INSERT,
/// which reads the rows that it refers to. A node without its cluster refuses reads.
///
/// Not among the settings that are read back: reading it would wait for other nodes.
const CAUSALITY: &str = "SET SESSION wsrep_sync_wait = 7, SESSION wsrep_dirty_reads = 0";

/// A variable that only Galera knows.
const CAUSALITY_NAME: &str = "wsrep_sync_wait";

/// Makes every value that does not fit an error, in all tables.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// See docs/adr/0007.
const SET_TRANSACTIONS: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";

/// The variable of the level; its name depends on the server's kind and version.
const ISOLATION: [&str; 2] = ["transaction_isolation", "tx_isolation"];

/// The variable that forbids writes in transactions; its name depends likewise.
const READ_ONLY: [&str; 2] = ["transaction_read_only", "tx_read_only"];

/// Together, these identify a server.
const SERVER: [&str; 3] = ["hostname", "port", "server_uuid"];

const BINLOG_FORMAT: &str = "binlog_format";

/// Sets what the service relies on, and checks that the server accepted it.
pub(super) fn configure(
    connection: &mut Connection,
    target: &MysqlTarget,
) -> Result<(), ConnectError> {
    let before = load(connection)?;
    let assignments: Vec<_> = settings_of(&before).map(assignment).collect();
    let set = format!("{SET_TRANSACTIONS}; SET {}", assignments.join(", "));
    connection
        .batch_execute(&set)
        .map_err(ConnectError::statement)?;
    let mut found = load(connection)?;
    for (name, value) in settings_of(&found) {
        if !is_equivalent(found.value(name), value) {
            return Err(ConnectError::setting(name, found.value(name), value));
        }
    }
    check_transactions(&found)?;
    check_binary_log(&found)?;
    packet::check(&found)?;
    staleness::check(&found, target)?;
    connection.server = SERVER.map(|name| found.value(name)).join("/");
    connection.has_returning = has_returning(found.value("version"));
    if !found.value("version").contains("MariaDB") {
        let status = Variables::load(connection, "GLOBAL STATUS", [durability::STATUS])?;
        found.extend(status);
    }
    durability::check(&found, target.durability)?;
    if found.get(CAUSALITY_NAME).is_some() {
        connection
            .batch_execute(CAUSALITY)
            .map_err(ConnectError::statement)?;
    }
    Ok(())
}

/// Returns the settings for a server that knows the variables `found`.
fn settings_of(found: &Variables) -> impl Iterator<Item = (&'static str, &'static str)> {
    let known = OPTIONAL
        .into_iter()
        .filter(|(name, _)| found.get(name).is_some());
    REQUIRED.into_iter().chain(known)
}

/// Returns `name = value`, as SQL.
fn assignment((name, value): (&str, &str)) -> String {
    if value.parse::<u32>().is_ok() {
        format!("{name} = {value}")
    } else {
        format!("{name} = '{value}'")
    }
}

fn load(connection: &mut Connection) -> Result<Variables, ConnectError> {
    let names = ["version", CAUSALITY_NAME, BINLOG_FORMAT, packet::VARIABLE]
        .into_iter()
        .chain(REQUIRED.into_iter().chain(OPTIONAL).map(|(name, _)| name))
        .chain(ISOLATION)
        .chain(READ_ONLY)
        .chain(SERVER)
        .chain(durability::variables())
        .chain(staleness::VARIABLES);
    Variables::load(connection, "SESSION VARIABLES", names)
}

fn check_transactions(found: &Variables) -> Result<(), ConnectError> {
    let value = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| found.get(name));
        value.unwrap_or_default()
    };
    let level = value(ISOLATION);
    if level != "READ-COMMITTED" {
        return Err(ConnectError::setting(ISOLATION[0], level, "READ-COMMITTED"));
    }
    let read_only = value(READ_ONLY);
    if has_value(&["ON", "1"], read_only) {
        return Err(ConnectError::setting(READ_ONLY[0], read_only, "OFF"));
    }
    Ok(())
}

/// A server that logs statements refuses every write under READ COMMITTED (error 1665).
/// Galera replicates rows with or without a log.
fn check_binary_log(found: &Variables) -> Result<(), ConnectError> {
    let is_used = found.is_on("log_bin") || found.is_on("wsrep_on");
    if is_used && found.is_any(BINLOG_FORMAT, &["STATEMENT"]) {
        return Err(ConnectError::StatementLog);
    }
    Ok(())
}

/// Returns whether the server's value is the wanted one. Servers write `ON` for 1,
/// `5.000000` for 5, and modes in any order, with modes that they imply.
fn is_equivalent(found: &str, wanted: &str) -> bool {
    if let (Ok(found), Ok(wanted)) = (found.parse::<f64>(), wanted.parse::<f64>()) {
        return (found - wanted).abs() < 1e-6;
    }
    if wanted == "1" {
        return found.eq_ignore_ascii_case("ON");
    }
    let found: BTreeSet<&str> = found.split(',').collect();
    wanted.split(',').all(|part| found.contains(part))
}

/// A prefix of MariaDB's version, for old clients that would refuse a MySQL that new.
const OLD_PREFIX: &str = "5.5.5-";

/// Returns whether the server supports `INSERT … RETURNING`: MariaDB from 10.5 on.
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
    fn mariadb_supports_returning_from_10_5_on() {
        for (version, has) in [
            ("10.11.19-MariaDB-0+deb12u1", true),
            ("11.4.2-MariaDB", true),
            ("10.4.30-MariaDB", false),
            ("8.0.16", false),
            ("8.0.36", false),
            ("8.4.0-commercial", false),
            ("9.7.4-2", false),
            // MySQL's innovation releases are named by year and month.
            ("26.10.0", false),
            ("12.0.2-MariaDB-log", true),
            // As reported by a proxy.
            ("5.5.5-10.11.19-MariaDB", true),
            ("", false),
        ] {
            assert_eq!(has_returning(version), has, "{version}");
        }
    }

    #[test]
    fn values_are_compared_as_servers_write_them() {
        assert!(is_equivalent("5.000000", "5"));
        assert!(is_equivalent("ON", "1"));
        assert!(!is_equivalent("OFF", "1"));
        assert!(is_equivalent("B,A,C", "A,B"));
        assert!(!is_equivalent("A", "A,B"));
        assert!(!is_equivalent("", "utf8mb4"));
    }
}
