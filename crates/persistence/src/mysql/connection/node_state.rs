//! What a server says of itself: whether it has its cluster, and whether it
//! takes writes.

use std::collections::HashMap;

use diesel::connection::SimpleConnection;

use crate::mysql::Connection;
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::{durability, settings};
use crate::mysql::url::Durability;

/// How a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) struct NodeState {
    /// Whether it can be asked: it is no part of a cluster, or of the part of
    /// one that has the majority.
    pub(in crate::mysql) is_ready: bool,
    /// Whether writes are well placed here. A node that gives another one a
    /// copy of all data may hold them up.
    pub(in crate::mysql) takes_writes: bool,
    /// Whether it refuses writes.
    pub(in crate::mysql) is_read_only: bool,
    /// How many nodes the cluster has, if there is one.
    pub(in crate::mysql) cluster_size: Option<u32>,
}

/// The node has all that the others have (the number of `Synced`).
const SYNCED: &str = "4";

/// What the cluster says of the node.
const STATUS: [&str; 3] = ["wsrep_ready", "wsrep_local_state", "wsrep_cluster_size"];

/// With which a server refuses writes, whoever asked for them: `read_only` is
/// ON where `super_read_only` is.
const VARIABLES: [&str; 4] = [
    "read_only",
    "innodb_read_only",
    "innodb_force_recovery",
    "wsrep_on",
];

/// Asks the server. Does not wait for other nodes.
///
/// # Errors
///
/// [`ConnectError::NotDurable`] if what durability rests on was changed since
/// the connection was made, and errors of the connection.
pub(in crate::mysql) fn read(
    connection: &mut Connection,
    durability: Durability,
) -> Result<NodeState, ConnectError> {
    let status = STATUS.into_iter().chain([durability::status_variable()]);
    let status = settings::pairs(connection, &settings::status_query(status))?;
    let names = VARIABLES.into_iter().chain(durability::variables());
    let mut variables = settings::pairs(connection, &settings::variables_query(names))?;
    let state = state(&status, &variables);
    variables.extend(status);
    durability::check(&variables, durability)?;
    Ok(state)
}

/// Has the connection answer at once even while the node waits for others.
pub(in crate::mysql) fn do_not_wait(connection: &mut Connection) -> Result<(), ConnectError> {
    let known = settings::pairs(connection, "SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'")?;
    if known.is_empty() {
        return Ok(());
    }
    connection
        .batch_execute("SET SESSION wsrep_sync_wait = 0")
        .map_err(ConnectError::statement)
}

fn state(status: &HashMap<String, String>, variables: &HashMap<String, String>) -> NodeState {
    let is = |values: &HashMap<String, String>, name: &str, wanted: &str| {
        let value = values.get(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let is_off = |name: &str| {
        let value = variables.get(name).map_or("OFF", String::as_str);
        value.eq_ignore_ascii_case("OFF") || value == "0"
    };
    let is_read_only = !["read_only", "innodb_read_only", "innodb_force_recovery"]
        .into_iter()
        .all(is_off);
    if !is(variables, "wsrep_on", "ON") {
        return NodeState {
            is_ready: true,
            takes_writes: !is_read_only,
            is_read_only,
            cluster_size: None,
        };
    }
    let size = status.get("wsrep_cluster_size");
    NodeState {
        is_ready: is(status, "wsrep_ready", "ON"),
        takes_writes: !is_read_only && is(status, "wsrep_local_state", SYNCED),
        is_read_only,
        cluster_size: size.and_then(|size| size.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_server_alone_is_ready() {
        for (name, value, takes_writes) in [
            ("read_only", "OFF", true),
            ("read_only", "ON", false),
            // MariaDB 12.
            ("read_only", "NO_LOCK", false),
            ("innodb_read_only", "ON", false),
            ("innodb_force_recovery", "0", true),
            ("innodb_force_recovery", "4", false),
        ] {
            let state = state(&of(&[]), &of(&[(name, value)]));
            assert!(state.is_ready, "{name} {value}");
            assert_eq!(state.takes_writes, takes_writes, "{name} {value}");
            assert_eq!(state.is_read_only, !takes_writes, "{name} {value}");
            assert_eq!(state.cluster_size, None);
        }
    }

    #[test]
    fn a_node_needs_its_cluster() {
        let variables = of(&[("read_only", "OFF"), ("wsrep_on", "ON")]);
        for (ready, local, is_ready, takes_writes) in [
            ("ON", "4", true, true),
            ("ON", "2", true, false),
            ("OFF", "0", false, false),
        ] {
            let status = of(&[
                ("wsrep_ready", ready),
                ("wsrep_local_state", local),
                ("wsrep_cluster_size", "3"),
            ]);
            let state = state(&status, &variables);
            assert_eq!(state.is_ready, is_ready, "{ready} {local}");
            assert_eq!(state.takes_writes, takes_writes, "{ready} {local}");
            assert_eq!(state.cluster_size, Some(3));
        }
    }
}
