//! Nodes that are killed, frozen and cut off, one after the other and all at
//! once.

use std::time::Duration;

use super::Setup;
use super::load::{Ledger, Tally, during};
use crate::support::eventually;
use crate::support::galera::{NODES, cluster, is_full};

/// After this long a node that says nothing is expelled (`evs.suspect_timeout`).
const SUSPECT: Duration = Duration::from_secs(2);

fn report(what: &str, tally: &mut Tally, kept: usize) {
    let writes = Tally::longest_pause(&mut tally.writes);
    let reads = Tally::longest_pause(&mut tally.reads);
    drop(std::fs::write(
        "/dev/stderr",
        format!(
            "{what}: {} writes acknowledged ({kept} users), {} reads, {} answers 503; longest pause of writes {:.1} s, of reads {:.1} s; slowest answer {:.1} s\n",
            tally.writes.len(),
            tally.reads.len(),
            tally.refused,
            writes.as_secs_f64(),
            reads.as_secs_f64(),
            tally.slowest.as_secs_f64(),
        ),
    ));
}

#[test]
fn the_loss_of_a_node_loses_nothing() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::on(&cluster);
    let ledger = Ledger::new(&setup.sandbox.path("."));
    let rounds = if is_full() { 5 } else { 1 };
    for node in if is_full() {
        NODES.to_vec()
    } else {
        vec![1, 3]
    } {
        let mut tally = during(&setup.instances, &ledger, 4, || {
            for _ in 0..rounds {
                let mut seen = ["ready"; 3];
                setup.see(seen);
                cluster.kill(node);
                seen[node - 1] = "away";
                setup.see(seen);
                cluster.rejoin(node);
            }
            setup.see(["ready"; 3]);
        });
        let kept = ledger.assert_kept(&setup.instances[0].client());
        report(&format!("node {node} killed {rounds} x"), &mut tally, kept);
        cluster.assert_equal(&setup.database);
        if is_full() {
            let pause = Tally::longest_pause(&mut tally.writes);
            assert!(pause < SUSPECT + Duration::from_secs(1), "{pause:?}");
        }
    }
}

#[test]
fn a_node_that_is_frozen_or_cut_off_holds_nobody() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::on(&cluster);
    let ledger = Ledger::new(&setup.sandbox.path("."));
    let rounds = if is_full() { 3 } else { 1 };
    let away = ["away", "ready", "ready"];
    let mut tally = during(&setup.instances, &ledger, 4, || {
        for _ in 0..rounds {
            setup.see(["ready"; 3]);
            cluster.freeze(1);
            setup.see(away);
            cluster.thaw(1);
        }
        setup.see(["ready"; 3]);
    });
    let kept = ledger.assert_kept(&setup.instances[0].client());
    report("node 1 frozen and thawed", &mut tally, kept);
    cluster.assert_equal(&setup.database);
    let mut tally = during(&setup.instances, &ledger, 4, || {
        for _ in 0..rounds {
            setup.see(["ready"; 3]);
            // It takes its clients' requests as before.
            cluster.cut(1);
            setup.see(away);
            cluster.mend(1);
        }
        setup.see(["ready"; 3]);
    });
    let kept = ledger.assert_kept(&setup.instances[0].client());
    report("node 1 cut off and mended", &mut tally, kept);
    cluster.assert_equal(&setup.database);
}

#[test]
fn a_cluster_that_is_killed_comes_back_with_everything() {
    let Some(cluster) = cluster() else { return };
    if !is_full() {
        return;
    }
    let setup = Setup::on(&cluster);
    let ledger = Ledger::new(&setup.sandbox.path("."));
    let mut tally = during(&setup.instances, &ledger, 4, || {
        for _ in 0..3 {
            setup.see(["ready"; 3]);
            for node in NODES {
                cluster.kill(node);
            }
            for instance in &setup.instances {
                let client = instance.client();
                eventually("no node is there", || client.get("/readyz").status == 503);
            }
            cluster.up();
        }
        setup.see(["ready"; 3]);
    });
    let kept = ledger.assert_kept(&setup.instances[0].client());
    report("the whole cluster killed 3 x", &mut tally, kept);
    cluster.assert_equal(&setup.database);
}

/// Two of three are gone: what is left refuses everything, in good order.
#[test]
fn a_node_without_a_majority_is_not_asked() {
    let Some(cluster) = cluster() else { return };
    if !is_full() {
        return;
    }
    let setup = Setup::on(&cluster);
    let ledger = Ledger::new(&setup.sandbox.path("."));
    let mut tally = during(&setup.instances, &ledger, 4, || {
        setup.see(["ready"; 3]);
        cluster.kill(2);
        cluster.kill(3);
        for instance in &setup.instances {
            let client = instance.client();
            eventually("no node is ready", || client.get("/readyz").status == 503);
        }
        // Whoever is left cannot know that it has everything: it is recovered
        // with the others.
        cluster.kill(1);
        cluster.up();
        setup.see(["ready"; 3]);
    });
    let kept = ledger.assert_kept(&setup.instances[0].client());
    report("two of three nodes killed", &mut tally, kept);
    cluster.assert_equal(&setup.database);
}
