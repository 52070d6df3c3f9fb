//! The state that a server reports: whether it has its cluster, and takes writes.

use diesel::connection::SimpleConnection;

use super::error::ConnectError;
use super::variables::Variables;
use super::{Connection, durability};
use crate::mysql::url::Durability;

/// The state of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) struct NodeState {
    /// Whether it can be used: it is not in a cluster, or in the part of one that has
    /// the majority.
    pub(in crate::mysql) is_ready: bool,
    /// Whether writes should go here. A node that sends another one a copy of all data
    /// may delay them.
    pub(in crate::mysql) takes_writes: bool,
    /// Whether it refuses writes.
    pub(in crate::mysql) is_read_only: bool,
    /// The number of nodes in the cluster, if there is one.
    pub(in crate::mysql) cluster_size: Option<u32>,
}

/// The value of `wsrep_local_state` of a node that has all that the others have.
const SYNCED: &str = "4";

const STATUS: [&str; 4] = [
    "wsrep_ready",
    "wsrep_local_state",
    "wsrep_cluster_size",
    durability::STATUS,
];

/// Any of these makes a server refuse writes. `read_only` is ON where
/// `super_read_only` is.
const READ_ONLY: [&str; 3] = ["read_only", "innodb_read_only", "innodb_force_recovery"];

/// Reads the state of the server, and checks that a variable that affects durability was not
/// changed since the connection was made. Does not wait for other nodes.
pub(in crate::mysql) fn read(
    connection: &mut Connection,
    durability: Durability,
) -> Result<NodeState, ConnectError> {
    let status = Variables::load(connection, "GLOBAL STATUS", STATUS)?;
    let names = READ_ONLY.into_iter().chain(["wsrep_on"]);
    let names = names.chain(durability::variables());
    let mut variables = Variables::load(connection, "GLOBAL VARIABLES", names)?;
    let state = state(&status, &variables);
    variables.extend(status);
    durability::check(&variables, durability)?;
    Ok(state)
}

/// Has the server answer this connection at once, even while the node waits for others.
pub(in crate::mysql) fn do_not_wait(connection: &mut Connection) -> Result<(), ConnectError> {
    const NAME: &str = "wsrep_sync_wait";
    let known = Variables::load(connection, "SESSION VARIABLES", [NAME])?;
    if known.get(NAME).is_none() {
        return Ok(());
    }
    connection
        .batch_execute("SET SESSION wsrep_sync_wait = 0")
        .map_err(ConnectError::statement)
}

fn state(status: &Variables, variables: &Variables) -> NodeState {
    let is_off = |name| variables.is_any(name, &["", "OFF", "0"]);
    let is_read_only = !READ_ONLY.into_iter().all(is_off);
    let is_clustered = variables.is_on("wsrep_on");
    let is_synced = !is_clustered || status.value("wsrep_local_state") == SYNCED;
    let cluster_size = status.value("wsrep_cluster_size").parse().ok();
    NodeState {
        is_ready: !is_clustered || status.is_on("wsrep_ready"),
        takes_writes: !is_read_only && is_synced,
        is_read_only,
        cluster_size: cluster_size.filter(|_| is_clustered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Variables {
        pairs.into()
    }

    #[test]
    fn a_server_without_a_cluster_is_ready() {
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
    fn a_node_without_its_cluster_is_not_ready() {
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
