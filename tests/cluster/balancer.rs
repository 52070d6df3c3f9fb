//! What `deploy/cluster` gives to HAProxy.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::galera::{NODES, cluster};
use crate::support::{Sandbox, eventually, say};

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy/cluster")
        .join(file)
}

#[test]
fn haproxy_takes_its_configurations() {
    for file in ["haproxy.cfg", "haproxy-database.cfg"] {
        // A root's path; Debian has it in /usr/sbin.
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let checked = Command::new("haproxy")
            .env("PATH", path)
            .args(["-c", "-f"])
            .arg(deploy(file))
            .output();
        let Ok(checked) = checked else {
            say("SKIPPED: no `haproxy`");
            return;
        };
        assert!(checked.status.success(), "{file}: {checked:?}");
    }
}

/// A node that lost its majority accepts everybody; the check does not.
#[test]
fn the_check_of_a_node_sees_its_majority() {
    let Some(cluster) = cluster() else { return };
    let sandbox = Sandbox::new();
    let options = sandbox.path("check-node.cnf");
    cluster
        .admin(1, None)
        .run("CREATE USER IF NOT EXISTS check_node IDENTIFIED BY 'check'");
    std::fs::write(&options, "[client]\nuser = check_node\npassword = check\n").unwrap();
    let is_fit = |node: usize| {
        let checked = Command::new(deploy("check-node"))
            .args(["127.0.0.1", "3306", "127.0.0.1"])
            .arg(cluster.port(node).to_string())
            .env("CHECK_NODE_OPTIONS", &options)
            .output();
        checked.unwrap().status.success()
    };
    for node in NODES {
        eventually("the node is fit", || is_fit(node));
    }
    cluster.freeze(3);
    assert!(!is_fit(3), "a frozen node");
    cluster.thaw(3);
    eventually("the node that is thawed is fit", || is_fit(3));
    cluster.cut(1);
    eventually("the node that is cut off is not fit", || !is_fit(1));
    assert!(is_fit(2) && is_fit(3));
    cluster.mend(1);
    for node in NODES {
        eventually("the node is fit again", || is_fit(node));
    }
}
