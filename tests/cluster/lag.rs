//! A node that is behind the others.

use super::Setup;
use crate::support::galera::cluster;

/// A cluster is migrated over one node, and instances are started right after.
#[test]
fn a_node_that_is_behind_keeps_no_instance_from_starting() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    let mut admin = cluster.admin(3, None);
    // It applies nothing while it is locked.
    admin.run("FLUSH TABLES WITH READ LOCK");
    let setup = Setup::of(database, cluster.ports(), "?read-hosts=any");
    setup.see(["ready", "ready", "away"]);
    admin.run("UNLOCK TABLES");
    setup.see(["ready"; 3]);
    cluster.assert_equal(&setup.database);
}
