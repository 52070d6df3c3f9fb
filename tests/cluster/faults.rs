//! Nodes that are killed, frozen and cut off, one after the other and all at
//! once.

use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use super::Setup;
use super::load::{Ledger, Tally, during, longest_pause};
use super::witness::beside;
use crate::support::galera::{NODES, cluster, is_full};
use crate::support::{eventually, say};

/// After this long a node that says nothing is expelled (`evs.suspect_timeout`).
const SUSPECT: Duration = Duration::from_secs(2);

/// How long writes may pause beyond that.
const MARGIN: Duration = Duration::from_secs(1);

/// How much longer than for the witness, on a machine where the nodes alone take
/// more than that.
const OWN: Duration = Duration::from_millis(500);

/// Gives the longest pause of writes.
fn report(what: &str, tally: &mut Tally, kept: usize, witness: Duration) -> Duration {
    let writes = longest_pause(&mut tally.writes);
    let reads = longest_pause(&mut tally.reads);
    say(&format!(
        "{what}: {} writes acknowledged ({kept} users), {} reads, {} answers 503; longest pause of writes {:.1} s, of reads {:.1} s, of a node by itself {:.1} s; slowest answer {:.1} s",
        tally.writes.len(),
        tally.reads.len(),
        tally.refused.len(),
        writes.as_secs_f64(),
        reads.as_secs_f64(),
        witness.as_secs_f64(),
        tally.slowest.as_secs_f64(),
    ));
    writes
}

/// Times in which nobody may be refused: a second after all is well again, and
/// on.
#[derive(Default)]
struct Calm(Vec<Range<Instant>>);

impl Calm {
    /// All is well, and stays so for a while.
    fn pass(&mut self) {
        // A matter of time.
        let well = Instant::now();
        thread::sleep(Duration::from_secs(if is_full() { 3 } else { 0 }));
        self.0.push(well + Duration::from_secs(1)..Instant::now());
    }

    fn assert_nobody_refused(&self, tally: &Tally) {
        let mut refused = tally.refused.iter();
        let in_calm = |sent: &&Instant| self.0.iter().any(|times| times.contains(*sent));
        assert_eq!(refused.find(in_calm), None);
    }
}

#[test]
fn the_loss_of_a_node_loses_nothing() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::on(&cluster);
    let ledger = Ledger::new(&setup.sandbox.path("."));
    let (rounds, nodes) = if is_full() {
        (5, NODES.to_vec())
    } else {
        (1, vec![1, 3])
    };
    for node in nodes {
        let mut calm = Calm::default();
        // Not the one that gives to who comes back, as long as there is a choice.
        let beside_it = if node == 2 { 1 } else { 2 };
        let (mut tally, witness) = beside(&cluster, beside_it, || {
            during(&setup.instances, &ledger, 4, || {
                for _ in 0..rounds {
                    let mut seen = ["ready"; 3];
                    setup.see(seen);
                    cluster.kill(node);
                    seen[node - 1] = "away";
                    setup.see(seen);
                    cluster.rejoin(node);
                    calm.pass();
                }
                setup.see(["ready"; 3]);
            })
        });
        let kept = ledger.assert_kept(&setup.instances[0].client());
        let what = format!("node {node} killed {rounds} x");
        let pause = report(&what, &mut tally, kept, witness);
        cluster.assert_equal(&setup.database);
        calm.assert_nobody_refused(&tally);
        if is_full() {
            let most = (SUSPECT + MARGIN).max(witness + OWN);
            assert!(pause <= most, "{pause:?}, {witness:?} by itself");
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
    for what in ["frozen and thawed", "cut off and mended"] {
        let mut calm = Calm::default();
        let (mut tally, witness) = beside(&cluster, 2, || {
            during(&setup.instances, &ledger, 4, || {
                for _ in 0..rounds {
                    setup.see(["ready"; 3]);
                    if what == "frozen and thawed" {
                        cluster.freeze(1);
                        setup.see(away);
                        calm.pass();
                        cluster.thaw(1);
                    } else {
                        // It takes its clients' requests as before.
                        cluster.cut(1);
                        setup.see(away);
                        calm.pass();
                        cluster.mend(1);
                    }
                    calm.pass();
                }
                setup.see(["ready"; 3]);
            })
        });
        let kept = ledger.assert_kept(&setup.instances[0].client());
        report(
            &format!("node 1 {what} {rounds} x"),
            &mut tally,
            kept,
            witness,
        );
        cluster.assert_equal(&setup.database);
        calm.assert_nobody_refused(&tally);
    }
}

#[test]
fn a_cluster_that_is_killed_comes_back_with_everything() {
    let Some(cluster) = cluster() else { return };
    if !is_full() {
        return;
    }
    let setup = Setup::on(&cluster);
    let ledger = Ledger::new(&setup.sandbox.path("."));
    let mut calm = Calm::default();
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
            calm.pass();
        }
        setup.see(["ready"; 3]);
    });
    let kept = ledger.assert_kept(&setup.instances[0].client());
    report(
        "the whole cluster killed 3 x",
        &mut tally,
        kept,
        Duration::ZERO,
    );
    cluster.assert_equal(&setup.database);
    calm.assert_nobody_refused(&tally);
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
    let mut calm = Calm::default();
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
        calm.pass();
        setup.see(["ready"; 3]);
    });
    let kept = ledger.assert_kept(&setup.instances[0].client());
    report(
        "two of three nodes killed",
        &mut tally,
        kept,
        Duration::ZERO,
    );
    cluster.assert_equal(&setup.database);
    calm.assert_nobody_refused(&tally);
}
