//! Checks that reads on any of the hosts see what was written on another.

use super::error::ConnectError;
use super::variables::Variables;
use crate::mysql::url::{MysqlTarget, Reads};

/// The variables that [`check`] needs. MySQL 9 has the consistency without the plugin,
/// too; the group's name shows that the plugin is there.
pub(super) const VARIABLES: [&str; 5] = [
    "wsrep_on",
    "group_replication_consistency",
    "group_replication_group_name",
    "group_replication_exit_state_action",
    "tidb_read_staleness",
];

/// Accepts every server if reads go to the host that writes. Otherwise the server has to be a
/// Galera node, a member of a MySQL group that waits for the others, or `TiDB`.
pub(super) fn check(found: &Variables, target: &MysqlTarget) -> Result<(), ConnectError> {
    match reason(found) {
        Some(reason) if target.reads == Reads::Anywhere && target.hosts.len() > 1 => {
            Err(ConnectError::StaleReads(reason))
        }
        _ => Ok(()),
    }
}

/// Returns why reads may be stale.
fn reason(found: &Variables) -> Option<&'static str> {
    if found.is_on("wsrep_on") {
        return None;
    }
    if found.value("version").contains("TiDB") {
        let is_stale = !found.is_any("tidb_read_staleness", &["0", ""]);
        return is_stale.then_some("tidb_read_staleness is not 0");
    }
    if found.value("group_replication_group_name").is_empty() {
        return Some("a host is neither a Galera node nor a member of a MySQL group");
    }
    if !found.is_any(
        "group_replication_consistency",
        &["BEFORE", "AFTER", "BEFORE_AND_AFTER"],
    ) {
        return Some("group_replication_consistency is neither BEFORE nor stronger");
    }
    if found.is_any("group_replication_exit_state_action", &["READ_ONLY"]) {
        return Some(
            "with group_replication_exit_state_action = READ_ONLY, a host that has lost its group goes on answering; set OFFLINE_MODE",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_stale(pairs: &[(&str, &str)]) -> bool {
        reason(&pairs.into()).is_some()
    }

    #[test]
    fn galera_nodes_and_tidb_are_not_stale() {
        assert!(!is_stale(&[("wsrep_on", "ON")]));
        assert!(is_stale(&[("wsrep_on", "OFF")]));
        let version = ("version", "8.0.11-TiDB-v8.5.0");
        assert!(!is_stale(&[version, ("tidb_read_staleness", "0")]));
        assert!(is_stale(&[version, ("tidb_read_staleness", "-5")]));
    }

    #[test]
    fn replicas_are_stale() {
        assert!(is_stale(&[("version", "10.11.19-MariaDB")]));
        assert!(is_stale(&[
            ("version", "9.7.4"),
            ("group_replication_consistency", "BEFORE"),
        ]));
    }

    #[test]
    fn members_of_a_group_wait_for_it_or_are_stale() {
        for (consistency, action, stale) in [
            ("EVENTUAL", "OFFLINE_MODE", true),
            ("BEFORE_ON_PRIMARY_FAILOVER", "OFFLINE_MODE", true),
            ("BEFORE", "OFFLINE_MODE", false),
            ("AFTER", "ABORT_SERVER", false),
            ("BEFORE_AND_AFTER", "OFFLINE_MODE", false),
            ("BEFORE", "READ_ONLY", true),
        ] {
            let found = [
                ("version", "9.7.4"),
                ("group_replication_group_name", "5a4a…"),
                ("group_replication_consistency", consistency),
                ("group_replication_exit_state_action", action),
            ];
            assert_eq!(is_stale(&found), stale, "{consistency} {action}");
        }
    }
}
