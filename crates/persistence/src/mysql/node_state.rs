//! What a server says of itself: whether it has its cluster, and whether it
//! takes writes.

use std::collections::HashMap;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Connection;
use super::connector::ConnectError;

/// How a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeState {
    /// Whether it can be asked: it is no part of a cluster, or of the part of
    /// one that has the majority.
    pub(super) is_ready: bool,
    /// Whether writes are well placed here. A node that gives another one a
    /// copy of all data may hold them up.
    pub(super) takes_writes: bool,
    /// How many nodes the cluster has, if there is one.
    pub(super) cluster_size: Option<u32>,
}

/// The node has all that the others have (the number of `Synced`).
const SYNCED: &str = "4";

/// Asks the server. Does not wait for other nodes.
pub(super) fn read(connection: &mut Connection) -> Result<NodeState, ConnectError> {
    let status = pairs(
        connection,
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_local_state', 'wsrep_cluster_size')",
    )?;
    let variables = pairs(
        connection,
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'wsrep_on')",
    )?;
    Ok(state(&status, &variables))
}

/// Has the connection answer at once even while the node waits for others.
pub(super) fn do_not_wait(connection: &mut Connection) -> Result<(), ConnectError> {
    let known = pairs(connection, "SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'")?;
    if known.is_empty() {
        return Ok(());
    }
    connection
        .batch_execute("SET SESSION wsrep_sync_wait = 0")
        .map_err(ConnectError::statement)
}

fn pairs(
    connection: &mut Connection,
    query: &str,
) -> Result<HashMap<String, String>, ConnectError> {
    let rows: Vec<(String, String)> = sql::<(Text, Text)>(query)
        .load(connection)
        .map_err(ConnectError::statement)?;
    Ok(rows.into_iter().collect())
}

fn state(status: &HashMap<String, String>, variables: &HashMap<String, String>) -> NodeState {
    let is = |values: &HashMap<String, String>, name: &str, wanted: &str| {
        let value = values.get(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let is_writable = is(variables, "read_only", "OFF");
    if !is(variables, "wsrep_on", "ON") {
        return NodeState {
            is_ready: true,
            takes_writes: is_writable,
            cluster_size: None,
        };
    }
    let size = status.get("wsrep_cluster_size");
    NodeState {
        is_ready: is(status, "wsrep_ready", "ON"),
        takes_writes: is_writable && is(status, "wsrep_local_state", SYNCED),
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
        for (read_only, takes_writes) in [("OFF", true), ("ON", false), ("NO_LOCK", false)] {
            let state = state(&of(&[]), &of(&[("read_only", read_only)]));
            assert!(state.is_ready, "{read_only}");
            assert_eq!(state.takes_writes, takes_writes, "{read_only}");
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
